"""A statement's payload, parsed for the folds: it was judged when it came in, so it is only read here."""

from typing import Any

import msgspec

from schemas import json_text

_decode = msgspec.json.Decoder().decode


def parse(payload: str | bytes) -> dict[str, Any]:
    """A statement, or a part of one, as plain dicts and lists; a number beyond binary64 is a Decimal, which no fold
    counts.
    """
    try:
        value = _decode(payload)
    except msgspec.ValidationError:
        value = json_text.read(payload.encode() if isinstance(payload, str) else payload)
    statement: dict[str, Any] = value
    return statement


class _VerbText(msgspec.Struct, frozen=True):
    id: str


class _ContextText(msgspec.Struct, frozen=True, rename="camel"):
    registration: str | None = None
    context_activities: msgspec.Raw = msgspec.Raw(b"{}")
    extensions: dict[str, Any] = {}


class StatementText(msgspec.Struct, frozen=True):
    """A statement whose parts that others may share are left as text."""

    actor: msgspec.Raw
    verb: _VerbText
    object: msgspec.Raw
    result: dict[str, Any] = {}
    context: _ContextText = _ContextText()


cut_up = msgspec.json.Decoder(StatementText).decode
"""Raises ValidationError where a number is beyond binary64; `parse` reads that too."""
