"""How a recorded statement is shown: exact as it is, or with ids only, or canonical in one language.

The rule of this file: xAPI 1.0.3 Communication 2.1.3, "format". `ids` keeps what identifies an Agent, Activity, Verb or
Group, of an anonymous Group its members. `canonical` shows Activities as the LRS defines them and one language of each
language map of Activities and Verbs, chosen for each map by itself (RFC 9110, 12.5.4; RFC 4647, 3.4); Agents and Groups
stay as they were. Functions take and give values of `schemas.exact_json`, and change none that they are given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schemas.activity import COMPONENT_LISTS
from schemas.actor import IDENTIFIERS

Json = dict[str, Any]
MOST_RANGES = 50
_RANGE = re.compile(r"\s*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def ids(statement: Mapping[str, Any]) -> Json:
    """The statement with no more than identifies what it is about."""
    return _shown(statement, _identified_actor, lambda verb: {"id": verb["id"]}, lambda one: {"id": one["id"]})


def canonical(statement: Mapping[str, Any], languages: list[str], definitions: Mapping[str, Mapping[str, Any]]) -> Json:
    """The statement in one language; `definitions` are those of the LRS by the Activity's id.

    languages: as `preferred` gives them.
    """

    def verb(value: Mapping[str, Any]) -> Json:
        if "display" not in value:
            return dict(value)
        return {**value, "display": one_language(value["display"], languages)}

    def activity(value: Mapping[str, Any]) -> Json:
        definition = definitions.get(value["id"], value.get("definition"))
        return dict(value) if definition is None else {**value, "definition": _in_one(definition, languages)}

    return _shown(statement, dict, verb, activity)


def activity_ids(statement: Mapping[str, Any]) -> set[str]:
    """The id of every Activity that `canonical` defines."""
    found: set[str] = set()

    def note(activity: Mapping[str, Any]) -> Json:
        found.add(activity["id"])
        return {}

    _shown(statement, dict, dict, note)
    return found


def preferred(accept_language: str) -> list[str]:
    """The language ranges of an Accept-Language header in lower case, best first; what cannot be read is left out.

    A range that is not acceptable (q=0) begins with `!`. Ranges after MOST_RANGES are not looked at.
    """
    weighted: list[tuple[float, str]] = []
    for part in accept_language.split(",", MOST_RANGES)[:MOST_RANGES]:
        match = _RANGE.fullmatch(part)
        if match is not None:
            weight = min(1.0, float(match[2] or 1))
            weighted.append((weight, match[1].lower() if weight else f"!{match[1].lower()}"))
    return [name for _, name in sorted(weighted, key=lambda pair: -pair[0])]


def one_language(texts: Mapping[str, str], languages: list[str]) -> dict[str, str]:
    """The entry of a language map that fits best; the first that is not refused, or the first, where none fits."""
    if len(texts) < 2:
        return dict(texts)
    refused = [name[1:] for name in languages if name[0] == "!"]
    tags = [tag for tag in texts if not any(_fits(tag, name) for name in refused)] or list(texts)
    for wanted in languages:
        for name in _fitting(wanted, tags):
            return {name: texts[name]}
    return {tags[0]: texts[tags[0]]}


def _fits(tag: str, wanted: str) -> bool:
    """Whether a range is the tag or its beginning."""
    return f"{tag.lower()}-".startswith(f"{wanted}-")


def _fitting(wanted: str, tags: list[str]) -> Iterator[str]:
    """Tags for a range: the same, then longer ones, then what is left when its subtags are taken off one by one."""
    if wanted == "*":
        yield from tags
    yield from (tag for tag in tags if tag.lower() == wanted)
    yield from (tag for tag in tags if _fits(tag, wanted))
    while "-" in wanted:
        wanted = wanted.rpartition("-")[0]
        yield from (tag for tag in tags if tag.lower() == wanted)


def _in_one(definition: Mapping[str, Any], languages: list[str]) -> Json:
    shown = dict(definition)
    for name in ("name", "description"):
        if name in shown:
            shown[name] = one_language(shown[name], languages)
    for name in COMPONENT_LISTS:
        if name in shown:
            shown[name] = [
                {**each, "description": one_language(each["description"], languages)} if "description" in each else each
                for each in shown[name]
            ]
    return shown


def _identified_actor(actor: Mapping[str, Any]) -> Json:
    shown = {"objectType": actor["objectType"]} if "objectType" in actor else {}
    for name in IDENTIFIERS:
        if name in actor:
            return {**shown, name: actor[name]}
    return {**shown, "member": [_identified_actor(member) for member in actor.get("member", ())]}


def _shown(
    body: Mapping[str, Any],
    actor: Callable[[Mapping[str, Any]], Json],
    verb: Callable[[Mapping[str, Any]], Json],
    activity: Callable[[Mapping[str, Any]], Json],
) -> Json:
    """A statement or SubStatement, with each Agent or Group, Verb and Activity in it shown by its function."""

    def target(value: Mapping[str, Any]) -> Json:
        match value.get("objectType", "Activity"):
            case "Activity":
                return activity(value)
            case "Agent" | "Group":
                return actor(value)
            case "SubStatement":
                return _shown(value, actor, verb, activity)
            case _:
                return dict(value)

    shown = {**body, "actor": actor(body["actor"]), "verb": verb(body["verb"]), "object": target(body["object"])}
    if "authority" in body:
        shown["authority"] = actor(body["authority"])
    if "context" in body:
        context = shown["context"] = dict(body["context"])
        for name in ("instructor", "team"):
            if name in context:
                context[name] = actor(context[name])
        for name, key in (("contextAgents", "agent"), ("contextGroups", "group")):
            if name in context:
                context[name] = [{**entry, key: actor(entry[key])} for entry in context[name]]
        if "contextActivities" in context:
            context["contextActivities"] = {
                relation: [activity(one) for one in (members if isinstance(members, list) else [members])]
                for relation, members in context["contextActivities"].items()
            }
    return shown
