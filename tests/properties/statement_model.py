"""What the statements resource answers: a plain reading of xAPI 1.0.3 Communication 2.1, Data 2.3 and 2.4, and of 2.0.0
4.1.6.1 and 4.2, over a dictionary.

The rule of this file: it shares no code with what it judges. Where the specification leaves a choice, "chosen" says so.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

Json = dict[str, Any]
Mark = tuple[str, str]
"""A filter, and a value that it can have."""

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
NOT_SEEN = datetime.max.replace(tzinfo=UTC)
INDIA = timezone(timedelta(hours=5, minutes=30))
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


def kind_of(target: Json) -> str:
    """An object is an Activity where it does not say otherwise (Data 2.4.4)."""
    return str(target.get("objectType", "Activity"))


def referred_to(statement: Json) -> str | None:
    """The statement that another targets: only by its object (Communication 2.1.3)."""
    return statement["object"]["id"].lower() if kind_of(statement["object"]) == "StatementRef" else None


def is_voiding(statement: Json) -> bool:
    """Data 2.3.2."""
    return bool(statement["verb"]["id"] == VOIDED)


def instant_of(timestamp: str) -> datetime:
    """The point in time."""
    return datetime.fromisoformat(timestamp).astimezone(UTC)


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


def bodies_of(statement: Json) -> Iterator[Json]:
    """The statement and its SubStatement."""
    yield statement
    if kind_of(statement.get("object", {})) == "SubStatement":
        yield statement["object"]


# --- are two the same? (Data 2.3.1) ------------------------------------------------------------------------------


def compared(value: Any, place: str = "statement") -> Any:
    """What is left of a statement once everything is alike that does not count; `place`: the property it is in.

    Chosen: a statement without a timestamp is another than one with it.
    """
    if isinstance(value, list):
        listed = [compared(one, place) for one in value]
        return sorted(listed, key=lambda one: json.dumps(one, sort_keys=True)) if place == "member" else listed
    if place == "contextActivities":
        return {name: compared(listed_of(one), name) for name, one in value.items()}
    if isinstance(value, dict):
        left_out = {"display", "definition"} if "id" in value else set()
        if place == "statement" and "verb" in value:
            left_out = {"id", "stored", "authority", "version", "attachments"}
        if kind_of(value) == "StatementRef":
            value = {**value, "id": value["id"].lower()}
        return {name: compared(one, name) for name, one in value.items() if name not in left_out}
    if place == "timestamp":
        return instant_of(value).isoformat(timespec="milliseconds")
    if place in ("registration", "mbox_sha1sum"):
        return value.lower()
    if place == "mbox":
        return with_lower_domain(value)
    return value


def listed_of(value: Any) -> list[Any]:
    """A single Activity of contextActivities is an array of it (Data 2.4.6.2)."""
    return value if isinstance(value, list) else [value]


def with_lower_domain(mbox: str) -> str:
    """The domain of an e-mail address means the same in either case (Data 2.3.1)."""
    local, at, domain = mbox.rpartition("@")
    return local + at + domain.lower()


def is_same(one: Json, other: Json) -> bool:
    """Whether a statement that comes is one that is known."""
    return bool(compared(one) == compared(other))


# --- what a reader gets (Communication 2.1.3, format) ------------------------------------------------------------


def recorded(sent: Json, version: str) -> Json:
    """A statement as it is returned exactly, without what the LRS adds to it but its version."""
    default = {"version": "1.0.0" if version == "1.0.3" else "2.0.0"}
    changed = {**default, **{name: one for name, one in sent.items() if name not in ("stored", "authority")}}
    return with_instants(with_arrays(changed))


def with_arrays(body: Json) -> Json:
    """Data 2.4.6.2."""
    if "contextActivities" in body.get("context", {}):
        activities = {name: listed_of(one) for name, one in body["context"]["contextActivities"].items()}
        body = {**body, "context": {**body["context"], "contextActivities": activities}}
    return {**body, "object": with_arrays(body["object"])} if kind_of(body["object"]) == "SubStatement" else body


def with_instants(body: Json) -> Json:
    """With timestamps that are equal where they name the same instant (Data 2.3.1)."""
    if "timestamp" in body:
        body = {**body, "timestamp": instant_of(body["timestamp"])}
    return {**body, "object": with_instants(body["object"])} if kind_of(body["object"]) == "SubStatement" else body


def in_ids(value: Any, place: str = "statement") -> Any:
    """What is needed to identify; chosen: an objectType stays where one came, but for Activities."""
    if isinstance(value, list):
        return [in_ids(one, place) for one in value]
    if place in ("actor", "instructor", "team", "authority", "agent", "group", "member"):
        return in_ids_of_actor(value)
    if place == "verb" or place in ("parent", "grouping", "category", "other"):
        return {"id": value["id"]}
    if place == "object" and kind_of(value) == "Activity":
        return {"id": value["id"]}
    if place == "object" and kind_of(value) in ("Agent", "Group"):
        return in_ids_of_actor(value)
    return {name: in_ids(one, name) for name, one in value.items()} if isinstance(value, dict) else value


def in_ids_of_actor(actor: Json) -> Json:
    """An Agent or identified Group has its identifier, an anonymous Group its members."""
    kept = ("objectType", *IDENTIFIERS) if identity(actor) else ("objectType", "member")
    return {name: in_ids(one, name) for name, one in actor.items() if name in kept}


# --- what a statement is found by (Communication 2.1.3) ----------------------------------------------------------


def identity(actor: Json) -> str | None:
    """Equal for Agents and Groups that are the same (Data 2.4.2.3); None for an anonymous Group."""
    for name in IDENTIFIERS:
        if name in actor:
            return json.dumps([name, compared(actor[name], name)], sort_keys=True)
    return None


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
        """It, and those that it targets, however far away (2.1.3, Filter Conditions for StatementRefs)."""
        chain: list[Kept] = []
        at: Kept | None = one
        while at is not None and at not in chain:
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
