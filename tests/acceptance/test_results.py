"""POST with X-LRS-Results: each statement of a batch fares as if it had been sent alone, and has its result."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrs.api.batch_results import MOST, MOST_LISTED
from schemas.scope import Scope
from tests.acceptance.conftest import MOST_BYTES
from tests.acceptance.endpoint import Endpoint, Json, new_statement, voiding
from tests.acceptance.tenants import Caller, add_tenant, credential
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.one_database("embedded")

ASKING = {"X-LRS-Results": "true"}


def results(endpoint: Endpoint, batch: Any, status: int, **options: Any) -> list[Json]:
    """What became of each statement."""
    answer = endpoint.send(batch, headers=ASKING, **options)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"results", "counts"}
    found: list[Json] = body["results"]
    assert sum(body["counts"].values()) == len(found) == (len(batch) if isinstance(batch, list) else 1)
    new = [one["position"] for one in found if one["outcome"] == "stored"]
    assert answer.headers["X-LRS-Stored"] == str(len(new))
    assert answer.headers.get("X-LRS-Position") == (str(max(new)) if new else None)
    return found


def test_every_outcome(endpoint: Endpoint) -> None:
    known, taken, new = new_statement(), new_statement(), new_statement()
    endpoint.post([known, taken])
    refused = new_statement(verb={"id": "did"}, result={"success": 1})
    nameless = {name: value for name, value in new_statement().items() if name != "id"}
    batch = [known, {**taken, "result": {}}, refused, new, nameless, 7, {**nameless, "id": "x"}]
    found = results(endpoint, batch, 207)
    assert [one["outcome"] for one in found] == [
        "known",
        "conflict",
        "refused",
        "stored",
        "stored",
        "refused",
        "refused",
    ]
    made = found[4]["id"]
    assert UUID(made).version == 4
    assert [one["id"] for one in found] == [known["id"], taken["id"], refused["id"], new["id"], made, None, None]
    assert [[fault["path"] for fault in one.get("violations", [])] for one in found] == [
        [],
        ["id"],
        ["result.success", "verb.id"],
        [],
        [],
        [""],
        ["id"],
    ]
    assert found[3]["position"] < found[4]["position"]
    assert endpoint.is_there(new["id"])
    assert endpoint.is_there(made)
    assert not endpoint.is_there(refused["id"])
    assert "result" not in endpoint.get(statementId=taken["id"]).json()


def test_one_id_twice(endpoint: Endpoint) -> None:
    one, taken = new_statement(), new_statement()
    endpoint.post(taken)
    other, clash = {**one, "result": {}}, {**taken, "result": {}}
    found = results(endpoint, [one, one, other, one, clash, taken, clash], 207, version="2.0.0")
    outcomes = ["stored", "known", "conflict", "known", "conflict", "known", "conflict"]
    assert [one["outcome"] for one in found] == outcomes


def test_all_is_well(endpoint: Endpoint) -> None:
    batch = [new_statement() for _ in range(3)]
    assert {one["outcome"] for one in results(endpoint, batch, 200)} == {"stored"}
    assert {one["outcome"] for one in results(endpoint, batch, 200)} == {"known"}
    assert results(endpoint, new_statement(), 200)[0]["outcome"] == "stored"
    assert results(endpoint, [], 200) == []


def test_a_statement_without_the_data_of_its_attachment_is_refused_alone(endpoint: Endpoint) -> None:
    attachment = {
        "usageType": "http://example.com/usage",
        "display": {"en": "A"},
        "contentType": "text/plain",
        "length": 1,
        "sha2": "0" * 64,
    }
    there = new_statement(attachments=[{**attachment, "fileUrl": "http://example.com/file"}])
    found = results(endpoint, [new_statement(attachments=[attachment]), there], 207)
    assert [one["outcome"] for one in found] == ["refused", "stored"]
    assert [fault["path"] for fault in found[0]["violations"]] == ["attachments[0]"]


def test_what_is_asked_for_otherwise_is_all_or_nothing(endpoint: Endpoint) -> None:
    good = new_statement()
    for headers in ({}, {"X-LRS-Results": "False"}):
        answer = endpoint.send([good, {"id": "x"}], headers=headers)
        assert answer.status_code == 400
    assert not endpoint.is_there(good["id"])


@pytest.mark.parametrize("value", ["", "1", "yes", "true, true"])
def test_a_header_that_says_nothing(endpoint: Endpoint, value: str) -> None:
    good = new_statement()
    answer = endpoint.send(good, headers={"X-LRS-Results": value})
    assert answer.status_code == 400
    assert [one["path"] for one in answer.json()["violations"]] == ["X-LRS-Results"]
    assert not endpoint.is_there(good["id"])


def test_what_is_no_batch_is_refused_whole(endpoint: Endpoint) -> None:
    for body, status in ((b"", 400), (b"[", 400), (b"\xff", 400), (b"[1,]", 400), (b" " * (MOST_BYTES + 1), 413)):
        assert endpoint.send(body, headers=ASKING).status_code == status
    mixed = {**ASKING, "Content-Type": "multipart/mixed; boundary=x"}
    answer = endpoint.ask("POST", content=b"--x--", headers=mixed)
    assert (answer.status_code, answer.json()["violations"][0]["path"]) == (400, "Content-Type")
    answer = endpoint.send(b"[" + b"1," * MOST + b"1]", headers=ASKING)
    assert (answer.status_code, answer.json()["violations"][0]["path"]) == (400, "")


def test_the_answer_stays_small(endpoint: Endpoint) -> None:
    text = b'{"a":1,"b":1,"actor":1,"verb":1,"object":1}'
    count = MOST_BYTES // (len(text) + 1)
    answer = endpoint.send(b"[" + b",".join([text] * count) + b"]", headers=ASKING)
    listed = [len(one["violations"]) for one in answer.json()["results"]]
    assert len(listed) == count
    assert min(listed) == 1
    assert max(listed) == 5
    assert MOST_LISTED <= sum(listed) <= MOST_LISTED + count


# --- as if sent alone --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(embedded_server: PostgresServer) -> Iterator[list[tuple[Caller, Caller]]]:
    """Two tenants of one server, who are sent the same: strictly, and with compatibility."""
    with ExitStack() as stack:
        url = stack.enter_context(migrated_database(embedded_server))
        for tenant in (2, 3):
            add_tenant(url, tenant)
        origin = stack.enter_context(serving(url)).origin
        client = stack.enter_context(httpx.Client())
        bosses = [Caller(origin, client, credential(url, Scope.ALL, tenant=tenant)) for tenant in (2, 3)]
        repairing = []
        for boss in bosses:
            made = boss.ask("POST", "/api/credentials", json={"scopes": ["all"], "compatibility": True}).json()
            repairing.append(Caller(origin, client, (made["key"], made["secret"])))
        yield [(bosses[0], bosses[1]), (repairing[0], repairing[1])]


PARTS: list[Json] = [
    {},
    {"result": {"score": {"raw": 1.10}}},
    {"result": {"success": 1}},
    {"object": {"objectType": "GroupActivity", "id": "http://example.com/a"}},
    {"actor": {"account": {"name": "7"}}, "verb": {"id": "did"}},
    {"actor": {"account": {"name": "", "homePage": "http://example.com"}}},
    {"nonsense": None},
]
batches = st.lists(
    st.tuples(st.none() | st.integers(0, 3), st.sampled_from(PARTS) | st.integers(0, 3)), min_size=1, max_size=8
)


def alone(caller: Caller, statement: Json) -> Json:
    """What becomes of a statement that is sent alone, written as a result."""
    answer = caller.ask("POST", "/xapi/statements", json=statement)
    if answer.status_code == 200:
        outcome = "stored" if answer.headers["X-LRS-Stored"] == "1" else "known"
        result = {"id": answer.json()[0], "outcome": outcome}
        repaired = answer.headers.get("X-LRS-Repaired")
        return result | ({"repaired": [repaired.split("; ")[1].split("=")[0]]} if repaired else {})
    outcome = {400: "refused", 409: "conflict"}[answer.status_code]
    return {"id": statement.get("id"), "outcome": outcome, "violations": answer.json()["violations"]}


@given(batches, st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_as_if_each_was_sent_alone(
    pair: list[tuple[Caller, Caller]], drawn: list[tuple[int | None, Json | int]], repairing: bool
) -> None:
    together, apart = pair[repairing]
    example = uuid4()
    batch = []
    for number, parts in drawn:
        statement = new_statement(**parts) if isinstance(parts, dict) else voiding(str(uuid5(example, str(parts))))
        del statement["id"]
        batch.append(statement if number is None else {"id": str(uuid5(example, str(number))), **statement})
    answer = together.ask("POST", "/xapi/statements", json=batch, headers=ASKING)
    one_by_one = [alone(apart, statement) for statement in batch]
    assert answer.status_code == (207 if {one["outcome"] for one in one_by_one} & {"refused", "conflict"} else 200)
    found = answer.json()["results"]
    pairs = list(zip(found, one_by_one, strict=True))
    for (one, other), statement in zip(pairs, batch, strict=True):
        if "id" in statement or one["outcome"] == "refused":
            assert one["id"] == other["id"]
        assert {**one, "id": None, "position": None} == {**other, "id": None, "position": None}
    for one, other in pairs:
        if one["id"] is not None:
            assert stored(together, one["id"]) == stored(apart, other["id"])


def stored(caller: Caller, identity: str) -> Json | int:
    """What is stored under an id, but for what must differ; voided or not."""
    for name in ("statementId", "voidedStatementId"):
        answer = caller.get(**{name: identity})
        if answer.status_code == 200:
            statement: Json = answer.json()
            hidden = {"id", "stored", "timestamp", "authority"}
            return {name: True, **{key: value for key, value in statement.items() if key not in hidden}}
    return answer.status_code
