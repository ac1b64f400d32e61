"""What many statements have in common is judged once: actors, verbs, objects, context activities.

The rule of this file: a text is read here exactly as the long way reads it (`schemas.statement`), or not at all. A part
that was in order before, byte for byte, is not parsed, validated or made canonical again. Whatever is not plainly in
order is left to the long way, which finds out what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from pydantic import TypeAdapter, ValidationError

from schemas import equivalence, json_text
from schemas.actor import Actor
from schemas.context import ContextActivities
from schemas.substatement import StatementObject, StatementObject103
from schemas.verb import Verb
from schemas.version import XapiVersion

REMEMBERED: Final = 4096
"""Parts of one kind that are kept at least; twice as many are kept at most."""

LONGEST: Final = 4096
"""Bytes of the longest part that is remembered."""


class Part:
    """One part that is in order: its value, which nobody may change, and its canonical form (schemas/equivalence.py).

    `noted` is for what others work out about it, so that they do it once: by name, or any key of theirs.
    """

    __slots__ = ("brackets", "canonical", "noted", "property", "quotes", "value")

    def __init__(self, name: str, value: Any, text: bytes) -> None:
        self.property = name
        self.value = value
        self.canonical = equivalence.canonical(name, value)
        self.quotes = text.count(b'"')
        self.brackets = _opening(text)
        self.noted: dict[Any, Any] = {}


class _Remembered:
    """Parts of one kind by their text. Two generations: what is not asked for during a whole one is forgotten."""

    def __init__(self, name: str, validate: Any) -> None:
        self._name = name
        self._validate = validate
        self._young: dict[bytes, Part] = {}
        self._old: dict[bytes, Part] = {}

    def part(self, text: bytes) -> Part:
        """Raises ValidationError and json_text.NotRecordable."""
        part = self._young.get(text)
        if part is not None:
            return part
        part = self._old.get(text)
        if part is None:
            value = self._validate(json_text.read(text))
            part = Part(self._name, value, text)
        if len(text) <= LONGEST:
            if len(self._young) >= REMEMBERED:
                self._old, self._young = self._young, {}
            self._young[text] = part
        return part


class _ContextText(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    registration: Any = UNSET
    instructor: Any = UNSET
    team: Any = UNSET
    context_activities: Raw | UnsetType = UNSET
    revision: Any = UNSET
    platform: Any = UNSET
    language: Any = UNSET
    statement: Any = UNSET
    context_agents: Any = UNSET
    context_groups: Any = UNSET
    extensions: Any = UNSET


class _StatementText(msgspec.Struct, forbid_unknown_fields=True):
    actor: Raw
    verb: Raw
    object: Raw
    id: Any = UNSET
    result: Any = UNSET
    context: _ContextText | UnsetType = UNSET
    timestamp: Any = UNSET
    stored: Any = UNSET
    authority: Any = UNSET
    version: Any = UNSET
    attachments: Any = UNSET


_OWN: Final = ("id", "result", "timestamp", "stored", "authority", "version", "attachments")
_CONTEXT: Final = [
    (name, field)
    for name, field in zip(_ContextText.__struct_encode_fields__, _ContextText.__struct_fields__, strict=True)
    if name != "contextActivities"
]
_read = msgspec.json.Decoder(_StatementText).decode
_encode = msgspec.json.Encoder().encode


def _kinds(object_type: Any) -> tuple[_Remembered, ...]:
    adapters = {"actor": Actor, "verb": Verb, "object": object_type, "contextActivities": ContextActivities}
    return tuple(_Remembered(name, TypeAdapter(kind).validator.validate_python) for name, kind in adapters.items())


_KINDS: Final = {
    XapiVersion.V1_0_3: _kinds(StatementObject103),
    XapiVersion.V2_0_0: _kinds(StatementObject),
}


def read(raw: bytes, version: XapiVersion) -> tuple[dict[str, Any], tuple[Part, ...]] | None:
    """What a statement has of its own, not validated yet, and the parts that it may share with others; or None.

    Neither has a property used twice, U+0000 or a number that no double holds: what might have is not read here.
    """
    if b"\\" in raw:
        return None
    actors, verbs, objects, activities = _KINDS[version]
    try:
        cut = _read(raw)
        parts: tuple[Part, ...] = (
            actors.part(bytes(cut.actor)),
            verbs.part(bytes(cut.verb)),
            objects.part(bytes(cut.object)),
        )
        quotes = 6
        context = cut.context
        if context is not UNSET and context.context_activities is not UNSET:
            parts += (activities.part(bytes(context.context_activities)),)
            context.context_activities = UNSET
            quotes += 2
        own = {name: value for name in _OWN if (value := getattr(cut, name)) is not UNSET}
        if context is not UNSET:
            own["context"] = {
                name: value for name, field in _CONTEXT if (value := getattr(context, field)) is not UNSET
            }
        text = _encode(own)
    except (msgspec.DecodeError, ValidationError, json_text.NotRecordable, RecursionError):
        return None
    quotes += text.count(b'"')
    brackets = _opening(text)
    for part in parts:
        quotes += part.quotes
        brackets += part.brackets
    if quotes != raw.count(b'"') or brackets > json_text.DEEPEST:
        return None  # a property is used twice, or it may be nested too deeply
    return own, parts


def _opening(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[")


def whole(own: Mapping[str, Any], parts: tuple[Part, ...]) -> dict[str, Any]:
    """The value of the statement that `read` has taken apart."""
    value = {**own, "actor": parts[0].value, "verb": parts[1].value, "object": parts[2].value}
    if len(parts) == 4:
        value["context"] = {**own["context"], "contextActivities": parts[3].value}
    return value
