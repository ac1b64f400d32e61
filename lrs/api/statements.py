"""The statements resource: /xapi/statements (xAPI Communication 2.1). Parse, decide, call, answer."""

from collections.abc import Sequence
from datetime import UTC
from email.utils import format_datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from lrs.access.credentials import Credential
from lrs.api import cursor_token
from lrs.api.cursor_token import Continuation
from lrs.api.problems import BodyTooLarge
from lrs.api.services import Services, Serving, SignedIn
from lrs.statement_log.log import Place
from lrs.statement_log.recorded import instant
from schemas.errors import NotFound, QueryRefused, StatementRefused, Violation
from schemas.statement import NewStatement, read_statements
from schemas.statement_query import StatementQuery, read_statement_query
from schemas.version import XapiVersion, read_version

CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
POSITION = "X-LRS-Position"
"""Highest log position of what a request stored: pass it to the read models to read your own writes."""
STORED = "X-LRS-Stored"
"""How many statements of a request were new; the others were known already."""

JSON = "application/json"


class _Dated(APIRoute):
    """Every answer says up to when the log is surely whole, errors included (2.1.3)."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        here: Services = scope["app"].state.services

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(CONSISTENT_THROUGH, instant(here.search.known_through))
            await send(message)

        await super().handle(scope, receive, dated)


router = APIRouter(prefix="/xapi/statements", tags=["statements"], route_class=_Dated)


async def spoken(request: Request) -> XapiVersion:
    """The version the request speaks (xAPI Communication 3.3); raises QueryRefused."""
    return read_version(request.headers.get("x-experience-api-version"))


Version = Annotated[XapiVersion, Depends(spoken)]


@router.post("")
async def post_statements(request: Request, version: Version, who: SignedIn, here: Serving) -> Response:
    """Store one statement or a batch, all or nothing; answers the ids in order (2.1.2)."""
    _only(request, ())
    statements = read_statements(await _body(request, here), version)
    headers = await _store(here, who, statements)
    return Response(msgspec.json.encode([str(one.id) for one in statements]), 200, headers, JSON)


@router.put("")
async def put_statement(request: Request, version: Version, who: SignedIn, here: Serving) -> Response:
    """Store one statement under the id of the request (2.1.1)."""
    _only(request, ("statementId",))
    statement_id = _statement_id(request)
    statements = read_statements(await _body(request, here), version, statement_id=statement_id, single=True)
    return Response(None, 204, await _store(here, who, statements))


@router.api_route("", methods=["GET", "HEAD"])
async def get_statements(request: Request, version: Version, who: SignedIn, here: Serving) -> Response:
    """One statement by id, or a page of those that match (2.1.3)."""
    params = request.query_params.multi_items()
    salt = await here.log.salt(who.tenant)
    continuation = None
    if [name for name, _ in params] == ["more"]:
        continuation = cursor_token.read(params[0][1], salt)
        if continuation is None:
            raise QueryRefused([Violation("more", "must be a link that this server gave", "Communication 2.1.3", "…")])
        params = continuation.params
    query = read_statement_query(params, version)
    _refuse_unserved(query)
    wanted = query.statement_id or query.voided_statement_id
    if wanted is not None:
        return await _one(here, who, wanted, voided=query.voided_statement_id is not None)
    limit = min(query.limit or here.settings.page_size, here.settings.page_size)
    cursor = continuation.cursor if continuation else None
    page = await here.search.page(who.tenant, salt, query, cursor, limit)
    more = ""
    if page.next is not None:
        token = cursor_token.sign(Continuation(params, *page.next), salt)
        more = f"{request.url.path}?{urlencode({'more': token})}"
    documents = ",".join(one.document() for one in page.statements)
    body = f'{{"statements":[{documents}],"more":{msgspec.json.encode(more).decode()}}}'
    return Response(body, 200, {CONSISTENT_THROUGH: instant(page.consistent_through)}, JSON)


async def _one(here: Services, who: Credential, wanted: UUID, *, voided: bool) -> Response:
    through = {CONSISTENT_THROUGH: instant(await here.search.consistent_through())}
    place: Place | None = await here.log.place_of(who.tenant, wanted)
    if place is None or place.voided is not voided:
        raise NotFound(f"There is no {'voided ' if voided else ''}statement {wanted} here.")
    statement = await here.log.statement_at(place)
    headers = through | {"Last-Modified": format_datetime(statement.stored.astimezone(UTC), usegmt=True)}
    return Response(statement.document(), 200, headers, JSON)


async def _store(here: Services, who: Credential, statements: list[NewStatement]) -> dict[str, str]:
    _refuse_missing_parts(statements)
    positions = await here.log.append(who.tenant, who.authority, statements) if statements else []
    headers = {STORED: str(len(positions))}
    if positions:
        here.wake()
        headers[POSITION] = str(max(positions))
    return headers


async def _body(request: Request, here: Services) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        rule = "must be application/json; multipart/mixed with attachment data is not served yet"
        found = kind[:100] or "absent"
        raise StatementRefused([Violation("Content-Type", rule, "xAPI 1.0.3 Communication 1.5", found)])
    most = here.settings.max_body_bytes
    too_large = BodyTooLarge(f"The body is larger than {most} bytes; send smaller batches.")
    if int(request.headers.get("content-length", 0)) > most:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def _only(request: Request, allowed: Sequence[str]) -> None:
    clause = "xAPI 1.0.3 Communication 2.1; 3.3"
    unknown = [name for name, _ in request.query_params.multi_items() if name not in allowed]
    if unknown:
        rule = "is no parameter of this request"
        raise QueryRefused([Violation(name[:100], rule, clause, request.query_params[name][:100]) for name in unknown])


def _statement_id(request: Request) -> UUID:
    given = request.query_params.getlist("statementId")
    query = read_statement_query([("statementId", one) for one in given], XapiVersion.V1_0_3)
    if query.statement_id is None:
        raise QueryRefused([Violation("statementId", "must be given", "xAPI 1.0.3 Communication 2.1.1", "absent")])
    return query.statement_id


def _refuse_unserved(query: StatementQuery) -> None:
    """What the standard has and this server has not yet is refused, not answered wrongly."""
    unserved = []
    if query.format != "exact":
        unserved.append(Violation("format", "only exact is served yet", "xAPI 1.0.3 Communication 2.1.3", query.format))
    if query.attachments:
        unserved.append(Violation("attachments", "only false is served yet", "xAPI 1.0.3 Communication 2.1.3", "true"))
    if unserved:
        raise QueryRefused(unserved)


def _refuse_missing_parts(statements: list[NewStatement]) -> None:
    """An attachment without fileUrl needs its data in the request (xAPI Communication 1.5.2)."""
    missing = [
        Violation(
            f"{f'[{index}].' if len(statements) > 1 else ''}attachments[{number}]",
            "must have a fileUrl, or its data as a part of multipart/mixed",
            "xAPI 1.0.3 Communication 1.5.2",
            "neither",
        )
        for index, statement in enumerate(statements)
        for number, attachment in enumerate(statement.value.get("attachments", ()))
        if "fileUrl" not in attachment
    ]
    if missing:
        raise StatementRefused(missing)
