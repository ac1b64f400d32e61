"""The digest sees every difference that counts and none that an LRS may make.

The rule of this file: each change that the specification excepts leaves the digest alone on whatever
statement it is made, and each change that it does not except alters it.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings

from schemas.equivalence import equivalent
from schemas.statement import NewStatement, read_statements
from schemas.timestamp import instant_of
from schemas.version import XapiVersion
from tests.properties.statements import Json, as_json, statements

V2 = XapiVersion.V2_0_0


def read(statement: Json) -> NewStatement:
    (new,) = read_statements(as_json(statement), V2)
    return new


def _parts(statement: Json) -> Iterator[Json]:
    """The statement and its SubStatement."""
    yield statement
    if statement["object"].get("objectType") == "SubStatement":
        yield statement["object"]


def _activities(part: Json) -> Iterator[Json]:
    if part["object"].get("objectType", "Activity") == "Activity":
        yield part["object"]
    for some in part.get("context", {}).get("contextActivities", {}).values():
        yield from some if isinstance(some, list) else [some]


def _actors(part: Json) -> Iterator[Json]:
    yield part["actor"]
    if part["object"].get("objectType") in ("Agent", "Group"):
        yield part["object"]
    context = part.get("context", {})
    yield from (context[name] for name in ("instructor", "team") if name in context)
    yield from (one["agent"] for one in context.get("contextAgents", []))
    yield from (one["group"] for one in context.get("contextGroups", []))


def assigned(statement: Json) -> None:
    statement["id"] = "00000000-0000-4000-8000-000000000001"
    statement["stored"] = "2020-01-01T00:00:00Z"
    statement["authority"] = {"mbox": "mailto:authority@example.com"}
    statement["version"] = "1.0.7"


def worded_otherwise(statement: Json) -> None:
    for part in _parts(statement):
        part["verb"]["display"] = {"la": "fecit"}
        for activity in _activities(part):
            activity["definition"] = {"name": {"la": "res"}}


def undefined(statement: Json) -> None:
    for part in _parts(statement):
        part["verb"].pop("display", None)
        for activity in _activities(part):
            activity.pop("definition", None)


def without_attachments(statement: Json) -> None:
    for part in _parts(statement):
        part.pop("attachments", None)


def shuffled(statement: Json) -> None:
    for part in _parts(statement):
        for actor in _actors(part):
            random.Random(len(actor)).shuffle(actor.get("member", []))


def in_arrays(statement: Json) -> None:
    for part in _parts(statement):
        relations = part.get("context", {}).get("contextActivities", {})
        for name, some in relations.items():
            relations[name] = some if isinstance(some, list) else [some]


def in_utc(statement: Json) -> None:
    for part in _parts(statement):
        if "timestamp" in part:
            part["timestamp"] = instant_of(part["timestamp"]).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def in_another_zone(statement: Json) -> None:
    for part in _parts(statement):
        if "timestamp" in part:
            zone = timezone(timedelta(hours=-7, minutes=-30))
            part["timestamp"] = instant_of(part["timestamp"]).astimezone(zone).isoformat()


def in_other_case(statement: Json) -> None:
    for part in _parts(statement):
        for actor in _actors(part):
            for one in [actor, *actor.get("member", [])]:
                if "mbox" in one:
                    local, domain = one["mbox"].split("@")
                    one["mbox"] = f"{local}@{domain.upper()}"
                if "mbox_sha1sum" in one:
                    one["mbox_sha1sum"] = one["mbox_sha1sum"].upper()
        context = part.get("context", {})
        for name in ("registration", "language"):
            if name in context:
                context[name] = context[name].upper()


def at_the_hundredth(statement: Json) -> None:
    for part in _parts(statement):
        if part.get("result", {}).get("duration") == "P1DT12H36M0.12567S":
            part["result"]["duration"] = "P1DT12H36M0.12S"


def in_another_order(statement: Json) -> None:
    reversed_copy = json.loads(as_json(statement), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    statement.clear()
    statement.update(reversed_copy)


def with_other_zeros(statement: Json) -> None:
    for part in _parts(statement):
        for holder in (part.get("result", {}), part.get("context", {})):
            if "extensions" in holder:
                holder["extensions"] = _as_floats(holder["extensions"])


def _as_floats(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() if abs(value) < 2**53:
            return float(value)
        case dict():
            return {name: _as_floats(inner) for name, inner in value.items()}
        case list():
            return [_as_floats(inner) for inner in value]
    return value


EXCEPTED = [
    assigned,
    worded_otherwise,
    undefined,
    without_attachments,
    shuffled,
    in_arrays,
    in_utc,
    in_another_zone,
    in_other_case,
    at_the_hundredth,
    in_another_order,
    with_other_zeros,
]


@pytest.mark.parametrize("change", EXCEPTED)
@settings(max_examples=50)
@given(statement=statements(V2))
def test_an_excepted_difference_leaves_the_digest_alone(change: Callable[[Json], None], statement: Json) -> None:
    changed = copy.deepcopy(statement)
    change(changed)
    assert read(changed).digest == read(statement).digest
    assert equivalent(read(changed).value, read(statement).value)


def another_verb(statement: Json) -> None:
    statement["verb"]["id"] += "x"
    statement["object"] = {"id": "http://example.com/not-a-ref"}
    statement.pop("context", None)


def another_actor(statement: Json) -> None:
    statement["actor"] = {"account": {"homePage": "http://example.com", "name": "another"}}


def one_member_more(statement: Json) -> None:
    agent = {"mbox": "mailto:one@example.com"}
    statement["actor"] = {"objectType": "Group", "member": [agent, agent]}


def another_response(statement: Json) -> None:
    statement["result"] = {**statement.get("result", {}), "response": "\x01another"}


def another_hundredth(statement: Json) -> None:
    statement["result"] = {**statement.get("result", {}), "duration": "PT0.99S"}


def another_case_of_an_iri(statement: Json) -> None:
    statement["verb"]["id"] = statement["verb"]["id"].upper()


def another_extension(statement: Json) -> None:
    statement["context"] = {**statement.get("context", {}), "extensions": {"http://example.com/n": 1e-300}}


def another_millisecond(statement: Json) -> None:
    moment = instant_of(statement.get("timestamp", "2020-01-01T00:00:00Z")) + timedelta(milliseconds=1)
    statement["timestamp"] = moment.isoformat()


@pytest.mark.parametrize(
    "change",
    [
        another_verb,
        another_actor,
        one_member_more,
        another_response,
        another_hundredth,
        another_case_of_an_iri,
        another_extension,
        another_millisecond,
    ],
)
@settings(max_examples=25)
@given(statement=statements(V2))
def test_any_other_difference_alters_the_digest(change: Callable[[Json], None], statement: Json) -> None:
    changed = copy.deepcopy(statement)
    change(changed)
    assert read(changed).digest != read(statement).digest


@given(statements(XapiVersion.V1_0_3))
def test_the_version_spoken_makes_no_difference(statement: Json) -> None:
    (old,) = read_statements(as_json(statement), XapiVersion.V1_0_3)
    assert old.digest == read(statement).digest


@given(statements(V2))
def test_a_missing_timestamp_is_one_that_was_assigned_on_the_way(statement: Json) -> None:
    timed = statement | {"timestamp": datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC).isoformat()}
    bare = {name: value for name, value in statement.items() if name != "timestamp"}
    assert read(timed).digest != read(bare).digest
    assert equivalent(read(timed).value, read(bare).value)
    assert not equivalent(read(timed).value, read(timed | {"timestamp": "2001-01-01T00:00:00Z"}).value)
