"""What an LRS makes of several definitions of one Activity: its canonical definition.

The rule of this file: what is said later counts, and nothing is lost that it does not contradict (xAPI 1.0.3
Communication 2.5, Data 2.4.4.1). Decisions, where the standard leaves them to the LRS:

- Language maps are merged by language; a tag is the same whatever its case. Extensions are merged by key, and a value
  is never looked into. Of any other property the latest value counts.
- Interaction properties belong together. Another interactionType replaces them all; under the same one each counts by
  itself, and a component keeps the languages of its description in which the later list says nothing of it.

So what is merged from valid definitions is valid, and to merge the same one again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.activity import COMPONENT_LISTS

Json = dict[str, Any]
_INTERACTION: Final = ("interactionType", "correctResponsesPattern", *COMPONENT_LISTS)


def merged(older: Mapping[str, Any], newer: Mapping[str, Any]) -> Json:
    """The definition that both make; neither is changed."""
    whole = dict(older)
    if "interactionType" in newer and newer["interactionType"] != older.get("interactionType"):
        for name in _INTERACTION:
            whole.pop(name, None)
    for name, value in newer.items():
        if name not in whole:
            whole[name] = value
        elif whole[name] != value:
            merge = _MERGES.get(name)
            whole[name] = value if merge is None else merge(whole[name], value)
    return whole


def _languages(older: Mapping[str, str], newer: Mapping[str, str]) -> Json:
    said = {tag.lower() for tag in newer}
    return {**{tag: text for tag, text in older.items() if tag in newer or tag.lower() not in said}, **newer}


def _extensions(older: Mapping[str, Any], newer: Mapping[str, Any]) -> Json:
    return {**older, **newer}


def _components(older: list[Json], newer: list[Json]) -> list[Json]:
    """The later list, which says what there is and in which order."""
    described = {one["id"]: one["description"] for one in older if "description" in one}
    return [
        {**one, "description": _languages(described[one["id"]], one.get("description", {}))}
        if one["id"] in described
        else one
        for one in newer
    ]


_MERGES: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "name": _languages,
    "description": _languages,
    "extensions": _extensions,
    **dict.fromkeys(COMPONENT_LISTS, _components),
}
"""The properties of which more than the latest value counts."""
