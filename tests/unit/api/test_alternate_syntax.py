"""Whatever a request has, the form that stands for it is translated into that request again."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from lrs.api.alternate_syntax import HEADERS, METHODS, AlternateSyntax, translate, wanted_method
from lrs.bounded_http import TOO_BUSY
from schemas.errors import Overloaded, QueryRefused

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = TEXT.filter(lambda name: name != "content" and name.lower() not in HEADERS)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
GIVEN = st.sampled_from([name for name in HEADERS if name != "content-length"])
OUTER = [(b"host", b"lrs.example"), (b"content-type", b"text/plain"), (b"content-length", b"7"), (b"x-other", b"1")]


@given(
    method=st.sampled_from(METHODS),
    params=st.lists(st.tuples(NAMES, TEXT), max_size=10),
    headers=st.dictionaries(GIVEN, VALUES),
    content=TEXT,
    upper=st.booleans(),
)
def test_a_form_is_the_request_it_stands_for(
    method: str, params: list[tuple[str, str]], headers: dict[str, str], content: str, upper: bool
) -> None:
    fields = [(name.upper() if upper else name, value) for name, value in headers.items()]
    form = urlencode([*params, *fields, ("content-length", "1"), ("content", content)]).encode()
    meant = translate(method, OUTER, form)
    assert meant.method == method
    assert parse_qsl(meant.query_string.decode(), keep_blank_values=True) == params
    assert meant.body == content.encode()
    expected = {
        b"host": b"lrs.example",
        b"x-other": b"1",
        b"content-type": b"application/json",
        **{name.encode(): value.encode() for name, value in headers.items()},
        b"content-length": str(len(content.encode())).encode(),
    }
    assert dict(meant.headers) == expected
    assert len(meant.headers) == len(expected)


@given(st.binary(max_size=300))
def test_no_form_breaks_it(form: bytes) -> None:
    found = None
    try:
        query = translate("PUT", OUTER, form).query_string
    except QueryRefused as refusal:
        query, found = b"", refusal.violations
    assert query.isascii()
    assert found is None or all(one.clause and len(one.found) <= 100 for one in found)


@pytest.mark.parametrize(
    ("query", "method"), [(b"method=PUT", "PUT"), (b"meth%6Fd=GET", "GET"), (b"x=method=PUT", None), (b"", None)]
)
def test_the_method_is_a_parameter(query: bytes, method: str | None) -> None:
    assert wanted_method(query, []) == method


@pytest.mark.parametrize("where", ["reading the form", "the application"])
def test_whoever_is_told_that_there_is_too_much_is_marked(where: str) -> None:
    """In the scope that the server looks at, before the answer is over."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/xapi/statements",
        "query_string": b"method=PUT",
        "headers": OUTER[:2],
    }
    marked: list[bool] = []

    async def receive() -> Message:
        if where == "reading the form":
            raise Overloaded
        return {"type": "http.request", "body": b"content=%7B%7D", "more_body": False}

    async def send(_: Message) -> None:
        marked.append(scope.get(TOO_BUSY, False))

    async def application(inner: Scope, _: Receive, answer: Send) -> None:
        inner[TOO_BUSY] = True
        await answer({"type": "http.response.start", "status": 503, "headers": []})
        await answer({"type": "http.response.body", "body": b""})

    asyncio.run(AlternateSyntax(application, 1000)(scope, receive, send))
    assert marked == [True, True]
