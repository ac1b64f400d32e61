"""The short way in for the request that most requests are: a plain POST of JSON statements.

The framework's way from a request to a function and back costs more than reading and storing a statement. So this one
request is answered beside it, with the same parts. Whatever has more to it (a query, another media type, attachments,
repairs, headers of ours) goes the long way, its body given back. Errors are answered as the routes answer them.
"""

from typing import NamedTuple

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from lrs.access.credentials import Credential
from lrs.api.batch_results import RESULTS
from lrs.api.body import given_back, received
from lrs.api.consistent_through import THROUGH
from lrs.api.cross_origin import CrossOrigin
from lrs.api.large_bodies import read_beside
from lrs.api.problems import answered
from lrs.api.services import Services
from lrs.api.signed_in import permit
from lrs.api.statements import storing
from lrs.api.unforeseen import unforeseen
from lrs.api.version_header import VERSION, answering_version
from lrs.settings import Settings
from lrs.statement_log.recorded import instant
from schemas.media_type import JSON, essence
from schemas.scope import Scope as AccessScope
from schemas.version import XapiVersion, read_version

PATH = "/xapi/statements"
_LONG_WAY = frozenset({b"content-encoding", RESULTS.lower().encode()})
"""Headers of requests that have more to them."""

_ANSWER = "lrs.answer"
"""Where a request carries its answer from one function here to the next."""

_encode = msgspec.json.Encoder().encode


class _Head(NamedTuple):
    version: str | None
    authorization: str | None
    length: str | None
    crosses: bool


class ShortWay:
    """Answers plain POSTs of statements; every other request is the application's.

    It stands around the application and its layers, so it does itself what they would do to these answers.
    """

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._cross_origin = CrossOrigin(_give, settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = _plain(scope)
        if head is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        here: Services = self._app.state.services
        body = b""
        try:
            version = read_version(head.version)
            who = await here.verify(head.authorization)
            permit(who, AccessScope.STATEMENTS_WRITE)
            here.log.expect_room()
            body = await received(receive, head.length, self._settings.max_body_bytes)
            answer = None if who.compatibility else await _store(here, who, body, version)
        except Exception as error:
            answer = await _explained(self._app, Request(scope, receive), error)
        if answer is None:
            await self._app(scope, given_back(body, receive), send)
            return
        answer.raw_headers += [
            (VERSION, answering_version(head.version) or self._settings.unversioned_answer.encode()),
            (THROUGH, instant(here.search.known_through).encode()),
        ]
        scope[_ANSWER] = answer
        await (self._cross_origin if head.crosses else _give)(scope, receive, send)


async def _give(scope: Scope, _receive: Receive, send: Send) -> None:
    answer: Response = scope[_ANSWER]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _explained(app: FastAPI, request: Request, error: Exception) -> Response:
    try:
        return await answered(app, request, error)
    except Exception:
        return unforeseen(request.scope)


def _plain(scope: Scope) -> _Head | None:
    """What matters of the head of a plain POST; None for any other request."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != PATH or scope["query_string"]:
        return None
    is_json = False
    crosses = False
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in _LONG_WAY or name in found:  # which of two counts is for the routes to say
            return None
        if name == b"content-type":
            found[name] = ""
            is_json = essence(value.decode("latin-1")) == JSON
        elif name == b"origin":
            crosses = True
        elif name in (b"x-experience-api-version", b"authorization", b"content-length"):
            found[name] = value.decode("latin-1")
    if not is_json:
        return None
    return _Head(
        found.get(b"x-experience-api-version"), found.get(b"authorization"), found.get(b"content-length"), crosses
    )


async def _store(here: Services, who: Credential, body: bytes, version: XapiVersion) -> Response | None:
    """The ids in order (2.1.2); None, and nothing is stored, where there are attachments to look after."""
    statements = await read_beside(body, version)
    for one in statements:
        if "attachments" in one.value or "attachments" in one.value["object"]:
            return None
    defines = who.may(AccessScope.DEFINE)
    positions = await here.log.append(who.tenant, who.authority, statements, defines=defines)
    return Response(_encode([str(one.id) for one in statements]), 200, storing(here, positions), JSON)
