"""Are two statements the same? Equal digests, and nothing else, say yes.

The rule of this file: what an LRS may change on the way is left out or made uniform, and everything else
counts, down to whether an optional objectType was written (1.0.3 Data 2.3.1 "Statement Comparision
Requirements", 2.0.0 4.2 "Statement Immutability"). Decisions, each with its ground in Data 2.3.1 unless
another is named:

- `id`, `authority`, `stored` and `version` are left out: an LRS assigns them.
- `timestamp` is compared as an instant, whatever its zone and spelling, and to the millisecond, since an
  LRS may cut the rest off (Data 4.5). 2.0.0 leaves it out altogether; the stricter reading of 1.0.3 serves
  both, because a record may be compared with what comes by either. A statement without one differs from a
  statement with one in its digest; `equivalent` treats the missing one as assigned on the way. So are
  timestamps of SubStatements compared, which no LRS assigns.
- `verb.display` and every Activity's `definition` are left out.
- `attachments` are left out: "these are not part of Statements", and 2.0.0 names them again. This also makes
  a signed statement equal to the statement that was signed.
- Members of a Group have no order, though their number counts. Every other array has an order.
- One Activity in contextActivities is the same as an array of that one (Data 2.4.6.2: an LRS returns arrays).
- The domain of an e-mail address, a hexadecimal SHA-1, a UUID and a language tag are compared without case;
  IRIs, names and all else with it (Data 2.2, 3.1).
- A duration is a text, without what lies beyond a hundredth of a second (Data 4.6, 2.0.0 4.2.7).
- Numbers are compared by value: 1, 1.0 and 1e0 are the same, with the precision of a double; one beyond the
  range of doubles is compared by its digits and exponent. The order of properties means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import msgspec

from schemas.duration import to_the_hundredth
from schemas.timestamp import instant_of

_sorted = msgspec.json.Encoder(order="sorted", decimal_format="number")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def digest(
    statement: Mapping[str, Any], timestamp: datetime | None, known: Mapping[str, msgspec.Raw] = MappingProxyType({})
) -> bytes:
    """16 bytes, equal exactly when two validated statements are equivalent.

    `timestamp` is the statement's own as an instant; None leaves it out of the comparison. `known` are canonical forms
    that `canonical` has given for properties of it.
    """
    return blake2b(_sorted.encode(_canonical(statement, timestamp, known)), digest_size=16).digest()


def canonical(name: str, value: Any) -> msgspec.Raw:
    """The canonical form of one property: actor, verb, object or contextActivities."""
    return msgspec.Raw(_sorted.encode(_PROPERTIES[name](value)))


def equivalent(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two validated statements are the same, a missing timestamp being one an LRS would assign.

    For comparing a statement with its signed form (1.0.3 Data 2.6, 2.0.0 4.2.6), or with its echo from
    another store. Unlike equality of digests this is not transitive.
    """
    compared = "timestamp" in left and "timestamp" in right
    return _alone(left, compared) == _alone(right, compared)


def _alone(statement: Mapping[str, Any], with_timestamp: bool) -> bytes:
    return digest(statement, instant_of(statement["timestamp"]) if with_timestamp else None)


def _canonical(
    statement: Mapping[str, Any], timestamp: datetime | None, known: Mapping[str, msgspec.Raw] = MappingProxyType({})
) -> dict[str, Any]:
    canonical: dict[str, Any] = {
        name: known[name] if name in known else _PROPERTIES[name](statement[name])
        for name in ("actor", "verb", "object")
    }
    if timestamp is not None:
        canonical["timestamp"] = (timestamp - _EPOCH) // _MILLISECOND
    if "result" in statement:
        canonical["result"] = _result(statement["result"])
    if "context" in statement:
        canonical["context"] = _context(statement["context"], known)
    return canonical


def _actor(actor: Mapping[str, Any]) -> Mapping[str, Any]:
    if "mbox" in actor:
        local, at, domain = actor["mbox"].rpartition("@")
        actor = {**actor, "mbox": local + at + domain.lower()}
    elif "mbox_sha1sum" in actor:
        actor = {**actor, "mbox_sha1sum": actor["mbox_sha1sum"].lower()}
    if "member" in actor:
        members = sorted(_sorted.encode(_actor(member)) for member in actor["member"])
        actor = {**actor, "member": [msgspec.Raw(member) for member in members]}
    return actor


def _object(value: Mapping[str, Any]) -> Mapping[str, Any]:
    match value.get("objectType", "Activity"):
        case "Activity":
            return _activity(value)
        case "StatementRef":
            return {**value, "id": value["id"].lower()}
        case "SubStatement":
            timestamp = instant_of(value["timestamp"]) if "timestamp" in value else None
            return {"objectType": "SubStatement", **_canonical(value, timestamp)}
        case _:
            return _actor(value)


def _activity(activity: Mapping[str, Any]) -> Mapping[str, Any]:
    if "definition" not in activity:
        return activity
    return {name: value for name, value in activity.items() if name != "definition"}


def _result(result: Mapping[str, Any]) -> Mapping[str, Any]:
    canonical = dict(result)
    if "score" in result:
        canonical["score"] = _numbers(result["score"])
    if "duration" in result:
        canonical["duration"] = to_the_hundredth(result["duration"])
    if "extensions" in result:
        canonical["extensions"] = _numbers(result["extensions"])
    return canonical


def _context_activities(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        relation: [_activity(one) for one in (many if isinstance(many, list) else [many])]
        for relation, many in value.items()
    }


def _context(context: Mapping[str, Any], known: Mapping[str, msgspec.Raw]) -> Mapping[str, Any]:
    canonical = dict(context)
    for name, value in context.items():
        if name == "contextActivities":
            canonical[name] = known[name] if name in known else _context_activities(value)
        elif name == "extensions":
            canonical[name] = _numbers(value)
        elif name in ("registration", "language"):
            canonical[name] = value.lower()
        elif name in ("instructor", "team"):
            canonical[name] = _actor(value)
        elif name == "statement":
            canonical[name] = _object(value)
        elif name == "contextAgents":
            canonical[name] = [{**entry, "agent": _actor(entry["agent"])} for entry in value]
        elif name == "contextGroups":
            canonical[name] = [{**entry, "group": _actor(entry["group"])} for entry in value]
    return canonical


def _numbers(value: Any) -> Any:
    """The value with every whole float in it made an integer, so that 1.0 and 1 are written alike."""
    kind = type(value)
    if kind is str:
        return value
    if kind is float:
        return int(value) if value.is_integer() else value
    if kind is dict:
        return {name: inner if type(inner) is str else _numbers(inner) for name, inner in value.items()}
    if kind is list:
        return [_numbers(inner) for inner in value]
    return value


_PROPERTIES: dict[str, Callable[[Any], Any]] = {
    "actor": _actor,
    "verb": lambda verb: verb["id"],
    "object": _object,
    "contextActivities": _context_activities,
}
