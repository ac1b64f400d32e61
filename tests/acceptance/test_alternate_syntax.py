"""A form that stands for a request is answered as the request itself (xAPI 1.0.3 Communication 1.3)."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from tests.acceptance.conftest import MOST_BYTES
from tests.acceptance.endpoint import VERSION, Json, new_statement
from tests.acceptance.wire import AUTHORIZATION, Wire

FORM = "application/x-www-form-urlencoded"
SIGNED = {"Authorization": AUTHORIZATION.decode(), VERSION: "1.0.3"}
ANN = json.dumps({"mbox": "mailto:ann@example.com"})


def send(
    wire: Wire,
    method: str,
    form: Json | bytes | str,
    path: str = "/xapi/statements",
    kind: str | None = FORM,
    headers: Json | None = None,
    query: str = "",
) -> httpx.Response:
    """A form, as a script sends it that can set no header."""
    content = urlencode(form) if isinstance(form, dict) else form
    named = ({} if kind is None else {"Content-Type": kind}) | (headers or {})
    return wire.endpoint.ask(
        "POST", f"{path}?method={method}{query}", content=content, version=None, auth=None, headers=named
    )


def paths(answer: httpx.Response) -> list[str]:
    """What a refusal names."""
    assert answer.status_code == 400, answer.text
    return [one["path"] for one in answer.json()["violations"]]


@pytest.mark.parametrize("kind", [FORM, "text/plain", "text/plain;charset=UTF-8", None])
def test_put(wire: Wire, kind: str | None) -> None:
    statement = new_statement(result={"response": "100 % + 1 & ü €"})
    form = {**SIGNED, "statementId": statement["id"], "content": json.dumps(statement, ensure_ascii=False)}
    for _ in range(2):
        answer = send(wire, "PUT", form, kind=kind)
        assert (answer.status_code, answer.content) == (204, b"")
    assert wire.endpoint.get(statementId=statement["id"]).json()["result"] == statement["result"]


def test_post(wire: Wire) -> None:
    batch = [new_statement(), new_statement()]
    answer = send(wire, "POST", {**SIGNED, "Content-Type": "application/json", "content": json.dumps(batch)})
    assert answer.json() == [one["id"] for one in batch]
    assert answer.headers["X-LRS-Stored"] == "2"


@pytest.mark.parametrize("names", [str, str.lower, str.upper])
def test_headers_are_of_any_case(wire: Wire, names: Any) -> None:
    statement = new_statement()
    form = {names(name): value for name, value in {**SIGNED, "Content-Type": "application/json"}.items()}
    assert send(wire, "POST", {**form, "content": json.dumps(statement)}).status_code == 200


def test_get_and_head(wire: Wire) -> None:
    statement = new_statement(context={"registration": str(uuid4())})
    wire.endpoint.post(statement)
    asked = {"registration": statement["context"]["registration"], "agent": ANN}
    plain = wire.endpoint.get(**asked)
    answer = send(wire, "GET", {**SIGNED, **asked})
    assert (answer.status_code, answer.json()) == (200, plain.json())
    head = send(wire, "HEAD", {**SIGNED, **asked})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == answer.headers["Content-Type"]
    unknown = httpx.post(
        f"{wire.origin}/xapi/statements?method=HEAD", data={**SIGNED, "statementId": str(uuid4())}, timeout=30
    )
    assert (unknown.status_code, unknown.content) == (404, b"")


def test_credentials_in_the_headers(wire: Wire) -> None:
    statement = new_statement()
    answer = send(wire, "POST", {"content": json.dumps(statement)}, headers=SIGNED)
    assert answer.status_code == 200
    form = {"content": json.dumps(statement), "Authorization": "Basic eDp5"}
    assert send(wire, "POST", form, headers=SIGNED).status_code == 401


@pytest.mark.parametrize(("origin", "status"), [("https://elsewhere.example", 401), ("null", 401), (None, 200)])
def test_a_browser_cannot_be_made_to_use_what_it_remembers(wire: Wire, origin: str | None, status: int) -> None:
    statement = new_statement()
    headers = {"Authorization": AUTHORIZATION.decode(), "Origin": origin or wire.origin}
    form = {VERSION: "1.0.3", "content": json.dumps(statement)}
    assert send(wire, "POST", form, headers=headers, kind="text/plain").status_code == status
    assert wire.endpoint.is_there(statement["id"]) is (status == 200)
    answer = send(wire, "POST", {**form, "Authorization": AUTHORIZATION.decode()}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_documents(wire: Wire) -> None:
    of = {**SIGNED, "activityId": f"http://example.com/{uuid4()}", "agent": ANN, "stateId": "s"}
    path = "/xapi/activities/state"
    text = {"Content-Type": "text/plain", "content": "zwölf=12&x"}
    assert send(wire, "PUT", {**of, **text}, path).status_code == 204
    kept = send(wire, "GET", of, path)
    assert (kept.text, kept.headers["Content-Type"]) == ("zwölf=12&x", "text/plain")
    stale = send(wire, "DELETE", {**of, "If-Match": '"0"'}, path)
    current = send(wire, "DELETE", {**of, "If-Match": kept.headers["ETag"]}, path)
    assert (stale.status_code, current.status_code) == (412, 204)
    assert send(wire, "GET", of, path).status_code == 404
    assert send(wire, "PUT", {**of, "content": ""}, path).status_code == 204
    assert send(wire, "GET", of, path).content == b""


CONTENT = {"content": "[]"}


@pytest.mark.parametrize(
    ("method", "query", "form", "named"),
    [
        ("PUT", "&statementId=1", SIGNED | CONTENT, ["statementId"]),
        ("POST", "&x=1&y", SIGNED | CONTENT, ["x", "y"]),
        ("PATCH", "", SIGNED | CONTENT, ["method"]),
        ("get", "", SIGNED, ["method"]),
        ("", "", SIGNED, ["method"]),
        ("GET", "&method=GET", SIGNED, ["method"]),
        ("PUT", "", SIGNED, ["content"]),
        ("POST", "", SIGNED, ["content"]),
        ("POST", "", b"", ["content"]),
        ("POST", "", json.dumps(SIGNED | CONTENT), ["content"]),
        ("POST", "", urlencode(SIGNED | CONTENT) + "&content=[]", ["content"]),
        ("POST", "", urlencode(SIGNED | CONTENT) + "&authorization=x", ["authorization"]),
        ("POST", "", SIGNED | CONTENT | {"If-Match": "a\r\nb: c"}, ["If-Match"]),
        ("POST", "", SIGNED | CONTENT | {"If-Match": "a\0"}, ["If-Match"]),
        ("POST", "", SIGNED | CONTENT | {"Content-Type": "tëxt"}, ["Content-Type"]),
        ("GET", "", SIGNED | {"verb": "http://x/\0"}, ["verb"]),
        ("GET", "", SIGNED | {"colour": "red"}, ["colour"]),
        ("GET", "", SIGNED | {"Content": "red"}, ["Content"]),
        ("POST", "", b"content=%FF", [""]),
        ("POST", "", b"content=\xff", [""]),
        ("POST", "", "x=1&" * 200, [""]),
        ("POST", "", SIGNED | CONTENT | {VERSION: "2.0.0"}, ["method"]),
        ("GET", "", SIGNED | {VERSION: "2.0"}, ["method"]),
        ("POST", "", SIGNED | CONTENT | {VERSION: "0.8"}, [VERSION]),
        ("POST", "", {"Authorization": SIGNED["Authorization"], **CONTENT}, [VERSION]),
    ],
)
def test_what_is_refused(wire: Wire, method: str, query: str, form: Json | bytes | str, named: list[str]) -> None:
    assert paths(send(wire, method, form, query=query)) == named


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_what_is_no_form(wire: Wire, kind: str) -> None:
    assert paths(send(wire, "POST", SIGNED | CONTENT, kind=kind)) == ["Content-Type"]


def test_it_is_no_syntax_of_2_0(wire: Wire) -> None:
    answer = send(wire, "GET", SIGNED, headers={VERSION: "2.0.0"})
    assert paths(answer) == ["method"]
    assert answer.headers[VERSION] == "2.0.0"
    assert send(wire, "GET", SIGNED | {VERSION: "2.0.0"}).headers[VERSION] == "2.0.0"


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_it_is_a_post(wire: Wire, method: str) -> None:
    answer = wire.endpoint.ask(method, "/xapi/activities/state?method=POST", content=urlencode(SIGNED | CONTENT))
    assert answer.status_code == 400


def test_a_form_over_the_limit(wire: Wire) -> None:
    statement = new_statement()
    form = urlencode(SIGNED | {"content": json.dumps(statement)})
    assert send(wire, "POST", form.ljust(MOST_BYTES + 1)).status_code == 413
    assert not wire.endpoint.is_there(statement["id"])
    assert send(wire, "POST", form.ljust(MOST_BYTES)).status_code == 200
