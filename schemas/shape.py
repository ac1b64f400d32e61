"""How strict every object of a statement is, and how one of several shapes is chosen.

The rule of this file: an object has the properties that the specification lists, in that spelling, with
values of those JSON types, and nothing more (1.0.3 Data 2.2, 2.0.0 4.2.1): strings are not numbers, null
is nothing, other keys are refused. Where an object may have one of several shapes, its own objectType
chooses before anything is checked, so that a failure is reported against the shape that was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Discriminator

STRICT = ConfigDict(strict=True, extra="forbid", regex_engine="rust-regex")
"""The configuration of every object of a statement."""

MARK = "\0"
"""Begins the tag of each shape, to tell it from a key in the path of a failure; no key may contain it."""


def by_object_type(shapes: Mapping[str, str], default: str) -> Discriminator:
    """Chooses the shape whose tag `shapes` gives for the objectType, `default` where there is none.

    A value that is no object at all is given to the default shape, which refuses it; another objectType
    is the failure `object_type`.
    """

    def chosen(value: Any) -> str | None:
        if type(value) is not dict:
            return default
        if "objectType" not in value:
            return default
        kind = value["objectType"]
        return shapes.get(kind) if type(kind) is str else None

    names = ", ".join(shapes)
    return Discriminator(
        chosen,
        custom_error_type="object_type",
        custom_error_message="{rule}",
        custom_error_context={"rule": f"must be one of {names}"},
    )


def one_or_many(one: str, many: str) -> Discriminator:
    """Chooses the tag `many` for an array and `one` for anything else."""

    def chosen(value: Any) -> str:
        return many if type(value) is list else one

    return Discriminator(chosen)
