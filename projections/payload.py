"""A statement's payload, parsed for the folds: it was judged when it came in, so it is only read here."""

from typing import Any

import msgspec

from schemas import json_text

_decode = msgspec.json.Decoder().decode


def parse(payload: str) -> dict[str, Any]:
    """The statement as plain dicts and lists; a number beyond binary64 is a Decimal, which no fold counts."""
    try:
        value = _decode(payload)
    except msgspec.ValidationError:
        value = json_text.read(payload.encode())
    statement: dict[str, Any] = value
    return statement
