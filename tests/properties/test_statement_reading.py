"""Valid statements come in whole, and one fault is found where it is.

The rule of this file: a property is stated of every statement that the strategies draw, in both versions.
"""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import StatementRefused, Violation
from schemas.statement import read_statements
from schemas.version import XapiVersion
from tests.properties.statements import JSON_VALUES, Json, as_json, statements

VERSIONS = list(XapiVersion)
Path = tuple[str | int, ...]


@st.composite
def valid(draw: st.DrawFn) -> tuple[Json, XapiVersion]:
    version = draw(st.sampled_from(VERSIONS))
    return draw(statements(version)), version


def recorded(statement: Json, version: XapiVersion) -> Json:
    """A statement as the LRS records it: arrays of context activities, and in 2.0.0 UTC and hundredths of a second."""
    value: Json = copy.deepcopy(statement)
    for body in (value, value["object"]):
        relations = body.get("context", {}).get("contextActivities", {})
        for name, some in relations.items():
            relations[name] = some if isinstance(some, list) else [some]
        if version is XapiVersion.V1_0_3 or (body is not value and body.get("objectType") != "SubStatement"):
            continue
        if "timestamp" in body and not body["timestamp"].endswith("Z"):
            cut = re.fullmatch(r"(.{19})(\.\d+)?(.*)", body["timestamp"])
            assert cut is not None
            whole, decimals, zone = cut.groups(default="")
            moment = datetime.fromisoformat(whole + (zone or "Z")).astimezone(UTC)
            body["timestamp"] = moment.isoformat().removesuffix("+00:00") + decimals + "Z"
        duration = body.get("result", {}).get("duration", "")
        if re.search(r"[.,]\d{3,}S$", duration):
            point = max(duration.find("."), duration.find(","))
            body["result"]["duration"] = duration[: point + 3] + "S"
    return value


@given(valid(), st.booleans(), st.booleans())
def test_a_valid_statement_is_accepted_and_its_payload_is_what_came(
    drawn: tuple[Json, XapiVersion], ascii_only: bool, spaced: bool
) -> None:
    statement, version = drawn
    (read,) = read_statements(as_json(statement, ascii_only=ascii_only, spaced=spaced), version)
    assert read.value == statement
    expected = {"id": str(read.id), "version": version.default_statement_version, **statement}
    expected.pop("stored", None)
    expected.pop("authority", None)
    assert json.loads(read.payload) == recorded(expected, version)
    if "id" in statement:
        assert read.id == UUID(statement["id"])
    else:
        assert read.id.version == 4
    assert (read.timestamp is None) == ("timestamp" not in statement)
    assert len(read.digest) == 16


@given(st.lists(statements(XapiVersion.V2_0_0), max_size=4))
def test_a_batch_is_read_in_its_order(batch: list[Json]) -> None:
    for statement in batch:
        statement.pop("id", None)
    read = read_statements(as_json(batch), XapiVersion.V2_0_0)
    assert [one.value for one in read] == batch
    assert len({one.id for one in read}) == len(batch)


AGENT: Final[Json] = {"mbox": "mailto:a@example.com"}
ACTIVITY: Final[Json] = {"id": "http://example.com/a"}

CORRUPTIONS: Final[list[tuple[Path, Any, Path]]] = [
    (("id",), "not-a-uuid", ("id",)),
    (("actor",), "mailto:a@example.com", ("actor",)),
    (("actor",), None, ("actor",)),
    (("actor",), {**AGENT, "openid": "http://example.com/a"}, ("actor",)),
    (("actor",), {"name": "nobody"}, ("actor",)),
    (("actor",), {**AGENT, "objectType": "agent"}, ("actor", "objectType")),
    (("actor",), {"mbox": "a@example.com"}, ("actor", "mbox")),
    (("actor",), {"objectType": "Group"}, ("actor",)),
    (
        ("actor",),
        {"objectType": "Group", "member": [AGENT, {"objectType": "Group", **AGENT}]},
        ("actor", "member", 1, "objectType"),
    ),
    (("verb", "id"), "voided", ("verb", "id")),
    (("verb", "ID"), "http://example.com/v", ("verb", "ID")),
    (("verb", "display"), {"en": None}, ("verb", "display", "en")),
    (("verb", "display"), {"english": 1}, ("verb", "display", "english")),
    (("object",), {}, ("object", "id")),
    (("object",), {**AGENT, "objectType": "Person"}, ("object", "objectType")),
    (("object",), {"objectType": "StatementRef", "id": "x"}, ("object", "id")),
    (("object",), {**ACTIVITY, "definition": {"type": "course"}}, ("object", "definition", "type")),
    (
        ("object",),
        {**ACTIVITY, "definition": {"interactionType": "numeric", "choices": []}},
        ("object", "definition", "choices"),
    ),
    (("result",), {"score": {"scaled": 1.5}}, ("result", "score", "scaled")),
    (("result",), {"score": {"raw": 3, "max": 2}}, ("result", "score", "raw")),
    (("result",), {"success": "true"}, ("result", "success")),
    (("result",), {"duration": "P4W1D"}, ("result", "duration")),
    (("context",), {"registration": "x"}, ("context", "registration")),
    (("context",), {"team": AGENT}, ("context", "team", "objectType")),
    (("context",), {"language": "en_US"}, ("context", "language")),
    (
        ("context",),
        {"contextActivities": {"parent": {"id": "relative"}}},
        ("context", "contextActivities", "parent", "id"),
    ),
    (
        ("context",),
        {"contextActivities": {"other": [ACTIVITY, None]}},
        ("context", "contextActivities", "other", 1),
    ),
    (("context",), {"contextActivities": {"Parent": []}}, ("context", "contextActivities", "Parent")),
    (("timestamp",), "2008-09-15T15:53:00.601-00:00", ("timestamp",)),
    (("timestamp",), "2023-02-29T00:00:00Z", ("timestamp",)),
    (("stored",), 1, ("stored",)),
    (("authority",), {"objectType": "Group", "member": [AGENT]}, ("authority",)),
    (("version",), "0.9.9", ("version",)),
    (("attachments",), [{}], ("attachments", 0, "sha2")),
    (("inProgress",), False, ("inProgress",)),
]
"""What is put where in a valid statement, and where the fault is then."""


@pytest.mark.parametrize(("place", "put", "fault"), CORRUPTIONS)
@settings(max_examples=10)
@given(drawn=valid(), neighbours=st.booleans())
def test_one_corruption_is_found_where_it_is(
    place: Path, put: Any, fault: Path, drawn: tuple[Json, XapiVersion], neighbours: bool
) -> None:
    statement, version = drawn
    corrupt: Any = copy.deepcopy(statement)
    inner = corrupt
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = put
    body = as_json([statement | {"id": str(UUID(int=1))}, corrupt] if neighbours else corrupt)
    with pytest.raises(StatementRefused) as caught:
        read_statements(body, version)
    violations = caught.value.violations
    assert _named(((1,) if neighbours else ()) + fault) in {violation.path for violation in violations}
    assert all(violation.clause.startswith(f"xAPI {version} ") for violation in violations)
    assert all(len(violation.found) <= 100 for violation in violations)
    if neighbours:
        assert not any(violation.path.startswith("[0]") for violation in violations)


def _named(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def accepted_or_refused(body: bytes, version: XapiVersion) -> bool:
    """Whether the body was accepted; any exception but a refusal with a reason goes through."""
    violations: tuple[Violation, ...] = ()
    refused = False
    try:
        read_statements(body, version)
    except StatementRefused as refusal:
        refused, violations = True, refusal.violations
    assert refused == bool(violations)
    return not refused


@given(st.binary(), st.sampled_from(VERSIONS))
def test_no_bytes_raise_anything_but_a_refusal(body: bytes, version: XapiVersion) -> None:
    accepted_or_refused(body, version)


@given(JSON_VALUES, st.sampled_from(VERSIONS))
def test_no_json_raises_anything_but_a_refusal(value: Any, version: XapiVersion) -> None:
    assert accepted_or_refused(as_json(value), version) == (value == [])


def _places(value: Any, path: Path = ()) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, one in inner for place in _places(one, (*path, name)))]


@given(valid(), st.data())
def test_a_statement_with_anything_anywhere_raises_nothing_but_a_refusal(
    drawn: tuple[Json, XapiVersion], data: st.DataObject
) -> None:
    statement, version = drawn
    corrupt: Any = {"": copy.deepcopy(statement)}
    place = ("", *data.draw(st.sampled_from(_places(statement))))
    inner = corrupt
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = data.draw(JSON_VALUES)
    accepted_or_refused(as_json(corrupt[""]), version)


@given(valid(), st.data())
def test_a_text_with_bytes_cut_out_or_changed_raises_nothing_but_a_refusal(
    drawn: tuple[Json, XapiVersion], data: st.DataObject
) -> None:
    statement, version = drawn
    body = as_json(statement)
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 4)))
    accepted_or_refused(body[:start] + data.draw(st.binary(max_size=3)) + body[end:], version)


@given(valid(), st.data())
def test_a_property_used_twice_is_refused_wherever_it_is(drawn: tuple[Json, XapiVersion], data: st.DataObject) -> None:
    statement, version = drawn
    places = [place for place in _places(statement) if place and isinstance(place[-1], str) and place[-1].isascii()]
    place = data.draw(st.sampled_from(places))
    assert _with_twice(statement, place) != as_json(statement)
    with pytest.raises(StatementRefused) as caught:
        read_statements(_with_twice(statement, place), version)
    assert {violation.rule for violation in caught.value.violations} == {"must be used no more than once"}


def _with_twice(value: Any, place: Path) -> bytes:
    """The text of the value with the property at the place written twice."""
    if isinstance(value, list):
        parts = [_with_twice(one, place[1:]) if place[:1] == (i,) else as_json(one) for i, one in enumerate(value)]
        return b"[" + b",".join(parts) + b"]"
    members = []
    for name, inner in value.items():
        here = place[:1] == (name,)
        text = _with_twice(inner, place[1:]) if here and len(place) > 1 else as_json(inner)
        members += [as_json(name) + b":" + text] * (2 if here and len(place) == 1 else 1)
    return b"{" + b",".join(members) + b"}"
