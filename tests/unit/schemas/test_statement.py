"""The rules between a statement's parts, between versions, and between what came and what is recorded."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from schemas.errors import StatementRefused
from schemas.statement import new_statement_id, read_statements
from schemas.verb import VOIDED
from tests.unit.schemas.statement_parts import (
    ACTIVITY,
    AGENT,
    GROUP,
    REFERENCE,
    V1,
    V2,
    faults,
    faults_of,
    read,
    statement,
)

ID = "fd41c918-b88b-4b20-a0a5-a4c32391aaa0"
SUB = {"objectType": "SubStatement", **statement()}


@pytest.mark.parametrize("name", ["actor", "verb", "object"])
def test_actor_verb_and_object_are_required(name: str) -> None:
    value = statement()
    del value[name]
    assert faults(value) == {name}


@pytest.mark.parametrize(
    ("about", "paths"),
    [
        ({"objectType": "Agent", **AGENT}, set()),
        (AGENT, {"object.id", "object.mbox"}),
        (GROUP, set()),
        (REFERENCE, set()),
        ({**REFERENCE, "id": "x"}, {"object.id"}),
        ({**REFERENCE, "objectType": "statementRef"}, {"object.objectType"}),
        ({**ACTIVITY, "objectType": None}, {"object.objectType"}),
        ("http://example.com", {"object"}),
        (SUB, set()),
        ({**SUB, "object": SUB}, {"object.object.objectType"}),
        (
            {**SUB, "id": ID, "stored": "x", "version": "1.0", "authority": AGENT},
            {"object.id", "object.stored", "object.version", "object.authority"},
        ),
        ({**SUB, "timestamp": "x", "attachments": [1]}, {"object.timestamp", "object.attachments[0]"}),
        ({**SUB, "context": {"contextAgents": []}}, {"object.context.contextAgents"}),
        ({**SUB, "object": REFERENCE, "context": {"platform": "x"}}, {"object.context.platform"}),
    ],
)
def test_the_object_type_decides_what_an_object_is(about: Any, paths: set[str]) -> None:
    assert faults(statement(object=about)) == paths


def test_voiding_needs_a_reference() -> None:
    assert faults(statement(verb={"id": VOIDED})) == {"object"}
    voiding = read(statement(verb={"id": VOIDED}, object=REFERENCE))
    assert voiding.voids == UUID(REFERENCE["id"])
    assert read(statement(object=REFERENCE)).voids is None


@pytest.mark.parametrize("name", ["revision", "platform"])
def test_revision_and_platform_go_with_an_activity(name: str) -> None:
    assert faults(statement(context={name: "x"})) == set()
    assert faults(statement(context={name: "x"}, object=REFERENCE)) == {f"context.{name}"}


def test_a_context_activity_may_stand_alone_or_in_an_array() -> None:
    context = {"contextActivities": {"parent": ACTIVITY, "other": [ACTIVITY], "category": []}}
    for version in (V1, V2):
        assert faults(statement(context=context), version) == set()
    assert faults(statement(context={"contextActivities": {"parent": {"id": "x"}}})) == {
        "context.contextActivities.parent.id"
    }
    assert faults(statement(context={"contextActivities": {"parent": ["x"]}})) == {
        "context.contextActivities.parent[0]"
    }


@pytest.mark.parametrize(
    ("context", "paths"),
    [
        ({"contextAgents": [{"objectType": "contextAgent", "agent": AGENT, "relevantTypes": ["a:b"]}]}, set()),
        ({"contextGroups": [{"objectType": "contextGroup", "group": GROUP}]}, set()),
        ({"contextAgents": [{"agent": AGENT}]}, {"contextAgents[0].objectType"}),
        ({"contextAgents": [{"objectType": "contextAgent", "agent": {}}]}, {"contextAgents[0].agent"}),
        (
            {"contextAgents": [{"objectType": "contextAgent", "agent": AGENT, "relevantTypes": []}]},
            {"contextAgents[0].relevantTypes"},
        ),
        (
            {"contextAgents": [{"objectType": "contextAgent", "agent": AGENT, "relevantTypes": ["abc"]}]},
            {"contextAgents[0].relevantTypes[0]"},
        ),
        ({"contextGroups": [{"objectType": "contextGroup", "group": AGENT}]}, {"contextGroups[0].group.objectType"}),
        ({"contextGroups": {}}, {"contextGroups"}),
    ],
)
def test_context_agents_and_groups_belong_to_2_0(context: dict[str, Any], paths: set[str]) -> None:
    assert faults(statement(context=context), V2) == {f"context.{path}" for path in paths}
    assert faults(statement(context=context), V1) == {f"context.{name}" for name in context}


def test_each_version_names_its_own_clause_and_takes_its_own_versions() -> None:
    for version, clause in ((V1, "xAPI 1.0.3 Data 2.4.2.1"), (V2, "xAPI 2.0.0 4.2.2.1")):
        with pytest.raises(StatementRefused) as caught:
            read(statement(actor={}), version)
        assert [violation.clause for violation in caught.value.violations] == [clause]
    assert faults(statement(version="2.0.0"), V1) == {"version"}
    assert read(statement(version="2.0.0"), V2).value["version"] == "2.0.0"
    assert read(statement(version="1.0.9"), V2).value["version"] == "1.0.9"


def test_every_violation_of_a_batch_is_reported() -> None:
    batch = [statement(), statement(verb={}), statement(actor="x", result={"success": "true"})]
    assert faults(batch) == {"[1].verb.id", "[2].actor", "[2].result.success"}


def test_an_id_comes_once_in_a_batch() -> None:
    batch = [statement(id=ID), statement(), statement(id=ID.upper())]
    for version in (V1, V2):
        assert faults(batch, version) == {"[2].id"}


def test_a_put_is_one_statement_with_the_id_of_its_query() -> None:
    def put(value: Any) -> UUID:
        (new,) = read_statements(json.dumps(value).encode(), V1, statement_id=UUID(ID), single=True)
        assert UUID(json.loads(new.payload)["id"]) == new.id
        return new.id

    assert put(statement()) == put(statement(id=ID.upper())) == UUID(ID)
    for wrong, path in ((statement(id=REFERENCE["id"]), "id"), ([statement()], "")):
        with pytest.raises(StatementRefused) as caught:
            put(wrong)
        assert [violation.path for violation in caught.value.violations] == [path]


def test_the_payload_is_the_clients_text_but_for_what_the_server_has_to_say() -> None:
    text = (
        b' {"id":"FD41C918-b88b-4b20-a0a5-a4c32391aaa0", "version":"1.0", "actor":{"mbox":"mailto:a@example.com"},\n'
        b'"verb":{"id":"a:b"},"object":{"id":"a:b"},"result":{"extensions":{"a:n":[1.10,1e400,-0.0,'
        b"123456789012345678901234567890.123]}}} "
    )
    (new,) = read_statements(text, V1)
    assert new.payload == text.strip()
    more = text.replace(
        b'"version":"1.0"', b'"stored":"2020-01-01T00:00:00Z","authority":{"mbox":"mailto:x@y.example"}'
    )
    (cut,) = read_statements(more, V1)
    members = json.loads(cut.payload, parse_float=str)
    assert set(members) == {"id", "version", "actor", "verb", "object", "result"}
    assert members["version"] == "1.0.0"
    assert members["result"]["extensions"]["a:n"] == ["1.10", "1e400", "-0.0", "123456789012345678901234567890.123"]
    assert cut.digest == new.digest


def test_ids_made_here_are_uuids_that_lie_in_order_of_time() -> None:
    made = [new_statement_id() for _ in range(50)]
    assert {(one.version, one.variant) for one in made} == {(4, "specified in RFC 4122")}
    assert len(set(made)) == len(made)
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)


def _around(text: str) -> bytes:
    """A valid statement with the text as the value of an extension."""
    return json.dumps(statement(context={"extensions": {"a:x": 0.125}})).replace("0.125", text).encode()


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (b"", {""}),
        (b"{", {""}),
        (b"\xef\xbb\xbf[]", {""}),
        (_around("NaN"), {""}),
        (_around("Infinity"), {""}),
        (_around('"\\ud800"'), {""}),
        (_around('"x"').replace(b'"x"', b'"\xff"'), {""}),
        (_around("[" * 100_000), {""}),
        (_around("[" * 2000 + "]" * 2000), {""}),
        (_around("[" * 98 + "]" * 98), {""}),
        (_around("[" * 97 + "]" * 97), set()),
        (_around("[" * 97 + '"]{[\\"["' + "]" * 97), set()),
        (_around("[" + ",".join(["[]"] * 500) + "]"), set()),
        (_around('"\\u0000"'), {'context.extensions["a:x"]'}),
        (_around('{"\\u0000":[]}'), {'context.extensions["a:x"]["\\u0000"]'}),
        (_around('"\\\\u0000"'), set()),
        (_around('{"a":1,"a":1}'), {'context.extensions["a:x"].a'}),
        (_around('{"a":1,"\\u0061":"\\"\\\\"}'), {'context.extensions["a:x"].a'}),
        (_around('[{"a":{},"b":"\\\\\\""},{"a":1e400,"a":2}]'), {'context.extensions["a:x"][1].a'}),
        (_around('{"a":"\\"","b":"","\\"":1}'), set()),
        (b"[1]", {"[0]"}),
        (b'"x"', {""}),
        (b"null", {""}),
        (b"[]", set()),
    ],
)
def test_json_is_read_strictly(body: bytes, paths: set[str]) -> None:
    for version in (V1, V2):
        assert faults_of(body, version) == paths


def test_extensions_hold_anything() -> None:
    values = ["null", "{}", "1e400", "-1" + "0" * 5000, "1e99999999999999999999", '{"":[null,true]}']
    for value in values:
        (new,) = read_statements(_around(value), V2)
        assert _around(value)[1:] in new.payload
