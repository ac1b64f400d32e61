"""Whatever the statements resource refuses, it refuses with a 4xx that names the place, and stores nothing; never a
500.
"""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.acceptance.conftest import MOST_BYTES
from tests.acceptance.endpoint import Endpoint, Json, new_statement
from tests.services.lrs_server import CREDENTIAL

ID = "5f0c4e57-6d1b-4a52-8f0c-7e1c0f2a3b41"  # nothing has it
KEY, SECRET = CREDENTIAL
EXTENSION = "http://example.com/x"


def paths(answer: httpx.Response) -> list[str]:
    """What a refusal names."""
    assert answer.status_code == 400, answer.text
    violations = answer.json()["violations"]
    assert all(set(one) == {"path", "rule", "clause", "found"} for one in violations)
    assert all(one["rule"] and one["clause"] and len(one["found"]) <= 100 for one in violations)
    return [one["path"] for one in violations]


def as_bytes(statement: Json, old: str = "", new: bytes = b"") -> bytes:
    """The statement's JSON, with bytes put in that a JSON encoder would not write."""
    text = httpx.Request("POST", "http://x", json=statement).content
    assert not old or text.count(old.encode()) == 1
    return text.replace(old.encode(), new) if old else text


# --- who asks, and in which version ------------------------------------------------------------------------------


def basic(text: bytes) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ????",
        "Bearer abc",
        basic(b"no colon"),
        basic(f"{KEY}:wrong".encode()),
        basic(f"{KEY}:".encode()),
        basic(f"nobody:{SECRET}".encode()),
        basic(f"{KEY.upper()}:{SECRET}".encode()),
        basic(b"\xff:\xff"),
        basic(b"a\0b:c"),
    ],
)
def test_nobody_is_let_in_without_a_credential(endpoint: Endpoint, method: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    statement = new_statement()
    options: Json = {"headers": headers, "auth": None, "params": {"statementId": statement["id"]}}
    if method == "POST":
        del options["params"]
    ask = endpoint.ask(method, **options) if method in ("GET", "HEAD") else endpoint.send(statement, method, **options)
    assert ask.status_code == 401
    assert ask.headers["WWW-Authenticate"].startswith("Basic ")
    assert not endpoint.is_there(statement["id"])


@pytest.mark.parametrize("version", [None, "", "1", "0.9", "0.95", "1.1.0", "2.1.0", "3.0.0", "1.0.3, 2.0.0", "x"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_version_that_is_not_spoken(endpoint: Endpoint, method: str, version: str | None) -> None:
    statement = new_statement()
    params = None if method == "POST" else {"statementId": statement["id"]}
    if method == "GET":
        answer = endpoint.ask("GET", params=params, version=version)
    else:
        answer = endpoint.send(statement, method, params=params, version=version)
    assert paths(answer) == ["X-Experience-API-Version"]
    assert not endpoint.is_there(statement["id"])


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_other_methods(endpoint: Endpoint, method: str) -> None:
    answer = endpoint.ask(method)
    assert answer.status_code == 405
    assert answer.headers["Allow"]


# --- parameters --------------------------------------------------------------------------------------------------

AGENT = '{"mbox":"mailto:ann@example.com"}'
REFUSED_QUERIES = [
    ("nonsense=1", ["nonsense"]),
    ("Verb=http://example.com/v", ["Verb"]),
    ("statementid=" + ID, ["statementid"]),
    ("Limit=1&ASCENDING=true", ["Limit", "ASCENDING"]),
    ("verb=http://example.com/v&verb=http://example.com/v", ["verb"]),
    ("statementId=1", ["statementId"]),
    ("statementId=", ["statementId"]),
    ("voidedStatementId=%00", ["voidedStatementId"]),
    (f"statementId={ID}&voidedStatementId={ID}", ["voidedStatementId"]),
    (f"statementId={ID}&limit=1&verb=http://example.com/v", ["limit", "verb"]),
    (f"voidedStatementId={ID}&since=2020-01-01T00:00:00Z", ["since"]),
    ("agent=ann", ["agent"]),
    ("agent={}", ["agent"]),
    ("agent=" + AGENT[:-1], ["agent"]),
    (f"agent=[{AGENT}]", ["agent"]),
    ('agent={"objectType":"Group","member":[]}', ["agent"]),
    ('agent={"mbox":"mailto:ann@example.com","mbox":"mailto:bob@example.com"}', ["agent"]),
    ('agent={"account":{"homePage":"http://example.com/","name":"%5Cu0000"}}', ["agent"]),
    ('agent={"mbox":"ann@example.com"}', ["agent.mbox"]),
    ("agent=" + "%5B" * 3000, ["agent"]),
    ("verb=did", ["verb"]),
    ("verb=http://example.com/%00", ["verb"]),
    ("activity=a%20b", ["activity"]),
    ("registration=" + ID[:-1], ["registration"]),
    ("related_agents=yes", ["related_agents"]),
    ("related_activities=1", ["related_activities"]),
    ("ascending=", ["ascending"]),
    ("since=yesterday", ["since"]),
    ("since=2020-13-01T00:00:00Z", ["since"]),
    ("until=2020-01-01T00:00:00-00:00", ["until"]),
    ("until=0001-01-01T00:00:00%2B23:00", ["until"]),
    ("limit=-1", ["limit"]),
    ("limit=1.0", ["limit"]),
    ("limit=%D9%A1", ["limit"]),
    ("limit=" + "9" * 19, ["limit"]),
    ("format=short", ["format"]),
    ("attachments=maybe", ["attachments"]),
    ("more=", ["more"]),
    ("more=AAAA", ["more"]),
    ("more=%FF%00", ["more"]),
    ("more=AAAA&limit=1", ["more"]),
    ("%FF=%FF", ['["\N{REPLACEMENT CHARACTER}"]']),
    ("%00=1", [r'["\u0000"]']),
]


@pytest.mark.parametrize(("query", "named"), REFUSED_QUERIES, ids=[query[:40] for query, _ in REFUSED_QUERIES])
def test_a_query_that_is_refused_names_the_parameter(endpoint: Endpoint, query: str, named: list[str]) -> None:
    found = paths(endpoint.ask("GET", f"/xapi/statements?{query}"))
    assert sorted(set(found)) == sorted(named)


def test_a_link_to_more_that_was_changed(endpoint: Endpoint) -> None:
    endpoint.post([new_statement() for _ in range(2)])
    more = endpoint.get(limit=1).json()["more"]
    start = more.index("more=") + len("more=")
    for place in range(start, len(more), 7):
        changed = more[:place] + ("A" if more[place] != "A" else "B") + more[place + 1 :]
        assert paths(endpoint.ask("GET", changed)) == ["more"]
    assert endpoint.ask("GET", more).status_code == 200


@pytest.mark.parametrize(
    ("method", "query", "named"),
    [
        ("PUT", "", ["statementId"]),
        ("PUT", "?statementid=" + ID, ["statementid"]),
        ("PUT", "?statementId=1", ["statementId"]),
        ("PUT", f"?statementId={ID}&statementId={ID}", ["statementId"]),
        ("PUT", f"?statementId={ID}&extra=1", ["extra"]),
        ("PUT", f"?statementId={ID}", ["id"]),
        ("POST", f"?statementId={ID}", ["statementId"]),
        ("POST", "?x=%00", ["x"]),
    ],
)
def test_parameters_of_what_is_sent(endpoint: Endpoint, method: str, query: str, named: list[str]) -> None:
    statement = new_statement()
    answer = endpoint.send(statement, method, path=f"/xapi/statements{query}")
    assert paths(answer) == named
    assert not endpoint.is_there(statement["id"])
    assert not endpoint.is_there(ID)


# --- bodies ------------------------------------------------------------------------------------------------------


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


def _chunks(body: bytes) -> Iterator[bytes]:
    """Sent without a Content-Length."""
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_up_to_the_limit(endpoint: Endpoint, chunked: bool) -> None:
    statement = new_statement()
    padding = MOST_BYTES - len(as_bytes(statement))
    for size, status in ((padding, 200), (padding + 1, 413)):
        statement["id"] = str(uuid4())
        body = as_bytes(statement) + b" " * size
        content: Any = _chunks(body) if chunked else body
        answer = endpoint.ask("POST", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
        assert endpoint.is_there(statement["id"]) is (status == 200)
