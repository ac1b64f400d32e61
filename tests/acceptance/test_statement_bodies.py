"""Whatever a body of statements is, it is taken or refused with a 4xx that names the place and stores nothing; never a
500.
"""

from typing import Any
from uuid import uuid4

import pytest

from tests.acceptance.conftest import MOST_BYTES
from tests.acceptance.endpoint import Endpoint, as_bytes, in_chunks, new_statement, paths

pytestmark = pytest.mark.one_database("embedded")

EXTENSION = "http://example.com/x"


def deep(levels: int) -> str:
    """Arrays within one another, in an extension."""
    return f'"context":{{"extensions":{{"{EXTENSION}":{"[" * levels}{"]" * levels}}}}}'


def with_score(raw: str) -> str:
    """A result with a score."""
    return f'"result":{{"score":{{"raw":{raw}}}}}'


HOSTILE_MEMBERS = {
    "invalid UTF-8": (b'"result":{"response":"\xff\xfe"}', ""),
    "an overlong NUL": (b'"result":{"response":"\xc0\x80"}', ""),
    "a surrogate in UTF-8": (b'"result":{"response":"\xed\xa0\x80"}', ""),
    "half a pair": (rb'"result":{"response":"\ud800"}', ""),
    "an escaped NUL": (rb'"result":{"response":"\u0000"}', "result.response"),
    "a NUL": (b'"result":{"response":"\0"}', ""),
    "a NUL as a name": (rb'"\u0000":1', None),
    "deep nesting": (deep(200).encode(), ""),
    "very deep nesting": (deep(20_000).encode(), ""),
    "a property twice": (b'"verb":{"id":"http://example.com/other"}', "verb"),
    "a property twice, inside": (b'"result":{"success":true,"success":true}', "result.success"),
    "a score that no double holds": (with_score("1e400").encode(), "result.score.raw"),
    "a score of five thousand digits": (with_score("1" * 5000).encode(), "result.score.raw"),
    "a score that is no number": (with_score("NaN").encode(), ""),
    "a score that is infinite": (with_score("-Infinity").encode(), ""),
    "a score in quotes": (with_score('"1"').encode(), "result.score.raw"),
    "an unknown property": (b'"Result":{}', "Result"),
    "null": (b'"result":null', "result"),
    "a number too large inside what is refused": (b'"result":{"duration":1e999999999999999999999}', "result.duration"),
}


@pytest.mark.parametrize("method", ["POST", "PUT", "POST in a batch"])
@pytest.mark.parametrize(("member", "place"), HOSTILE_MEMBERS.values(), ids=list(HOSTILE_MEMBERS))
def test_hostile_statements(endpoint: Endpoint, method: str, member: bytes, place: str | None) -> None:
    statement, innocent = new_statement(), new_statement()
    body = as_bytes(statement)[:-1] + b"," + member + b"}"
    if method == "PUT":
        answer = endpoint.send(body, "PUT", params={"statementId": statement["id"]})
    else:
        batch = method != "POST"
        answer = endpoint.send(b"[" + as_bytes(innocent) + b"," + body + b"]" if batch else body)
        if batch and place and answer.status_code == 400:
            place = f"[1].{place}"
    found = paths(answer)
    assert place is None or place in found or (place == "" and found == ["[1]"])
    assert not endpoint.is_there(statement["id"])
    assert not endpoint.is_there(innocent["id"])


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b" ",
            b"{",
            b"null",
            b"1",
            b'"text"',
            b"true",
            b"nul",
            b"[1]",
            b"[null]",
            b"[[]]",
            b"{}",
            b"[{}]",
            b"{}{}",
        ),
        *(
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\0}\0",
            b"[" * 50_000,
            b'{"a":' * 10_000,
            b"1e400",
            b"[" + b"1" * 10_000 + b"]",
        ),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_bodies_that_are_no_statements(endpoint: Endpoint, body: bytes) -> None:
    assert paths(endpoint.send(body))
    assert paths(endpoint.send(body, "PUT", params={"statementId": str(uuid4())}))


def test_one_bad_statement_in_a_batch_stores_nothing(endpoint: Endpoint) -> None:
    batch = [new_statement() for _ in range(4)]
    batch[1]["actor"] = {"mbox": "ann@example.com"}
    batch[3]["verb"] = {}
    assert paths(endpoint.send(batch)) == ["[1].actor.mbox", "[3].verb.id"]
    assert not any(endpoint.is_there(one["id"]) for one in batch)


def test_an_id_twice_in_a_batch(endpoint: Endpoint) -> None:
    first, second = new_statement(), new_statement()
    same = {**first, "id": first["id"].upper()}
    assert paths(endpoint.send([first, second, same])) == ["[2].id"]
    assert not endpoint.is_there(first["id"])
    assert not endpoint.is_there(second["id"])


def test_put_takes_one_statement(endpoint: Endpoint) -> None:
    statement = new_statement()
    assert paths(endpoint.send([statement], "PUT", params={"statementId": statement["id"]})) == [""]
    assert not endpoint.is_there(statement["id"])


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/jsonx", "multipart/form-data"])
def test_other_content_types(endpoint: Endpoint, kind: str) -> None:
    statement = new_statement()
    assert paths(endpoint.send(statement, headers={"Content-Type": kind})) == ["Content-Type"]
    assert not endpoint.is_there(statement["id"])


def test_the_content_type_may_name_a_charset(endpoint: Endpoint) -> None:
    endpoint.post(new_statement(), headers={"Content-Type": "Application/JSON; charset=UTF-8"})


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_up_to_the_limit(endpoint: Endpoint, chunked: bool) -> None:
    statement = new_statement()
    padding = MOST_BYTES - len(as_bytes(statement))
    for size, status in ((padding, 200), (padding + 1, 413)):
        statement["id"] = str(uuid4())
        body = as_bytes(statement) + b" " * size
        content: Any = in_chunks(body, 10_000) if chunked else body
        answer = endpoint.ask("POST", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
        assert endpoint.is_there(statement["id"]) is (status == 200)
