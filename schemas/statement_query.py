"""What a client asks of the statements.

The rule of this file: every parameter is one of the specification's, in its spelling, given once and of the
right form, or the query is refused; a single statement is asked for with no filter beside it (1.0.3
Communication 2.1.3, 2.0.0 4.1.6.1). Values are held to the same standards as in statements (1.0.3 Data 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from schemas.clauses import Clause
from schemas.errors import QueryRefused, Violation
from schemas.parameters import Misread, agent, boolean, instant, iri, misplaced, read_parameters, uuid
from schemas.version import XapiVersion

Format = Literal["ids", "exact", "canonical"]


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """A query for statements; a filter that was not given is None.

    With `statement_id` or `voided_statement_id` one statement is asked for, and no filter is set. `agent` is
    a validated Agent or identified Group; `since` (exclusive) and `until` (inclusive) are instants in UTC
    that `stored` is compared with; `limit` 0 leaves the number to the server.
    """

    statement_id: UUID | None = None
    voided_statement_id: UUID | None = None
    agent: Mapping[str, Any] | None = None
    verb: str | None = None
    activity: str | None = None
    registration: UUID | None = None
    related_activities: bool = False
    related_agents: bool = False
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 0
    format: Format = "exact"
    attachments: bool = False
    ascending: bool = False


def _limit(text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise Misread("must be a nonnegative integer")
    return int(text)


def _format(text: str) -> str:
    if text not in get_args(Format):
        raise Misread("must be ids, exact or canonical")
    return text


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "statementId": uuid,
    "voidedStatementId": uuid,
    "agent": agent,
    "verb": iri,
    "activity": iri,
    "registration": uuid,
    "related_activities": boolean,
    "related_agents": boolean,
    "since": instant,
    "until": instant,
    "limit": _limit,
    "format": _format,
    "attachments": boolean,
    "ascending": boolean,
}
"""Each parameter of the specification, and what reads it."""

_FIELDS: Final = {"statementId": "statement_id", "voidedStatementId": "voided_statement_id"}
"""The parameters whose field has another name."""

_BESIDE_ONE_STATEMENT: Final = frozenset({"statementId", "voidedStatementId", "attachments", "format"})


def read_statement_query(params: Sequence[tuple[str, str]], version: XapiVersion) -> StatementQuery:
    """The query that decoded parameters make.

    Raises QueryRefused, with every violation, for an unknown, wrong-case, repeated or malformed parameter
    and for a combination that the specification forbids.
    """
    values, violations = read_parameters(params, _READERS, Clause.GET_STATEMENTS, version)
    violations.extend(_combination({name for name, _ in params if name in _READERS}, dict(params), version))
    if violations:
        raise QueryRefused(violations)
    return StatementQuery(**{_FIELDS.get(name, name): value for name, value in values.items()})


def _combination(given: set[str], params: Mapping[str, str], version: XapiVersion) -> Iterator[Violation]:
    if {"statementId", "voidedStatementId"} <= given:
        rule = "must not be combined with statementId"
        yield misplaced("voidedStatementId", rule, params["voidedStatementId"], Clause.GET_STATEMENTS, version)
    if given & {"statementId", "voidedStatementId"}:
        for name in sorted(given - _BESIDE_ONE_STATEMENT):
            rule = "must not be combined with statementId or voidedStatementId"
            yield misplaced(name, rule, params[name], Clause.GET_STATEMENTS, version)
