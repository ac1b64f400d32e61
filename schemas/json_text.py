"""JSON as the specification needs it read: strictly, and without losing the text.

The rule of this file: what two parsers could read differently, or the store could not give back, is
refused: text that is no UTF-8 or no JSON, a property used twice, U+0000, nesting beyond DEEPEST, so many
values that to hold them would take many times the size of the text. Numbers of any size and precision are
read, and the raw text of each statement is kept beside its value. The searches that cost a walk through the
value run only where a count over the raw bytes says that they may find something; the counts never miss.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

import msgspec

Path = tuple[str | int, ...]
Fault = tuple[Path, str, Any]

DEEPEST: Final = 100
"""How many objects and arrays may lie within one another in a statement."""

MOST_IN_BODY: Final = 1_000_000
MOST_IN_STATEMENT: Final = 100_000
"""How many commas and opening brackets there may be: about one for each value."""

_cut_many = msgspec.json.Decoder(list[msgspec.Raw]).decode
_cut_one = msgspec.json.Decoder(msgspec.Raw).decode
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_LONGEST_INTEGER: Final = 4000


class NotJson(Exception):
    """The text is no JSON in UTF-8."""


class NotRecordable(Exception):
    """The text is JSON that may not be recorded; `faults` are the (path, rule, found) of every reason."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(faults)


def cut(body: bytes) -> tuple[list[bytes], bool]:
    """The raw text of each element of an array, or of the one value there is; and whether it was an array.

    Raises NotJson, and NotRecordable for a text of too many values.
    """
    try:
        str(body, "utf-8")
        _refuse_more_than(MOST_IN_BODY, body, ())
        if body.lstrip(b" \t\r\n").startswith(b"["):
            raws, is_array = [bytes(raw) for raw in _cut_many(body)], True
        else:
            raws, is_array = [bytes(_cut_one(body))], False
        if len(body) > MOST_IN_STATEMENT:
            for index, raw in enumerate(raws):
                _refuse_more_than(MOST_IN_STATEMENT, raw, (index,) if is_array else ())
        return raws, is_array
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJson(str(error)) from None


def read(raw: bytes) -> Any:
    """The value of a JSON text that `cut` gave; a number beyond the range of doubles becomes a Decimal.

    Raises NotRecordable.
    """
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and _depth(raw) > DEEPEST:
        rule = f"must not be nested deeper than {DEEPEST} levels"
        raise NotRecordable([((), rule, raw[:200].decode("utf-8", "replace"))])
    try:
        value = _decode(raw)
    except msgspec.ValidationError:
        value = _read_large_numbers(raw)
    faults: list[Fault] = []
    if _strings(raw) != _strings(_encode(value)):
        faults.extend((path, "must be used no more than once", path[-1]) for path in _repeated(raw))
    if b"\\u0000" in raw:
        faults.extend((path, "must not contain U+0000", text) for path, text in _nul(value, ()))
    if faults:
        raise NotRecordable(faults)
    return value


def _refuse_more_than(most: int, raw: bytes, path: Path) -> None:
    if len(raw) > most and raw.count(b",") + raw.count(b"{") + raw.count(b"[") > most:
        rule = f"must not have more than {most} values"
        raise NotRecordable([(path, rule, raw[:200].decode("utf-8", "replace"))])


def _strings(raw: bytes) -> int:
    """How many quotation marks begin or end a string.

    A value read from a text with a property used twice has fewer of them than the text, by two at least:
    those of the lost key.
    """
    if b"\\" in raw:
        raw = _ESCAPE.sub(b"", raw)
    return raw.count(b'"')


def _depth(raw: bytes) -> int:
    """How deeply objects and arrays lie within one another."""
    outside_strings = re.sub(rb'"[^"]*"', b"", _ESCAPE.sub(b"", raw))
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", outside_strings):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


class _Pairs(list[tuple[str, Any]]):
    """The properties of an object, repeated ones included."""


def _repeated(raw: bytes) -> Iterator[Path]:
    """The path of every property that its object has already used."""
    yield from _repeated_in(json.loads(raw, object_pairs_hook=_Pairs, parse_int=str, parse_float=str), ())


def _repeated_in(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, inner in value:
            if name in seen:
                yield (*path, name)
            seen.add(name)
            yield from _repeated_in(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _repeated_in(inner, (*path, index))


def _nul(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every string, keys included, that contains U+0000, with its path."""
    if isinstance(value, str):
        if "\0" in value:
            yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "\0" in name:
                yield (*path, name), name
            yield from _nul(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nul(inner, (*path, index))


def _read_large_numbers(raw: bytes) -> Any:
    return json.loads(raw, parse_float=_fraction, parse_int=_integer)


def _fraction(text: str) -> float | Decimal:
    number = float(text)
    return number if isfinite(number) else _decimal(text)


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INTEGER else _decimal(text)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of more than eighteen digits
        return Decimal("-Infinity" if text.startswith("-") else "Infinity")
