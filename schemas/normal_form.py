"""What the LRS itself puts in order when it records a statement; everything else stays as it came.

The rule of this file: no meaning changes. A single Activity in contextActivities becomes an array of it (1.0.3 Data
2.4.6.2, 2.0.0 4.2.2.5), in a SubStatement too. In 2.0.0 a timestamp becomes the same instant in UTC, and a duration
loses what lies beyond a hundredth of a second (4.2.7); 1.0.3 leaves both to the client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas import exact_json
from schemas.duration import to_the_hundredth
from schemas.timestamp import instant_of
from schemas.version import XapiVersion


def is_normal(statement: Mapping[str, Any], version: XapiVersion) -> bool:
    """Whether a validated statement can be recorded as it came."""
    target = statement["object"]
    if not _body_is_normal(statement, version):
        return False
    return target.get("objectType") != "SubStatement" or _body_is_normal(target, version)


def _body_is_normal(body: Mapping[str, Any], version: XapiVersion) -> bool:
    context = body.get("context")
    if context is not None and "contextActivities" in context:
        for members in context["contextActivities"].values():
            if type(members) is not list:
                return False
    if version is XapiVersion.V1_0_3:
        return True
    if "timestamp" in body and body["timestamp"][-1] not in "Zz":
        return False
    result = body.get("result")
    return result is None or "duration" not in result or _is_short(result["duration"])


def _is_short(duration: str) -> bool:
    return to_the_hundredth(duration) == duration


def normalised(raw: bytes, version: XapiVersion) -> dict[str, Any]:
    """The statement of this text in order, as `exact_json` writes it."""
    statement: dict[str, Any] = exact_json.read(raw)
    for body in _bodies(statement):
        activities = body.get("context", {}).get("contextActivities", {})
        for relation, members in activities.items():
            if not isinstance(members, list):
                activities[relation] = [members]
        if version is XapiVersion.V1_0_3:
            continue
        if "timestamp" in body:
            body["timestamp"] = in_utc(body["timestamp"])
        if "duration" in body.get("result", {}):
            body["result"]["duration"] = to_the_hundredth(body["result"]["duration"])
    return statement


def in_utc(timestamp: str) -> str:
    """The same instant in UTC, with all its decimals."""
    if timestamp[-1] in "Zz":
        return timestamp
    whole, decimals = _decimals(timestamp)
    moment = instant_of(whole)
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}{decimals}Z"


def _decimals(timestamp: str) -> tuple[str, str]:
    """The timestamp without the decimals of its seconds, and those, with their point."""
    point = max(timestamp.find("."), timestamp.find(","))
    if point < 0:
        return timestamp, ""
    end = point + 1
    while end < len(timestamp) and timestamp[end].isdigit():
        end += 1
    return timestamp[:point] + timestamp[end:], "." + timestamp[point + 1 : end]


def _bodies(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield statement
    if statement["object"].get("objectType") == "SubStatement":
        yield statement["object"]
