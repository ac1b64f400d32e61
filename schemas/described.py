"""Where in a statement Activities are described.

The rule of this file: an Activity defines itself wherever a statement has one: as the object, in contextActivities, and
in both of a SubStatement (xAPI 1.0.3 Data 2.4.4.1). A definition that says nothing is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.context import activities_in

Json = Mapping[str, Any]


def described_in(body: Json) -> Iterator[Json]:
    """Every Activity with a definition in a statement or SubStatement."""
    yield from described_in_object(body["object"])
    if "contextActivities" in body.get("context", ()):
        yield from described_in_context(body["context"]["contextActivities"])


def described_in_object(target: Json) -> Iterator[Json]:
    """The same of an object alone."""
    if target.get("objectType") == "SubStatement":
        yield from described_in(target)
    elif target.get("definition"):
        yield target


def described_in_context(activities: Json) -> Iterator[Json]:
    """The same of contextActivities alone."""
    return (one for one in activities_in(activities) if one.get("definition"))
