"""The document resources over HTTP: what is stored comes back, what is merged, listed, deleted (xAPI Communication 2.2,
2.3, 2.6, 2.7); the preconditions are in test_document_preconditions.py."""

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from uuid import uuid4

import pytest

from tests.acceptance.document_resources import (
    JSON,
    RESOURCES,
    STATE,
    Documents,
    as_json,
    documents_of_a_new_owner,
    etag,
)
from tests.acceptance.endpoint import Endpoint

pytestmark = pytest.mark.one_database("embedded")


@pytest.fixture(params=RESOURCES)
def resource(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def states(endpoint: Endpoint) -> Documents:
    return documents_of_a_new_owner(endpoint, STATE)


# --- what is stored comes back -----------------------------------------------------------------------------------


CONTENTS = [
    (b'{"a":  1.000}', "application/json"),
    (b"", "text/plain"),
    (bytes(range(256)), "application/octet-stream"),
    ("grüße".encode(), 'text/plain; charset="UTF-8"; format=flowed'),
    (b"<script>", "Text/HTML"),
    (b"--x--", "multipart/mixed; boundary=x"),
    (b"a=b", "application/x-www-form-urlencoded"),
]


@pytest.mark.parametrize(("content", "kind"), CONTENTS)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_any_bytes_of_any_type(documents: Documents, method: str, content: bytes, kind: str) -> None:
    answer = documents.ask(method, "one", content, headers={"Content-Type": kind, "If-None-Match": "*"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert documents.get("one") == content
    got, head = (documents.ask(one, "one") for one in ("GET", "HEAD"))
    assert got.headers["Content-Type"] == kind
    assert got.headers["Content-Security-Policy"] == "sandbox"
    assert (head.status_code, head.content) == (200, b"")
    same = ("ETag", "Last-Modified", "Content-Type", "Content-Length")
    assert [head.headers[name] for name in same] == [got.headers[name] for name in same]


@pytest.mark.parametrize("content", [b"no JSON", b"[]", b"{}[", b"\xff", b""])
def test_what_says_it_is_json_and_is_no_object(versioned: Documents, content: bytes) -> None:
    """Stored, as Captivate and Rise need it; but not as a new profile by a POST (2.2, 2.7)."""
    kind = "Application/JSON; charset=utf-8"
    versioned.create("put", content, kind)
    assert versioned.get("put") == content
    refused = versioned.resource != STATE
    assert versioned.post("posted", content, kind) == (400 if refused else 204)
    assert versioned.get("posted") == (None if refused else content)


def test_a_long_document_is_compressed_on_its_way(documents: Documents) -> None:
    """For who accepts that; its ETag still serves as If-Match, and HEAD says the same without a body."""
    content = as_json({"text": "long " * 2000})
    documents.create("one", content)
    got, head = (documents.ask(one, "one", headers={"Accept-Encoding": "gzip"}) for one in ("GET", "HEAD"))
    assert got.headers["Content-Encoding"] == "gzip"
    assert got.content == content
    assert (head.status_code, head.content) == (200, b"")
    assert got.headers["ETag"] == head.headers["ETag"]
    assert documents.put("one", b"{}", If_Match=got.headers["ETag"]) == 204


def test_a_document_without_a_type(states: Documents) -> None:
    assert states.ask("PUT", "one", b"\0").status_code == 204
    assert states.ask("GET", "one").headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("id", ["a/b?c=d&e#f", "ünï ☃ \U0001f600", " ", "\ufffd", "x" * 8000, "+", "%41"])
def test_any_id(documents: Documents, id: str) -> None:
    documents.create(id, b"1")
    assert documents.ids() == [id]
    assert documents.get(id) == b"1"
    assert documents.delete(id) == 204
    assert documents.ids() == []


def test_nothing_there(documents: Documents) -> None:
    assert documents.get("one") is None
    assert documents.ask("HEAD", "one").status_code == 404
    assert documents.ids() == []
    assert documents.delete("one") == 204


def test_owners_are_told_apart(endpoint: Endpoint, resource: str) -> None:
    """By each of their parts; one agent may be written in many ways."""
    one, other = (documents_of_a_new_owner(endpoint, resource) for _ in range(2))
    mixed = [Documents(endpoint, resource, {**one.owner, name: other.owner[name]}) for name in one.owner]
    if resource == STATE:
        mixed += [Documents(endpoint, resource, {**one.owner, "registration": str(uuid4())}) for _ in range(2)]
    everyone = [one, other, *mixed] if len(mixed) > 1 else [one, other]
    for number, owner in enumerate(everyone):
        owner.create("same id", b"%d" % number)
    assert [owner.get("same id") for owner in everyone] == [b"%d" % number for number in range(len(everyone))]
    assert all(owner.ids() == ["same id"] for owner in everyone)
    if "agent" in one.owner:
        agent = {"objectType": "Agent", "name": "Ann", **json.loads(one.owner["agent"])}
        assert Documents(endpoint, resource, {**one.owner, "agent": json.dumps(agent)}).get("same id") == b"0"
    assert one.delete("same id") == 204
    assert one.get("same id") is None
    assert all(owner.get("same id") is not None for owner in everyone[1:])


def test_a_registration_in_capitals_is_the_same(states: Documents) -> None:
    registration = str(uuid4())
    lower, upper = (
        Documents(states.endpoint, STATE, {**states.owner, "registration": one})
        for one in (registration, registration.upper())
    )
    lower.create("one", b"1")
    assert upper.get("one") == b"1"


# --- merging (2.2) -----------------------------------------------------------------------------------------------


def test_a_post_merges_one_level_deep(documents: Documents) -> None:
    kept = b'{"a": 1, "b": {"deep": true}, "c": 12345678901234567890.10}'
    assert documents.post("one", kept) == 204
    assert documents.post("one", b'{"b": {"other": []}, "d": 1e400, "\xc3\xa4": null}') == 204
    found = documents.get("one")
    assert found == '{"a":1,"b":{"other": []},"c":12345678901234567890.10,"d":1e400,"ä":null}'.encode()
    assert documents.ask("GET", "one").headers["Content-Type"] == "application/json"


NOT_MERGED = [
    (b"{}", JSON, b"{}", "text/plain", ["Content-Type"]),
    (b"{}", "application/octet-stream", b"{}", JSON, ["Content-Type"]),
    (b"{}", "text/plain", b"{}", "text/plain", ["Content-Type", "Content-Type"]),
    (b"{}", JSON, b"{}", "application/jsonx", ["Content-Type"]),
    (b"{}", JSON, b"{}{", JSON, [""]),
    (b"{}", JSON, b"", JSON, [""]),
    (b"{}", JSON, b"[]", JSON, [""]),
    (b"{}", JSON, b"null", JSON, [""]),
    (b"{}", JSON, b'{"a":"\xff"}', JSON, [""]),
    (b"{}", JSON, b'{"a":"\\ud800"}', JSON, [""]),
    (b"{}", JSON, b'{"a":NaN}', JSON, [""]),
    (b"{}", JSON, b'{"a":' + b"[" * 40_000 + b"]" * 40_000 + b"}", JSON, [""]),
    (b"no JSON", JSON, b"{}", JSON, [""]),
    (b"[1]", JSON, b"no JSON", JSON, ["", ""]),
]


@pytest.mark.parametrize(("kept", "kind", "sent", "sent_kind", "named"), NOT_MERGED)
def test_what_is_no_json_object_is_not_merged(
    documents: Documents, kept: bytes, kind: str, sent: bytes, sent_kind: str, named: list[str]
) -> None:
    documents.create("one", kept, kind)
    answer = documents.ask("POST", "one", sent, headers={"Content-Type": sent_kind})
    assert answer.status_code == 400
    assert [one["path"] for one in answer.json()["violations"]] == named
    assert documents.get("one") == kept
    assert documents.ask("GET", "one").headers["Content-Type"] == kind


# --- many documents ----------------------------------------------------------------------------------------------


def test_since_is_exclusive_and_last_modified_is_the_newest(documents: Documents) -> None:
    for id in ("first", "second", "third"):
        documents.create(id, b"{}")
    assert documents.ids() == ["first", "second", "third"]
    assert documents.post("first", b'{"again": 1}') == 204
    assert documents.ids() == ["second", "third", "first"]
    everything = documents.ask("GET")
    assert everything.headers["Last-Modified"] == documents.ask("GET", "first").headers["Last-Modified"]
    assert everything.headers["ETag"] == etag(everything.content)
    newest = parsedate_to_datetime(everything.headers["Last-Modified"])
    assert documents.ids(since=(newest - timedelta(hours=1)).isoformat()) == ["second", "third", "first"]
    nothing = documents.ask("GET", params={"since": (newest + timedelta(seconds=1)).isoformat()})
    assert (nothing.status_code, nothing.content) == (200, b"[]")
    assert "Last-Modified" not in nothing.headers
    unchanged = documents.ask("GET", headers={"If-None-Match": everything.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_states_are_deleted_by_registration(states: Documents) -> None:
    """Without a registration, those without one; never those of a registration."""
    registered = Documents(states.endpoint, STATE, {**states.owner, "registration": str(uuid4())})
    for id in ("one", "two"):
        states.create(id, b"1")
        registered.create(id, b"2")
    assert states.delete() == 204
    assert states.ids() == []
    assert registered.ids() == ["one", "two"]
    assert states.delete() == 204
    assert registered.delete() == 204
    assert registered.ids() == []


@pytest.mark.parametrize("headers", [{"If-Match": "*"}, {"If-None-Match": '"a"'}])
def test_many_documents_have_no_precondition(states: Documents, headers: dict[str, str]) -> None:
    states.create("one", b"1")
    assert states.ask("DELETE", headers=headers).status_code == 400
    assert states.ids() == ["one"]
