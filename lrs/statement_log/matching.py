"""Which statements really have the terms that their keys promise: 64 bits can be collided on purpose.

Most have them where a filter looks first (the actor, the verb, the object, the context's own activities), and for those
nothing else is parsed. Whoever is not found there is parsed whole, and then what he refers to. The rule of this file:
the short look may miss a term that is there, and never sees one that is not.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from lrs.statement_log.recorded import RecordedStatement
from lrs.statement_log.references import Target, target_of, targets_of
from lrs.statement_log.search_keys import (
    ACTIVITY,
    AGENT,
    AUTHORITY,
    REGISTRATION,
    RELATED_ACTIVITY,
    RELATED_AGENT,
    VERB,
    Term,
    authority_terms,
    search_terms,
)
from projections.payload import parse
from schemas.identity import inverse_functional_identifier

MOST_AUTHORITIES = 1_000
"""Authorities whose terms are remembered."""


class _Named(msgspec.Struct, gc=False):
    id: str = ""
    objectType: str = "Activity"  # noqa: N815


class _Context(msgspec.Struct):
    registration: str = ""
    contextActivities: dict[str, list[_Named]] = {}  # noqa: N815


class _Plain(msgspec.Struct):
    actor: dict[str, Any]
    verb: _Named
    object: _Named


class _InContext(_Plain):
    context: _Context = msgspec.field(default_factory=_Context)


_decode_plain = msgspec.json.Decoder(_Plain).decode
_decode_in_context = msgspec.json.Decoder(_InContext).decode


async def matching(
    connection: AsyncConnection,
    rows: Sequence[RecordedStatement],
    terms: frozenset[Term],
    tenant: int,
    vouched_by: int | None,
) -> list[RecordedStatement]:
    """Those that have the terms, or lack some that what they refer to has.

    Where an authority is given by its number, what others vouch for counts no more than if it were not there.
    """
    lacking: dict[UUID, frozenset[Term]] = {}
    referring: list[UUID] = []
    has_them = _at_first_sight(terms)
    for row in rows:
        if has_them(row):
            continue
        statement = parse(row.payload)
        missing = terms - search_terms(statement, msgspec.json.decode(row.authority))
        if missing:
            lacking[row.id] = missing
            if target_of(statement) is not None:
                referring.append(row.id)
    if referring:
        found: dict[Target, frozenset[Term]] = {}
        for referrer, targets in (await targets_of(connection, tenant, referring)).items():
            for target in takewhile(lambda one: vouched_by is None or one.authority == vouched_by, targets):
                if target not in found:
                    found[target] = terms & search_terms(parse(target.payload), msgspec.json.decode(target.agent))
                lacking[referrer] -= found[target]
    return [row for row in rows if not lacking.get(row.id)] if lacking else list(rows)


def _at_first_sight(terms: frozenset[Term]) -> Callable[[RecordedStatement], bool]:
    """What tells of a statement whether it has the terms where one looks first."""
    vouching = frozenset(term for term in terms if term[0] == AUTHORITY)
    said = terms - vouching
    decode: Callable[[str], _Plain] = _decode_plain if all(role in _PLAIN for role, _ in said) else _decode_in_context
    asked = [(_HAS[role], text) for role, text in said]

    def has_them(row: RecordedStatement) -> bool:
        if vouching and not vouching <= _vouched(row.authority):
            return False
        try:
            statement = decode(row.payload)
        except msgspec.ValidationError:  # it has a form that only `parse` knows
            return False
        return all(has(statement, text) for has, text in asked)

    return has_them


def _is_agent(statement: _Plain, ifi: str) -> bool:
    return inverse_functional_identifier(statement.actor) == ifi


def _is_activity(statement: _Plain, iri: str) -> bool:
    return statement.object.id == iri and statement.object.objectType == "Activity"


def _is_related_activity(statement: _InContext, iri: str) -> bool:
    return _is_activity(statement, iri) or any(
        one.id == iri for members in statement.context.contextActivities.values() for one in members
    )


_PLAIN: dict[str, Callable[[Any, str], bool]] = {
    VERB: lambda statement, iri: statement.verb.id == iri,
    ACTIVITY: _is_activity,
    AGENT: _is_agent,
    RELATED_AGENT: _is_agent,
}
"""The roles that need no look into the context."""
_HAS: dict[str, Callable[[Any, str], bool]] = {
    **_PLAIN,
    RELATED_ACTIVITY: _is_related_activity,
    REGISTRATION: lambda statement, text: statement.context.registration.lower() == text,
}


@lru_cache(maxsize=MOST_AUTHORITIES)
def _vouched(authority: str) -> frozenset[Term]:
    return frozenset(authority_terms(msgspec.json.decode(authority)))
