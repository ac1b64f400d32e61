"""The alternate request syntax: a POST to `?method=PUT` whose form has the real request (xAPI 1.0.3 Communication 1.3).

It is translated before any route sees it, so that a route knows one syntax only. 2.0 has none of it: there, any
`?method=` is refused.
"""

import asyncio
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.api.body import given_back, read_body
from lrs.api.cross_origin import is_another_site
from lrs.api.problems import BodyTooLarge, problem, too_busy
from lrs.bounded_http import TOO_BUSY
from schemas.errors import Overloaded, QueryRefused, Violation
from schemas.version import HEADER, XapiVersion, read_version

CLAUSE = "xAPI 1.0.3 Communication 1.3"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
CONTENT = "content"
HEADERS = ("authorization", HEADER.lower(), "content-type", "content-length", "if-match", "if-none-match")
"""Form parameters that are headers; every other one, but the content, is a query parameter."""
FORM_TYPES = ("application/x-www-form-urlencoded", "text/plain", "")
"""Old browsers label a form text/plain, or not at all, where its page is another site's."""
CONTENT_TYPE = b"application/json"
"""What the content is taken for where the form does not say."""
MOST_FIELDS = 100
LARGE_BYTES = 100_000

RawHeaders = list[tuple[bytes, bytes]]


class Translated(NamedTuple):
    """The request that was meant."""

    method: str
    query_string: bytes
    headers: RawHeaders
    body: bytes


class AlternateSyntax:
    """Translates; a form may be as large as any body."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not may_be_form(scope):
            await self._app(scope, receive, send)
            return
        try:
            method = wanted_method(scope["query_string"], scope["headers"])
            if method is None:
                await self._app(scope, receive, send)
                return
            form = await read_body(Request(scope, receive), self._most_bytes)
            if len(form) < LARGE_BYTES:
                meant = translate(method, scope["headers"], form)
            else:
                meant = await asyncio.to_thread(translate, method, scope["headers"], form)
            scope["headers"] = meant.headers  # for the layers around this one too: what version is asked for
            _refuse_version_2(meant.headers)
        except QueryRefused as error:
            await problem(400, "Query refused", violations=error.violations)(scope, receive, send)
            return
        except BodyTooLarge as error:
            await problem(413, "Body too large", str(error))(scope, receive, send)
            return
        except Overloaded as error:
            scope[TOO_BUSY] = True
            await too_busy(error)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        inner = {**scope, "method": meant.method, "query_string": meant.query_string}

        async def sent(message: Message) -> None:
            if inner.get(TOO_BUSY):
                scope[TOO_BUSY] = True
            await send(message)

        answer = _without_body(sent) if method == "HEAD" else sent
        await self._app(inner, given_back(meant.body, receive), answer)


def may_be_form(scope: Scope) -> bool:
    """Whether it is to be looked at more closely: almost every request is not."""
    return (
        scope["type"] == "http"
        and b"method=" in scope["query_string"]
        and scope["method"] == "POST"
        and scope["path"].startswith("/xapi/")
    )


def wanted_method(query: bytes, headers: RawHeaders) -> str | None:
    """The method meant, or None where the query has no `method`. Raises QueryRefused."""
    params = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    methods = [value for name, value in params if name == "method"]
    if not methods:
        return None
    _refuse_version_2(headers)
    violations = [
        _broken(name[:100], "must be a parameter of the form: method is the only one of the query", value)
        for name, value in params
        if name != "method"
    ]
    if len(methods) > 1 or methods[0] not in METHODS:
        violations.append(_broken("method", f"must be one of {', '.join(METHODS)}, given once", ", ".join(methods)))
    kind = _value_of(headers, b"content-type").partition(b";")[0].strip().lower().decode("latin-1")
    if kind not in FORM_TYPES:
        violations.append(_broken("Content-Type", f"must be {FORM_TYPES[0]}", kind))
    if violations:
        raise QueryRefused(violations)
    return methods[0]


def translate(method: str, headers: RawHeaders, form: bytes) -> Translated:
    """The request that a form stands for. Raises QueryRefused.

    Where the request comes from a page of another site, an Authorization outside the form is none: a browser adds what
    it remembers to the form of any page.
    """
    params: list[tuple[str, str]] = []
    given: dict[str, str] = {}
    violations: list[Violation] = []
    for name, value in _fields(form):
        place = name.lower() if name.lower() in HEADERS else name
        if place != CONTENT and place not in HEADERS:
            params.append((name, value))
        elif place in given:
            violations.append(_broken(name, "must be given once", value))
        elif place != CONTENT and not (value.isascii() and value.isprintable()):
            violations.append(_broken(name, "must be the value of a header, in ASCII", value))
        else:
            given[place] = value
    content = given.pop(CONTENT, None)
    if content is None and method in ("PUT", "POST"):
        violations.append(_broken(CONTENT, "must be given", "absent"))
    if violations:
        raise QueryRefused(violations)
    given.pop("content-length", None)
    replaced = {b"content-type", b"content-length", b"transfer-encoding", *(name.encode() for name in given)}
    if _is_from_elsewhere(headers):
        replaced.add(b"authorization")
    meant = [(name, value) for name, value in headers if name not in replaced]
    meant += [(name.encode(), value.encode()) for name, value in given.items()]
    body = (content or "").encode()
    if content is not None:
        meant.append((b"content-length", str(len(body)).encode()))
        if "content-type" not in given:
            meant.append((b"content-type", CONTENT_TYPE))
    return Translated(method, urlencode(params).encode(), meant, body)


def _fields(form: bytes) -> list[tuple[str, str]]:
    try:
        text = form.decode().strip()
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        rule = f"must be a form in UTF-8 of at most {MOST_FIELDS} fields ({error})"
        raise QueryRefused([_broken("", rule, form[:100].decode("latin-1"))]) from None


def _refuse_version_2(headers: RawHeaders) -> None:
    asked = _value_of(headers, HEADER.lower().encode()).decode("latin-1")
    try:
        version = read_version(asked)
    except QueryRefused:
        return  # the route refuses it, where it needs one
    if version is XapiVersion.V2_0_0:
        raise QueryRefused([Violation("method", "is no parameter of 2.0", "xAPI 2.0.0 4.1.1", asked)])


def _is_from_elsewhere(headers: RawHeaders) -> bool:
    origin, host = (_value_of(headers, name).decode("latin-1") for name in (b"origin", b"host"))
    return is_another_site(origin, host)


def _value_of(headers: RawHeaders, wanted: bytes) -> bytes:
    return next((value for name, value in headers if name == wanted), b"")


def _broken(path: str, rule: str, found: str) -> Violation:
    return Violation(path, rule, CLAUSE, found[:100])


def _without_body(send: Send) -> Send:
    """The answer to a POST that stands for a HEAD: the server would send its body."""

    async def headers_only(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if name != b"content-length"]
            message["headers"] = [*kept, (b"content-length", b"0")]
        elif message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return headers_only
