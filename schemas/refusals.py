"""What pydantic found wrong, said in the words of the specification.

The rule of this file: every error of a validation becomes one Violation with a path that a person can
follow in what was sent, a rule, the clause of the version spoken, and what was found there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas import attachment, duration, identifiers, language_map, timestamp
from schemas.clauses import Clause, clause_of
from schemas.errors import Violation
from schemas.shape import MARK
from schemas.version import VERSION_PATTERN, VERSION_PATTERN_103, XapiVersion

Path = tuple[str | int, ...]

PATTERN_RULES: Final[dict[str, tuple[str, Clause]]] = {
    **identifiers.RULES,
    **language_map.RULES,
    **timestamp.RULES,
    **duration.RULES,
    **attachment.RULES,
    VERSION_PATTERN_103: ("must be 1.0 or 1.0.x", Clause.STATEMENT_VERSION),
    VERSION_PATTERN: ("must be 1.0, 1.0.x, 2.0 or 2.0.x", Clause.STATEMENT_VERSION),
}
"""What each pattern of a string demands."""

_TYPE_RULES: Final[dict[str, str]] = {
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "finite_number": "must be a number that a double can hold",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "string_too_short": "must not be empty",
    "too_short": "must have at least one element",
}
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=repr).encode
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST_FOUND: Final = 100
"""How many characters of a value a refusal shows."""


def violations_of(error: ValidationError, version: XapiVersion, root: Path = ()) -> Iterator[Violation]:
    """One Violation for each error of a validation; `root` leads to the value that was validated."""
    for detail in error.errors(include_url=False):
        path = tuple(part for part in detail["loc"] if not (isinstance(part, str) and part.startswith(MARK)))
        yield _violation(detail, path, version, root)


def _violation(detail: ErrorDetails, path: Path, version: XapiVersion, root: Path) -> Violation:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind != "extra_forbidden" and path and path[-1] == "[key]":
        path = path[:-1]
    clause = clause_of(path)
    if kind == "missing":
        return Violation(written(root + path), "is required", clause.named(version), "nothing")
    if kind == "extra_forbidden":
        rule, clause = "is no property of this object", Clause.FORMAT
    elif kind == "broken":
        rule, clause = context["rule"], context["clause"]
        path = path + context["path"]
        for part in context["path"]:
            value = value[part]
    elif kind == "object_type":
        rule = context["rule"]
        path = (*path, "objectType")
        value = value["objectType"]
    elif value is None:
        rule, clause = "must not be null", Clause.FORMAT
    elif kind == "string_pattern_mismatch":
        rule, clause = PATTERN_RULES[context["pattern"]]
    elif kind in _TYPE_RULES:
        rule = _TYPE_RULES[kind]
    else:
        message = detail["msg"]
        rule = message[0].lower() + message[1:]
        rule = rule.replace("input should be", "must be", 1)
    return Violation(written(root + path), rule, clause.named(version), shown(value))


def written(path: Path) -> str:
    """A path as a person writes it: `[3].context.extensions["http://example.com/x"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_NAME.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{_json(part)}]"
    return text


def shown(value: Any) -> str:
    """A value as JSON, cut to LONGEST_FOUND characters."""
    text = _json(value)
    return text if len(text) <= LONGEST_FOUND else text[: LONGEST_FOUND - 1] + "…"


def _json(value: Any) -> str:
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only a parameter can contain
        return json.dumps(value)
