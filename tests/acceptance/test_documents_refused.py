"""Whatever the document resources refuse, they refuse with a 4xx that names the place, and change nothing."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.conftest import MOST_BYTES
from tests.acceptance.document_resources import (
    ACTIVITY_PROFILE,
    AGENT_PROFILE,
    ANY,
    RESOURCES,
    STATE,
    as_json,
    documents_of_a_new_owner,
)
from tests.acceptance.endpoint import Endpoint

pytestmark = pytest.mark.parametrize("database_server", ["embedded"], indirect=True)

WHO = {"agent": '{"mbox":"mailto:ann@example.com"}'}
WHAT = {"activityId": "http://example.com/a"}
GOOD = {STATE: {**WHO, **WHAT, "stateId": "x"}, AGENT_PROFILE: {**WHO, "profileId": "x"}}
GOOD[ACTIVITY_PROFILE] = {**WHAT, "profileId": "x"}


def paths(answer: httpx.Response) -> list[str]:
    """What a refusal names."""
    assert answer.status_code == 400, answer.text
    violations = answer.json()["violations"]
    assert all(one["rule"] and one["clause"] and len(one["found"]) <= 100 for one in violations)
    return sorted(one["path"] for one in violations)


METHODS = ["GET", "PUT", "POST", "DELETE"]


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("method", METHODS)
def test_parameters_that_are_missing_or_too_many(endpoint: Endpoint, resource: str, method: str) -> None:
    def ask(**params: str) -> httpx.Response:
        headers = {} if method in ("GET", "DELETE") else ANY
        return endpoint.ask(method, f"/xapi/{resource}", params=params, headers=headers)

    good = GOOD[resource]
    for name in good:
        missing = {key: value for key, value in good.items() if key != name}
        may_be_missing = name.endswith("Id") and name != "activityId"
        if may_be_missing and (method == "GET" or (method == "DELETE" and resource == STATE)):
            assert ask(**missing).status_code in (200, 204)
        else:
            assert paths(ask(**missing)) == [name]
        wrong_case = name[0].upper() + name[1:]
        assert wrong_case in paths(ask(**missing, **{wrong_case: good[name]}))
    others = {"registration", "activityId", "agent", "profileId", "stateId"} - set(good) - {"registration"}
    for name in sorted(others | {"format", "since"} | ({"registration"} if resource != STATE else set())):
        assert paths(ask(**good, **{name: "2020-01-01T00:00:00Z"})) == [name]
    assert paths(ask()) == sorted(name for name in good if not may_be_left_out(name, method, resource))


def may_be_left_out(name: str, method: str, resource: str) -> bool:
    """Whether a request may be about all documents of an owner."""
    return name in ("stateId", "profileId") and (method == "GET" or (method == "DELETE" and resource == STATE))


ID = "5f0c4e57-6d1b-4a52-8f0c-7e1c0f2a3b41"
BAD_VALUES = [
    ("activityId=a&stateId=x", ["activityId"]),
    ("activityId=http://example.com/%00&stateId=x", ["activityId"]),
    ("activityId=http://example.com/a&activityId=http://example.com/a&stateId=x", ["activityId"]),
    ("activityId=http://example.com/a&stateId=", ["stateId"]),
    ("activityId=http://example.com/a&stateId=%00", ["stateId"]),
    ("activityId=http://example.com/a&stateId=x&stateId=x", ["stateId"]),
    ("activityId=http://example.com/a&stateId=%FF", ["stateId"]),
    ("activityId=http://example.com/a&stateId=%ED%A0%80", ["stateId"]),
    ("activityId=http://example.com/a&stateId=x&%FF=1", ['["\N{REPLACEMENT CHARACTER}"]']),
    (f"activityId=http://example.com/a&stateId=x&registration={ID[:-1]}", ["registration"]),
    ("activityId=http://example.com/a&stateId=x&registration=", ["registration"]),
    ("activityId=http://example.com/a&stateId=x&registration=%00", ["registration"]),
]


@pytest.mark.parametrize(("query", "named"), BAD_VALUES)
@pytest.mark.parametrize("method", METHODS)
def test_values(endpoint: Endpoint, method: str, query: str, named: list[str]) -> None:
    agent = "agent=%7B%22mbox%22:%22mailto:ann@example.com%22%7D"
    assert paths(endpoint.ask(method, f"/xapi/activities/state?{agent}&{query}", content=b"1")) == named


BAD_AGENTS = [
    ("", ["agent"]),
    ("true", ["agent"]),
    ("[]", ["agent"]),
    ("{}", ["agent"]),
    ('{"mbox":"ann@example.com"}', ["agent.mbox"]),
    ('{"mbox":"mailto:ann@example.com","openid":"http://example.com/"}', ["agent"]),
    ('{"mbox":"mailto:ann@example.com","Name":"x"}', ["agent.Name"]),
    ('{"objectType":"Group","member":[{"mbox":"mailto:ann@example.com"}]}', ["agent"]),
    (r'{"account":{"homePage":"http://example.com/","name":"\u0000"}}', ["agent"]),
    (r'{"account":{"homePage":"http://example.com/","name":"\ud800"}}', ["agent"]),
    ("[" * 5000, ["agent"]),
]


@pytest.mark.parametrize("resource", [STATE, AGENT_PROFILE])
@pytest.mark.parametrize(("agent", "named"), BAD_AGENTS)
def test_agents(endpoint: Endpoint, resource: str, agent: str, named: list[str]) -> None:
    params = {**GOOD[resource], "agent": agent}
    for method in METHODS:
        answer = endpoint.ask(method, f"/xapi/{resource}", params=params, headers=ANY if method != "GET" else {})
        assert sorted(set(paths(answer))) == named


@pytest.mark.parametrize("since", ["", "yesterday", "2020-13-01T00:00:00Z", "true", "2020-01-01T00:00:00-00:00"])
def test_since(endpoint: Endpoint, since: str) -> None:
    for resource in RESOURCES:
        params = {name: value for name, value in GOOD[resource].items() if name not in ("stateId", "profileId")}
        assert paths(endpoint.ask("GET", f"/xapi/{resource}", params={**params, "since": since})) == ["since"]


@pytest.mark.parametrize("value", ["", ",", '"', '"a', 'a"b', '"a" "b"', '*, "a"', '"*"', "*,*", '"a b"', "a b", "é"])
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_preconditions_that_cannot_be_read(endpoint: Endpoint, header: str, value: str) -> None:
    documents = documents_of_a_new_owner(endpoint, STATE)
    documents.create("one", b"{}")
    headers = {header.encode(): value.encode(), b"Content-Type": b"application/json"}
    for method in METHODS:
        answer = documents.ask(method, "one", b'{"a":1}' if method in ("PUT", "POST") else None, headers=headers)
        assert paths(answer) == [header]
    assert documents.get("one") == b"{}"


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("method", [*METHODS, "HEAD"])
def test_nobody_is_let_in_without_a_credential(endpoint: Endpoint, resource: str, method: str) -> None:
    for auth in (None, ("nobody", "x")):
        answer = endpoint.ask(method, f"/xapi/{resource}", params=GOOD[resource], auth=auth)
        assert answer.status_code == 401


@pytest.mark.parametrize("resource", RESOURCES)
def test_versions_and_methods(endpoint: Endpoint, resource: str) -> None:
    for method in METHODS:
        for version in (None, "0.95", "3.0.0"):
            answer = endpoint.ask(method, f"/xapi/{resource}", params=GOOD[resource], version=version)
            assert paths(answer) == ["X-Experience-API-Version"]
    assert endpoint.ask("PATCH", f"/xapi/{resource}", params=GOOD[resource]).status_code == 405


def _chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


@pytest.mark.parametrize("chunked", [False, True])
def test_documents_up_to_the_limit(endpoint: Endpoint, chunked: bool) -> None:
    documents = documents_of_a_new_owner(endpoint, STATE)
    for size, status in ((MOST_BYTES, 204), (MOST_BYTES + 1, 413)):
        for method in ("PUT", "POST"):
            id = f"{method} {size}"
            answer = documents.ask(method, id, _chunks(b"x" * size) if chunked else b"x" * size)
            assert answer.status_code == status
            assert documents.get(id) == (b"x" * size if status == 204 else None)


def test_merging_does_not_reach_beyond_the_limit(endpoint: Endpoint) -> None:
    documents = documents_of_a_new_owner(endpoint, STATE)
    half = {str(number): "x" * (MOST_BYTES // 2 - 100) for number in range(3)}
    statuses = [documents.post("one", as_json({name: value})) for name, value in half.items()]
    assert statuses == [204, 204, 413]
    assert set(json.loads(documents.get("one") or b"")) == {"0", "1"}


def test_content_types_that_are_none(endpoint: Endpoint) -> None:
    documents = documents_of_a_new_owner(endpoint, STATE)
    for kind in ("", "x" * 1001):
        assert paths(documents.ask("PUT", "one", b"1", headers={"Content-Type": kind})) == ["Content-Type"]
    assert documents.get("one") is None
