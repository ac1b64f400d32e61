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

from pydantic import TypeAdapter, ValidationError

from schemas import json_text
from schemas.actor import IDENTIFIERS, Actor
from schemas.clauses import Clause
from schemas.errors import QueryRefused, Violation
from schemas.identifiers import Iri, UuidText
from schemas.refusals import shown, violations_of, written
from schemas.timestamp import Timestamp, instant_of
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


class _Misread(Exception):
    """A value breaks a rule; `rule` says which."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(rule)


_ACTOR: Final[TypeAdapter[Any]] = TypeAdapter(Actor)
_IRI: Final[TypeAdapter[str]] = TypeAdapter(Iri)
_UUID: Final[TypeAdapter[str]] = TypeAdapter(UuidText)
_TIMESTAMP: Final[TypeAdapter[str]] = TypeAdapter(Timestamp)
_BOOLEANS: Final = {"true": True, "false": False, "True": True, "False": False}
"""The specification's spelling, and that of a Python client that has always sent the other."""


def _boolean(text: str) -> bool:
    if text not in _BOOLEANS:
        raise _Misread("must be true or false")
    return _BOOLEANS[text]


def _limit(text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise _Misread("must be a nonnegative integer")
    return int(text)


def _format(text: str) -> str:
    if text not in get_args(Format):
        raise _Misread("must be ids, exact or canonical")
    return text


def _agent(text: str) -> Mapping[str, Any]:
    try:
        (raw,), is_array = json_text.cut(text.encode("utf-8", "surrogatepass"))
        value = json_text.read(raw)
    except json_text.NotRecordable as error:
        raise _Misread(error.faults[0][1]) from None
    except (json_text.NotJson, ValueError):
        raise _Misread("must be an Agent or identified Group in JSON") from None
    if is_array:
        raise _Misread("must be an Agent or identified Group in JSON")
    actor: Mapping[str, Any] = _ACTOR.validate_python(value)
    if not any(name in actor for name in IDENTIFIERS):
        raise _Misread("must be an Agent or an identified Group")
    return actor


_READERS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "statementId": ("statement_id", lambda text: UUID(_UUID.validate_python(text))),
    "voidedStatementId": ("voided_statement_id", lambda text: UUID(_UUID.validate_python(text))),
    "agent": ("agent", _agent),
    "verb": ("verb", _IRI.validate_python),
    "activity": ("activity", _IRI.validate_python),
    "registration": ("registration", lambda text: UUID(_UUID.validate_python(text))),
    "related_activities": ("related_activities", _boolean),
    "related_agents": ("related_agents", _boolean),
    "since": ("since", lambda text: instant_of(_TIMESTAMP.validate_python(text))),
    "until": ("until", lambda text: instant_of(_TIMESTAMP.validate_python(text))),
    "limit": ("limit", _limit),
    "format": ("format", _format),
    "attachments": ("attachments", _boolean),
    "ascending": ("ascending", _boolean),
}
"""Each parameter of the specification: the field that it fills, and what reads it."""

_BESIDE_ONE_STATEMENT: Final = frozenset({"statementId", "voidedStatementId", "attachments", "format"})


def read_statement_query(params: Sequence[tuple[str, str]], version: XapiVersion) -> StatementQuery:
    """The query that decoded parameters make.

    Raises QueryRefused, with every violation, for an unknown, wrong-case, repeated or malformed parameter
    and for a combination that the specification forbids.
    """
    fields: dict[str, Any] = {}
    violations: list[Violation] = []
    given: set[str] = set()
    for name, text in params:
        if name not in _READERS:
            violations.append(_violation(name, "is no parameter of this resource", text, version))
        elif name in given:
            violations.append(_violation(name, "must be given no more than once", text, version))
        else:
            given.add(name)
            field, reader = _READERS[name]
            try:
                fields[field] = reader(text)
            except _Misread as error:
                violations.append(_violation(name, error.rule, text, version))
            except ValidationError as error:
                violations.extend(violations_of(error, version, (name,)))
    violations.extend(_combination(given, dict(params), version))
    if violations:
        raise QueryRefused(violations)
    return StatementQuery(**fields)


def _combination(given: set[str], params: Mapping[str, str], version: XapiVersion) -> Iterator[Violation]:
    if {"statementId", "voidedStatementId"} <= given:
        rule = "must not be combined with statementId"
        yield _violation("voidedStatementId", rule, params["voidedStatementId"], version)
    if given & {"statementId", "voidedStatementId"}:
        for name in sorted(given - _BESIDE_ONE_STATEMENT):
            rule = "must not be combined with statementId or voidedStatementId"
            yield _violation(name, rule, params[name], version)


def _violation(name: str, rule: str, text: str, version: XapiVersion) -> Violation:
    return Violation(written((name,)), rule, Clause.GET_STATEMENTS.named(version), shown(text))
