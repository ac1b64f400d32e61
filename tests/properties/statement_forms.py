"""Forms of a statement: what is compared (xAPI 1.0.3 Data 2.3.1), what is returned and what format=ids leaves of it
(Communication 2.1.3).

The rule of this file: it shares no code with what it judges. Where the specification leaves a choice, "chosen" says so.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


def kind_of(target: Json) -> str:
    """An object is an Activity where it does not say otherwise (Data 2.4.4)."""
    return str(target.get("objectType", "Activity"))


def bodies_of(statement: Json) -> Iterator[Json]:
    """The statement and its SubStatement."""
    yield statement
    if kind_of(statement.get("object", {})) == "SubStatement":
        yield statement["object"]


def instant_of(timestamp: str) -> datetime:
    """The point in time."""
    return datetime.fromisoformat(timestamp).astimezone(UTC)


def identity(actor: Json) -> str | None:
    """Equal for Agents and Groups that are the same (Data 2.4.2.3); None for an anonymous Group."""
    for name in IDENTIFIERS:
        if name in actor:
            return json.dumps([name, compared(actor[name], name)], sort_keys=True)
    return None


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
