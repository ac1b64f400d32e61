"""Parameters of a request: what reads each kind of value, and what reads all of them.

The rule of this file: a parameter is one of its resource's, in its spelling, given once and of the right form, or it
is refused with every other fault there is (1.0.3 Communication 3.2). Values are held to the same standards as in
statements (1.0.3 Data 2.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from schemas import json_text
from schemas.actor import IDENTIFIERS, Actor
from schemas.clauses import Clause
from schemas.errors import Violation
from schemas.identifiers import Iri, UuidText
from schemas.refusals import shown, violations_of, written
from schemas.timestamp import Timestamp, instant_of
from schemas.version import XapiVersion

Reader = Callable[[str], Any]
"""Gives the value of a decoded text; raises Misread or pydantic's ValidationError."""

_ACTOR: Final[TypeAdapter[Any]] = TypeAdapter(Actor)
_IRI: Final[TypeAdapter[str]] = TypeAdapter(Iri)
_UUID: Final[TypeAdapter[str]] = TypeAdapter(UuidText)
_TIMESTAMP: Final[TypeAdapter[str]] = TypeAdapter(Timestamp)
_BOOLEANS: Final = {"true": True, "false": False, "True": True, "False": False}
"""The specification's spelling, and that of a Python client that has always sent the other."""


class Misread(Exception):
    """A value breaks a rule; `rule` says which."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(rule)


def read_parameters(
    params: Sequence[tuple[str, str]], readers: Mapping[str, Reader], clause: Clause, version: XapiVersion
) -> tuple[dict[str, Any], list[Violation]]:
    """The value of every parameter that could be read, by its name; and a Violation for every fault."""
    values: dict[str, Any] = {}
    violations: list[Violation] = []
    given: set[str] = set()
    for name, text in params:
        if name not in readers:
            violations.append(misplaced(name, "is no parameter of this resource", text, clause, version))
        elif name in given:
            violations.append(misplaced(name, "must be given no more than once", text, clause, version))
        else:
            given.add(name)
            try:
                values[name] = readers[name](text)
            except Misread as error:
                violations.append(misplaced(name, error.rule, text, clause, version))
            except ValidationError as error:
                violations.extend(violations_of(error, version, (name,)))
    return values, violations


def misplaced(name: str, rule: str, text: str, clause: Clause, version: XapiVersion) -> Violation:
    """The Violation of a parameter that breaks a rule of its resource."""
    return Violation(written((name,)), rule, clause.named(version), shown(text))


def boolean(text: str) -> bool:
    """`true` or `false`."""
    if text not in _BOOLEANS:
        raise Misread("must be true or false")
    return _BOOLEANS[text]


def iri(text: str) -> str:
    """An IRI, as it came."""
    return _IRI.validate_python(text)


def uuid(text: str) -> UUID:
    """A UUID in its standard form."""
    return UUID(_UUID.validate_python(text))


def instant(text: str) -> datetime:
    """The instant of a timestamp, in UTC."""
    return instant_of(_TIMESTAMP.validate_python(text))


def agent(text: str) -> Mapping[str, Any]:
    """An Agent or identified Group in JSON."""
    try:
        (raw,), is_array = json_text.cut(text.encode("utf-8", "surrogatepass"))
        value = json_text.read(raw)
    except json_text.NotRecordable as error:
        raise Misread(error.faults[0][1]) from None
    except (json_text.NotJson, ValueError):
        raise Misread("must be an Agent or identified Group in JSON") from None
    if is_array:
        raise Misread("must be an Agent or identified Group in JSON")
    actor: Mapping[str, Any] = _ACTOR.validate_python(value)
    if not any(name in actor for name in IDENTIFIERS):
        raise Misread("must be an Agent or an identified Group")
    return actor
