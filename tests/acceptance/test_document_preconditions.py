"""The preconditions of each version (xAPI Communication 3.1): they hold, or they are named and nothing is changed."""

from typing import Any

import pytest

from tests.acceptance.document_resources import (
    JSON,
    PROFILES,
    STATE,
    Documents,
    as_json,
    documents_of_a_new_owner,
    etag,
)
from tests.acceptance.endpoint import Endpoint

pytestmark = pytest.mark.one_database("embedded")


def test_a_put_without_a_precondition(versioned: Documents) -> None:
    """1.0.3 lets states be overwritten and wants a precondition for every profile; 2.0 for whatever exists."""
    old = versioned.version == "1.0.3"
    is_state = versioned.resource == STATE
    new = versioned.put("one", b"first")
    assert new == (400 if old and not is_state else 204)
    if new == 400:
        assert versioned.get("one") is None
        versioned.create("one", b"first")
    answer = versioned.ask("PUT", "one", b"second", headers={"Content-Type": "text/plain"})
    if old and is_state:
        assert answer.status_code == 204
        assert versioned.get("one") == b"second"
    else:
        assert answer.status_code == 409
        assert "If-Match" in answer.json()["detail"]
        assert etag(b"first").strip('"') in answer.json()["violations"][0]["rule"]
        assert versioned.get("one") == b"first"


def matching(content: bytes) -> list[str]:
    """What matches a document of this content, in every spelling."""
    tag = etag(content)
    return ["*", tag, f"W/{tag}", tag.strip('"'), f'"other", {tag}', f',{tag} ,, "a,b"']


DIFFERENT = ['"1234"', etag(b"x"), '"a", W/"b"', '""']


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_preconditions(documents: Documents, method: str, header: str) -> None:
    """Each header, with and without a document: it holds, or it is named and nothing is changed."""
    sent: Any = None if method == "DELETE" else b'{"a":1}'
    for number, value in enumerate([*matching(b"{}")[:3], DIFFERENT[0]]):
        id = str(number)
        headers = {header: value, "Content-Type": JSON}
        answer = documents.ask(method, id, sent, headers=headers)
        assert answer.status_code == (412 if header == "If-Match" else 204)
        assert documents.get(id) == (None if header == "If-Match" else sent)
        documents.delete(id)
        documents.create(id, b"{}")
        answer = documents.ask(method, id, sent, headers=headers)
        if (value in DIFFERENT) == (header == "If-Match"):
            assert answer.status_code == 412
            assert [one["path"] for one in answer.json()["violations"]] == [header]
            assert documents.get(id) == b"{}"
        else:
            assert answer.status_code == 204
            assert documents.get(id) == sent


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_reader_that_has_it_already(documents: Documents, method: str) -> None:
    documents.create("one", b"{}")
    for value in matching(b"{}"):
        answer = documents.ask(method, "one", headers={"If-None-Match": value})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag(b"{}")
        assert documents.ask(method, "one", headers={"If-Match": value}).status_code == 200
        assert documents.ask(method, "two", headers={"If-None-Match": value}).status_code == 404
    for value in DIFFERENT:
        assert documents.ask(method, "one", headers={"If-None-Match": value}).status_code == 200
        assert documents.ask(method, "one", headers={"If-Match": value}).status_code == 412


def test_both_preconditions_must_hold(documents: Documents) -> None:
    documents.create("one", b"{}")
    assert documents.put("one", b"1", If_Match="*", If_None_Match=etag(b"{}")) == 412
    assert documents.put("one", b"1", If_Match='"a"', If_None_Match='"b"') == 412
    assert documents.get("one") == b"{}"
    assert documents.put("one", b"1", If_Match="*", If_None_Match='"b"') == 204


def test_a_profile_is_changed_as_clients_do(endpoint: Endpoint) -> None:
    """Read, change, send back with the ETag that came; who was slower is told."""
    for resource in PROFILES:
        documents = documents_of_a_new_owner(endpoint, resource)
        documents.create("one", as_json({"n": 1}))
        seen = documents.ask("GET", "one").headers["ETag"]
        assert documents.put("one", as_json({"n": 2}), If_Match=seen) == 204
        assert documents.put("one", as_json({"n": 3}), If_Match=seen) == 412
        assert documents.delete("one", If_Match=seen) == 412
        assert documents.get("one") == as_json({"n": 2})
