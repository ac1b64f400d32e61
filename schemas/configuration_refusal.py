"""Configuration that is refused: every fault of it at once, each with its place.

The rule of this file: what pydantic and our own checks find wrong in a rule, policy, outline or control event becomes
Violations whose clause is a section of docs/rules.md, and one ConfigurationRefused carries them all. What is nested
too deeply or has too many parts is refused before anything walks through it by recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any, Final, TypeVar

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from schemas import duration, identifiers
from schemas.errors import ConfigurationRefused, Violation
from schemas.identifiers import IRI_PATTERN
from schemas.identity import inverse_functional_identifier
from schemas.refusals import Path, shown, written
from schemas.shape import MARK
from schemas.timestamp import TIMESTAMP_PATTERN, instant_of

_Kind = TypeVar("_Kind")

DEEPEST: Final = 60
"""Arrays and objects within each other in any configuration."""
MOST_VALUES: Final = 500_000
"""Values in any configuration."""
_TEXT_PATTERN: Final = r"^[^\x00]*$"
_LINE_PATTERN: Final = r"^[^\x00-\x1f]+$"
_PERSON_PATTERN: Final = r"^(mbox|mbox_sha1sum|openid|account):[^\x00-\x1f]+$"

_RULES: Final[dict[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is no property of this object",
    "string_type": "must be a string",
    "string_unicode": "must be text without halves of surrogate pairs",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "finite_number": "must be a finite number",
    "list_type": "must be an array",
    "tuple_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "string_too_short": "must not be empty",
}
_PATTERNS: Final[dict[str, str]] = {
    **{pattern: words for pattern, (words, _) in (identifiers.RULES | duration.RULES).items()},
    TIMESTAMP_PATTERN: "must be an ISO 8601 timestamp with a zone, such as 2026-03-01T12:00:00Z",
    _TEXT_PATTERN: "must not contain U+0000",
    _LINE_PATTERN: "must be one line of text",
    _PERSON_PATTERN: "must be mbox:…, mbox_sha1sum:…, openid:… or account:{homePage}|{name}",
}


class Configured(BaseModel):
    """What every object of a configuration is: frozen, strict in its types, with no other properties than its own."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def broken(rule: str, *path: str | int) -> PydanticCustomError:
    """The error for a rule of ours; `path` leads from the value checked to the culprit."""
    return PydanticCustomError("broken", "{rule}", {"rule": rule, "path": path})


def _has_a_zone(text: str) -> str:
    if text[-1] not in "Zz" and "+" not in text[10:] and "-" not in text[10:]:
        raise broken("must have a zone, such as Z or +01:00")
    try:
        instant_of(text)
    except (ValueError, OverflowError):
        raise broken("must name a day and time that exist") from None
    return text


ZonedTimestamp = Annotated[str, StringConstraints(pattern=TIMESTAMP_PATTERN), AfterValidator(_has_a_zone)]
"""A point in time whose zone is said: a deadline without one would move with its reader."""
BoundedIri = Annotated[str, StringConstraints(pattern=IRI_PATTERN, max_length=2000)]
Title = Annotated[str, StringConstraints(pattern=_TEXT_PATTERN, min_length=1, max_length=1000)]
Text = Annotated[str, StringConstraints(pattern=_TEXT_PATTERN, max_length=2000)]
Line = Annotated[str, StringConstraints(pattern=_LINE_PATTERN, max_length=200)]


def _in_one_case(identifier: str) -> str:
    """Parts of it mean the same in either case (schemas/identity.py), and one writing is one person."""
    kind, _, value = identifier.partition(":")
    if kind == "mbox":
        return inverse_functional_identifier({"mbox": value}) or identifier
    return identifier.lower() if kind == "mbox_sha1sum" else identifier


Person = Annotated[str, StringConstraints(pattern=_PERSON_PATTERN, max_length=2000), AfterValidator(_in_one_case)]
"""An inverse functional identifier, as docs/read-models.md, section 1, writes it."""


def read(adapter: TypeAdapter[_Kind], value: Any, clause: str, root: Path = ()) -> _Kind:
    """The value as the adapter's type. Raises ConfigurationRefused."""
    refuse(too_large(value, clause, root))
    return shaped(adapter, value, clause, root)


def shaped(adapter: TypeAdapter[_Kind], value: Any, clause: str, root: Path = ()) -> _Kind:
    """As `read`, for what is known to be of a bounded size. Raises ConfigurationRefused."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise ConfigurationRefused(violations_of(error, clause, root)) from None


def read_json(document: bytes | str, clause: str, root: Path = ()) -> Any:
    """What a document of JSON says. Raises ConfigurationRefused."""
    try:
        return msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        refuse([Violation(written(root), "must be JSON", clause, str(error)[:100])])


def refuse(violations: Iterable[Violation]) -> None:
    """Raise ConfigurationRefused where there is any violation."""
    found = tuple(violations)
    if found:
        raise ConfigurationRefused(found)


@contextmanager
def within(root: Path) -> Iterator[None]:
    """What is refused in here is a part of something larger, where this leads to it."""
    try:
        yield
    except ConfigurationRefused as error:
        place = written(root)
        raise ConfigurationRefused(
            replace(one, path=place + ("." if one.path and one.path[0] != "[" else "") + one.path)
            for one in error.violations
        ) from None


def too_large(value: Any, clause: str, root: Path = ()) -> Iterator[Violation]:
    """The Violation of a value with too many parts, or nested too deeply to be walked through."""
    level, count, depth = [value], 0, 0
    while level:
        count += len(level)
        if count > MOST_VALUES or depth > DEEPEST:
            rule = f"must have at most {MOST_VALUES} values" if depth <= DEEPEST else f"must not be nested {depth} deep"
            yield Violation(written(root), rule, clause, f"{count} values, {depth} deep")
            return
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        level, depth = inner, depth + 1


def violations_of(error: ValidationError, clause: str, root: Path = ()) -> Iterator[Violation]:
    """One Violation for each error of a validation; `root` leads to the value that was validated."""
    for detail in error.errors(include_url=False):
        path = tuple(part for part in detail["loc"] if not (isinstance(part, str) and part.startswith(MARK)))
        yield _violation(detail, root + path, clause)


def _violation(detail: ErrorDetails, path: Path, clause: str) -> Violation:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if path and path[-1] == "[key]":
        path = path[:-1]
    if kind == "broken":
        rule, culprit = context["rule"], tuple(context.get("path", ()))
        path, value = path + culprit, _within(value, culprit)
    elif kind == "string_pattern_mismatch":
        rule = _PATTERNS.get(context["pattern"], "must have its form")
    elif kind in _RULES:
        rule = _RULES[kind]
    else:
        rule = detail["msg"].replace("Input should", "must").replace("String should", "must")
    return Violation(written(path), rule, clause, "nothing" if kind == "missing" else shown(_plain(value)))


def _within(value: Any, path: Path) -> Any:
    """What is at the path; None where nothing was sent there."""
    for step in path:
        if isinstance(value, BaseModel):
            value = getattr(value, str(step), None)
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            value = value[step]
    return value


def _plain(value: Any) -> Any:
    """A value that JSON can show."""
    if isinstance(value, BaseModel):
        return as_json(value)
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def as_json(configured: BaseModel) -> dict[str, Any]:
    """A configuration as it is kept and answered: what is not said is left out."""
    said: dict[str, Any] = _without_empty(configured.model_dump(mode="json", exclude_none=True))
    return said


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(one) for key, one in value.items() if one not in ([], {})}
    return [_without_empty(one) for one in value] if isinstance(value, list) else value


def not_empty(values: tuple[_Kind, ...]) -> tuple[_Kind, ...]:
    """Refuses an array without elements."""
    if not values:
        raise broken("must have at least one element")
    return values
