"""Which statements a query asks for: a plain reading of xAPI 1.0.3 Communication 2.1.3 (2.0.0 4.1.6.1) over a list.

The rule of this file: it shares no code with what it judges.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.statement_query import StatementQuery

Json = dict[str, Any]
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


@dataclass(frozen=True)
class Logged:
    """A statement of the log, as the model sees it."""

    id: UUID
    stored: datetime
    position: int
    value: Json
    authority: Json


def is_same_agent(asked_for: Json, found: Json) -> bool:
    """The same inverse functional identifier with an equal value."""
    for name in ("mbox", "mbox_sha1sum", "openid", "account"):
        if name in asked_for:
            return bool(found.get(name) == asked_for[name])
    raise AssertionError


def is_or_has_member(asked_for: Json, found: Json) -> bool:
    """A Group is a match where one of its members is."""
    return any(is_same_agent(asked_for, one) for one in [found, *found.get("member", [])])


def actors_of(body: Json, *, broadly: bool) -> Iterator[Json]:
    """What the agent filter looks at: actor and object; broadly, also the context and a SubStatement."""
    yield body["actor"]
    kind = body["object"].get("objectType")
    if kind in ("Agent", "Group"):
        yield body["object"]
    if broadly:
        context = body.get("context", {})
        yield from (context[name] for name in ("instructor", "team") if name in context)
        yield from (entry["agent"] for entry in context.get("contextAgents", []))
        yield from (entry["group"] for entry in context.get("contextGroups", []))
        if kind == "SubStatement":
            yield from actors_of(body["object"], broadly=True)


def activities_of(body: Json, *, broadly: bool) -> Iterator[str]:
    """What the activity filter looks at: the object; broadly, also the context and a SubStatement."""
    kind = body["object"].get("objectType", "Activity")
    if kind == "Activity":
        yield body["object"]["id"]
    if broadly:
        for listed in body.get("context", {}).get("contextActivities", {}).values():
            yield from (one["id"] for one in (listed if isinstance(listed, list) else [listed]))
        if kind == "SubStatement":
            yield from activities_of(body["object"], broadly=True)


def meets(one: Logged, filters: Json, name: str) -> bool:
    """Whether the statement itself meets one of the filters."""
    wanted = filters[name]
    if name == "verb":
        return bool(one.value["verb"]["id"] == wanted)
    if name == "registration":
        given_one = one.value.get("context", {}).get("registration")
        return given_one is not None and UUID(given_one) == wanted
    if name == "activity":
        return wanted in activities_of(one.value, broadly=filters["related_activities"])
    broadly = filters["related_agents"]
    looked_at = [*actors_of(one.value, broadly=broadly), *([one.authority] if broadly else [])]
    return any(is_or_has_member(wanted, found) for found in looked_at)


def is_met(one: Logged, filters: Json, name: str, log: dict[UUID, Logged]) -> bool:
    """Whether the statement, or one that it refers to, however far away, meets one of the filters."""
    seen: set[UUID] = set()
    at: Logged | None = one
    while at is not None and at.id not in seen:
        if meets(at, filters, name):
            return True
        seen.add(at.id)
        target = at.value["object"]
        at = log.get(UUID(target["id"])) if target.get("objectType") == "StatementRef" else None
    return False


def is_voided(one: Logged, log: dict[UUID, Logged]) -> bool:
    """Voided by another, and not a voiding statement itself, for such a one cannot be voided (Data 2.3.2)."""
    targets = [UUID(other.value["object"]["id"]) for other in log.values() if other.value["verb"]["id"] == VOIDED]
    return one.value["verb"]["id"] != VOIDED and one.id in targets


def expected(log: dict[UUID, Logged], query: StatementQuery) -> list[UUID]:
    """The ids that the query asks for, in their order."""
    names = ("agent", "verb", "activity", "registration", "related_agents", "related_activities")
    filters = {name: getattr(query, name) for name in names}
    given_ones = [name for name in names[:4] if filters[name] is not None]
    found = [
        one
        for one in log.values()
        if not is_voided(one, log)
        and (query.since is None or one.stored > query.since)
        and (query.until is None or one.stored <= query.until)
        and all(is_met(one, filters, name, log) for name in given_ones)
    ]
    found.sort(key=lambda one: (one.stored, one.position), reverse=not query.ascending)
    return [one.id for one in found]
