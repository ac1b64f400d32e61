"""What does not come in order, in bounds and in time is refused or cut off: nothing is stored, nobody else notices."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.acceptance.conftest import MOST_BYTES
from tests.acceptance.endpoint import Json, new_statement
from tests.acceptance.wire import RawAnswer, Wire, request

ABOUT = b"GET /xapi/about HTTP/1.1\r\nHost: lrs.example\r\n"
POST = "/xapi/statements"


@pytest.fixture(autouse=True)
def _still_well(wire: Wire) -> Iterator[None]:
    """After every test the server serves, and has logged no error."""
    before = wire.log.stat().st_size
    yield
    assert wire.endpoint.post(new_statement())
    assert b"Traceback" not in wire.log.read_bytes()[before:]


def problem(answer: RawAnswer) -> Json:
    """The problem that an answer is."""
    assert b"content-type: application/problem+json" in answer.head
    found: Json = json.loads(answer.body)
    assert found["status"] == answer.status
    return found


# --- the head ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        [ABOUT + b"X: ", *[b"a" * 100_000] * 10, b"\r\n\r\n"],
        [ABOUT, *[b"X: a\r\n" * 1000] * 10, b"\r\n"],
        [ABOUT + b"X: a\r\n" * 201 + b"\r\n"],
        [b"GET /xapi/about?x=", *[b"a" * 10_000] * 10, b" HTTP/1.1\r\nHost: lrs.example\r\n\r\n"],
        [ABOUT + b"a" * 70_000 + b": b\r\n\r\n"],
        [request("POST", POST, b"X: " + b"a" * 70_000, body=b"[]")],
    ],
    ids=["a header of 1 MB", "10000 headers", "201 headers", "a long address", "a long name", "before a body"],
)
def test_heads_that_are_too_large(wire: Wire, head: list[bytes]) -> None:
    answer = wire.say(*head)
    if answer.status:  # else the connection was cut before the answer could be read
        assert problem(answer)["title"] == "Head too large"
        assert answer.status == 431


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_of_a_header_that_comes_twice_the_first_counts(wire: Wire, method: str) -> None:
    statement = new_statement()
    target = POST if method == "POST" else f"{POST}?statementId={statement['id']}"
    body = json.dumps(statement).encode()
    twice = (b"X-Experience-API-Version: 2.0.0", b"Authorization: Basic bm9ib2R5Om5vYm9keQ==")
    answer = wire.say(request(method, target, *twice, body=body))
    assert answer.status == (200 if method == "POST" else 204)
    assert b"x-experience-api-version: 1.0.3" in answer.head


def test_a_head_without_end_is_cut_off(wire: Wire) -> None:
    with wire.connect() as connection:
        connection.sendall(ABOUT + b"X: ")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            connection.sendall(b"a" * 100_000_000)


def test_large_heads_within_the_bounds(wire: Wire) -> None:
    answer = wire.say(request("GET", "/xapi/about?x=" + "a" * 30_000, *[b"X: " + b"a" * 150] * 190))
    assert answer.status == 200
    statement = new_statement()
    body = json.dumps(statement).encode()
    sent = request("POST", POST, b"X: " + b"a" * 60_000, body=body)
    for pieces in ([sent], [sent[:40_000], sent[40_000:60_300], sent[60_300:]]):
        assert wire.say(*pieces).status == 200
    assert wire.endpoint.is_there(statement["id"])


def test_trailers_are_no_headers(wire: Wire) -> None:
    chunked = b"POST /xapi/statements HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n%s\r\n"
    statement = new_statement()
    body = json.dumps(statement).encode()
    named = b"X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n"
    signed = b"Authorization: Basic dGVzdC1rZXk6dGVzdC1zZWNyZXQ=\r\n"
    end = b"%x\r\n%s\r\n0\r\n" % (len(body), body)
    assert wire.say(chunked % named, end + signed + b"\r\n").status == 401
    assert wire.say(chunked % (named + signed), end + b"X: ", b"a" * 50_000_000, b"\r\n\r\n").status in (0, 431)
    assert not wire.endpoint.is_there(statement["id"])
    assert wire.say(chunked % (named + signed), end + b"X: a\r\n\r\n").status == 200
    assert wire.endpoint.is_there(statement["id"])


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /xapi/about HTTP/1.1\r\nNo colon\r\n\r\n",
        b"GET /xapi/about HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"GET /xapi/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        *[
            b"POST /xapi/statements HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n[]" % length
            for length in (b"abc", b"-1", b"2, 3", b"2\r\nContent-Length: 3", b"9" * 30)
        ],
        b"POST /xapi/statements HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n[]",
    ],
)
def test_what_is_no_http(wire: Wire, said: bytes) -> None:
    answer = wire.say(said)
    assert answer.status == 400
    assert problem(answer)["title"] == "Not HTTP"


# --- the body ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"", 0),
        (ABOUT, 408),
        (request("POST", POST, body=b'{"id":', length=1000), 408),
        (request("POST", POST, length=1000), 408),
        (request("PUT", "/xapi/activities/state", length=1000), 400),  # answered by the route before, and cut off
    ],
    ids=["nothing", "half a head", "half a body", "no body", "a body that nobody waits for"],
)
def test_what_does_not_arrive_in_time(wire: Wire, said: bytes, status: int) -> None:
    answer = wire.say(said)
    assert answer.status == status
    if status == 408:
        assert problem(answer)["title"] == "Request too slow"


def test_a_client_that_leaves_in_mid_body(wire: Wire) -> None:
    statement = new_statement()
    whole = request("POST", POST, body=json.dumps([statement]).encode())
    for end in (len(whole) - 1, len(whole) - 50):
        with wire.connect() as connection:
            connection.sendall(whole[:end])
    assert not wire.endpoint.is_there(statement["id"])
    assert wire.say(whole).status == 200
    assert wire.endpoint.is_there(statement["id"])


def in_one_piece(body: bytes) -> list[bytes]:
    """A body with its length before it."""
    return [request("POST", POST, body=body)]


def in_chunks(body: bytes) -> list[bytes]:
    """A body whose length is known at the end only; a byte a chunk at first."""
    head = request("POST", POST, b"Transfer-Encoding: chunked", b"Content-Type: application/json")
    pieces = [body[at : at + 1] for at in range(100)] + [body[at : at + 50_000] for at in range(100, len(body), 50_000)]
    return [head, *(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece), b"0\r\n\r\n"]


@pytest.mark.parametrize("sent", [in_one_piece, in_chunks])
def test_bodies_over_the_limit(wire: Wire, sent: Callable[[bytes], list[bytes]]) -> None:
    statement = new_statement()
    body = json.dumps(statement).encode()
    assert wire.say(*sent(body + b" " * MOST_BYTES)).status in (0, 413)
    assert not wire.endpoint.is_there(statement["id"])
    assert wire.say(*sent(body.ljust(MOST_BYTES))).status == 200
    assert wire.endpoint.is_there(statement["id"])


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "identity, gzip", "x"])
def test_encoded_bodies_are_not_taken(wire: Wire, coding: str) -> None:
    answer = wire.endpoint.send(new_statement(), headers={"Content-Encoding": coding})
    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "identity"
    assert wire.endpoint.send(new_statement(), headers={"Content-Encoding": "identity"}).status_code == 200


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/xapi/statements?verb=http://x/%FF", "verb"),
        ("/xapi/statements?a%00b=1&verb=http://x/y", '["a\\u0000b"]'),
        ("/xapi/activities/state?stateId=%ED%A0%80", "stateId"),
        ("/xapi/agents/profile?profileId=%C3&limit=%00", "profileId limit"),
        ("/xapi/%80", "path"),
        ("/api/courses?iri=%00", "iri"),
        ("/api/credentials/%00/disable", "path"),
    ],
)
def test_broken_text_in_the_address(wire: Wire, target: str, path: str) -> None:
    answer = wire.say(request("GET", target))
    assert answer.status == 400
    assert " ".join(one["path"] for one in problem(answer)["violations"]) == path
