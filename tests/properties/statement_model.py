"""What the statements resource answers: a plain reading of xAPI 1.0.3 Communication 2.1 and Data 2.3.2, and of 2.0.0
4.1.6.1 and 4.2.5, over a dictionary.

The rule of this file: it shares no code with what it judges. Where the specification leaves a choice, "chosen" says so.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.properties.statement_forms import Json, bodies_of, identity, is_same, kind_of, listed_of

Mark = tuple[str, str]
"""A filter, and a value that it can have."""

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
DEEPEST = 16
"""References that a filter looks through (chosen: the specification has no end)."""
NOT_SEEN = datetime.max.replace(tzinfo=UTC)
INDIA = timezone(timedelta(hours=5, minutes=30))


def referred_to(statement: Json) -> str | None:
    """The statement that another targets: only by its object (Communication 2.1.3)."""
    return statement["object"]["id"].lower() if kind_of(statement["object"]) == "StatementRef" else None


def is_voiding(statement: Json) -> bool:
    """Data 2.3.2."""
    return bool(statement["verb"]["id"] == VOIDED)


# --- what may come (Data 2.3.2, 2.4.6, 2.4.10) -------------------------------------------------------------------


def is_valid(statement: Json, version: str) -> bool:
    """As far as the tests break rules."""
    if version == "1.0.3" and not statement.get("version", "1.0").startswith("1.0"):
        return False
    return statement.get("version", "1.0")[:3] in ("1.0", "2.0") and all(
        {"actor", "verb", "object"} <= set(body)
        and (not is_voiding(body) or kind_of(body["object"]) == "StatementRef")
        and (version != "1.0.3" or not {"contextAgents", "contextGroups"} & set(body.get("context", {})))
        for body in bodies_of(statement)
    )


# --- what a statement is found by (Communication 2.1.3) ----------------------------------------------------------


def marks_of(statement: Json, authority: Json) -> set[Mark]:
    """By its own content; `related_…` are the filters with that parameter set."""
    target, context = statement["object"], statement.get("context", {})
    marks = {("verb", statement["verb"]["id"])}
    if "registration" in context:
        marks.add(("registration", context["registration"].lower()))
    if kind_of(target) == "Activity":
        marks.add(("activity", target["id"]))
    actors = [statement["actor"], *([target] if kind_of(target) in ("Agent", "Group") else [])]
    marks |= {("agent", one) for one in identities(actors)}
    related = [authority]
    for body in bodies_of(statement):
        context, inner = body.get("context", {}), body["object"]
        related += [body["actor"], *([inner] if kind_of(inner) in ("Agent", "Group") else [])]
        related += [context[name] for name in ("instructor", "team") if name in context]
        related += [one["agent"] for one in context.get("contextAgents", [])]
        related += [one["group"] for one in context.get("contextGroups", [])]
        listed = [one for many in context.get("contextActivities", {}).values() for one in listed_of(many)]
        marks |= {("related_activities", one["id"]) for one in [*listed, inner] if kind_of(one) == "Activity"}
    return marks | {("related_agents", one) for one in identities(related)}


def identities(actors: list[Json]) -> set[str]:
    """Of each of them, and of the members of Groups."""
    found = {identity(one) for actor in actors for one in [actor, *actor.get("member", [])]}
    return {one for one in found if one is not None}


@dataclass(frozen=True)
class Query:
    """Parameters of a list of statements."""

    agent: Json | None = None
    verb: str | None = None
    activity: str | None = None
    registration: str | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False

    def params(self) -> dict[str, str]:
        """As a client sends them; instants in one zone or another."""
        given = {name: getattr(self, name) for name in self.__dataclass_fields__}
        written: dict[type, Callable[[Any], str]] = {
            dict: json.dumps,
            bool: lambda value: "true" if value else "false",
            datetime: lambda value: (value.astimezone(INDIA) if value.microsecond % 2 else value).isoformat(),
            str: str,
        }
        return {name: written[type(value)](value) for name, value in given.items() if value not in (None, False)}

    def marks(self) -> set[Mark]:
        """What a statement must have, itself or by what it targets."""
        agent = None if self.agent is None else identity(self.agent)
        wanted = {
            "verb": self.verb,
            "registration": None if self.registration is None else self.registration.lower(),
            "related_agents" if self.related_agents else "agent": agent,
            "related_activities" if self.related_activities else "activity": self.activity,
        }
        return {(name, value) for name, value in wanted.items() if value is not None}


# --- the resource ------------------------------------------------------------------------------------------------


@dataclass
class Kept:
    """A statement that is stored; when is seen later."""

    id: str
    sent: Json
    version: str
    authority: Json
    stored: datetime = NOT_SEEN


@dataclass
class Model:
    """The statements by their ids, in the order they came in."""

    kept: dict[str, Kept] = field(default_factory=dict)

    def verdict(self, version: str, statements: list[Json], named: str | None = None) -> int:
        """The status of a request to store, 200 for all is well; `named`: by a PUT (Communication 2.1.1, 2.1.2)."""
        ids = [one["id"].lower() for one in statements if "id" in one]
        if named is not None and ids not in ([], [named.lower()]):
            return 400
        if len(set(ids)) < len(ids) or not all(is_valid(one, version) for one in statements):
            return 400
        with_ids = [(one.get("id", named or "").lower(), one) for one in statements]
        known = [(self.kept[id].sent, one) for id, one in with_ids if id in self.kept]
        return 200 if all(is_same(*pair) for pair in known) else 409

    def store(self, version: str, authority: Json, statements: list[Json]) -> list[Kept]:
        """Statements that have their ids; answers those that are new. What is known stays as it is."""
        new = [
            Kept(one["id"].lower(), one, version, authority) for one in statements if one["id"].lower() not in self.kept
        ]
        self.kept |= {one.id: one for one in new}
        return new

    def is_voided(self, id: str) -> bool:
        """Data 2.3.2: by a statement that is stored before or after it, and not if it is a voiding one itself."""
        if id not in self.kept or is_voiding(self.kept[id].sent):
            return False
        return any(is_voiding(one.sent) and referred_to(one.sent) == id for one in self.kept.values())

    def chain(self, one: Kept) -> list[Kept]:
        """It, and those that it targets, one behind the other (2.1.3, Filter Conditions for StatementRefs)."""
        chain: list[Kept] = []
        at: Kept | None = one
        while at is not None and at not in chain and len(chain) <= DEEPEST:
            chain.append(at)
            target = referred_to(at.sent)
            at = self.kept.get(target) if target is not None else None
        return chain

    def found(self, query: Query) -> list[Kept]:
        """What a query finds, in its order: by `stored`, and of one instant as they came in (chosen)."""
        matching = [
            one
            for one in self.kept.values()
            if not self.is_voided(one.id)
            and (query.since is None or one.stored > query.since)
            and (query.until is None or one.stored <= query.until)
            and query.marks() <= {mark for each in self.chain(one) for mark in marks_of(each.sent, each.authority)}
        ]
        matching.sort(key=lambda one: one.stored)
        return matching if query.ascending else matching[::-1]


@dataclass
class Reading:
    """A list that is followed while others write; what it must have and what it may have."""

    query: Query
    more: str
    seen: list[str]
    always: set[str]
    ever: set[str] = field(default_factory=set)


def sizes(found: int, size: int) -> list[int]:
    """Full pages, and what is left on the last."""
    full, left = divmod(found, size)
    return [size] * full + ([left] if left or not full else [])
