"""A Person: what an LRS knows an Agent by, with an array for each property of an Agent (xAPI 1.0.3 Communication 2.4).

The rule of this file: the same Agent is one with the same identifier. No two identifiers are taken for one person, so a
Person has the identifier that was asked for, and every name that the Agent was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.actor import IDENTIFIERS
from schemas.identity import inverse_functional_identifier

Json = Mapping[str, Any]


def person(asked: Json, statements: Iterable[Json]) -> dict[str, Any]:
    """The Person of an Agent, from statements in order, each of which has the Agent somewhere."""
    identity = inverse_functional_identifier(asked)
    same = [one for statement in statements for one in _actors(statement) if identity == _identity(one)]
    names = dict.fromkeys(one["name"] for one in (*same, asked) if "name" in one)
    found: dict[str, Any] = {"objectType": "Person"}
    if names:
        found["name"] = list(names)
    return found | {name: [asked[name]] for name in IDENTIFIERS if name in asked}


def _identity(actor: Json) -> str | None:
    return None if actor.get("objectType") == "Group" else inverse_functional_identifier(actor)


def _actors(body: Json) -> Iterator[Json]:
    """Every Agent in a statement or SubStatement, members of Groups included."""
    for one in _direct(body):
        yield one
        yield from one.get("member", ())


def _direct(body: Json) -> Iterator[Json]:
    yield body["actor"]
    target = body["object"]
    match target.get("objectType"):
        case "Agent" | "Group":
            yield target
        case "SubStatement":
            yield from _direct(target)
    context = body.get("context", {})
    yield from (context[name] for name in ("instructor", "team") if name in context)
    yield from (entry["agent"] for entry in context.get("contextAgents", ()))
    yield from (entry["group"] for entry in context.get("contextGroups", ()))
