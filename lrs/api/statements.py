"""The statements resource: /xapi/statements (xAPI Communication 2.1). Parse, decide, call, answer."""

from collections.abc import Sequence
from datetime import UTC
from email.utils import format_datetime
from hashlib import sha1
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response

from lrs.access.credentials import Credential
from lrs.api import cursor_token
from lrs.api.batch_results import store_each, wants_results
from lrs.api.compatibility import Reading, repaired_header
from lrs.api.consistent_through import CONSISTENT_THROUGH
from lrs.api.cursor_token import Continuation
from lrs.api.services import Services, Serving
from lrs.api.shown_statements import shown
from lrs.api.signed_in import StatementReader, StatementWriter
from lrs.api.statement_answer import statement_answer
from lrs.api.statement_body import StatementBody, statement_body
from lrs.api.version_header import Version
from lrs.statement_log.log import Place
from lrs.statement_log.recorded import instant
from lrs.tracing.noted import note
from schemas.errors import NotFound, QueryRefused, Violation
from schemas.media_type import JSON
from schemas.precondition import read_preconditions
from schemas.scope import Scope
from schemas.statement_query import StatementQuery, read_statement_query
from schemas.version import XapiVersion

POSITION = "X-LRS-Position"
"""Highest log position of what a request stored: pass it to the read models to read your own writes."""
STORED = "X-LRS-Stored"
"""How many statements of a request were new; the others were known already."""

VARY = "Accept-Language"
"""format=canonical shows the language that is asked for."""

router = APIRouter(prefix="/xapi/statements", tags=["statements"])


@router.post("")
async def post_statements(request: Request, version: Version, who: StatementWriter, here: Serving) -> Response:
    """Store one statement or a batch, all or nothing; answers the ids in order (2.1.2)."""
    _only(request, ())
    here.log.expect_room()
    if wants_results(request):
        results = await store_each(request, version, who, here)
        headers = storing(here, results.positions) | results.headers()
        return Response(results.body(), results.status, headers, JSON)
    reading = Reading(who, version)
    async with statement_body(request, here.settings, version, reading) as body:
        headers = await _store(here, who, body, reading)
    return Response(msgspec.json.encode([str(one.id) for one in body.statements]), 200, headers, JSON)


@router.put("")
async def put_statement(request: Request, version: Version, who: StatementWriter, here: Serving) -> Response:
    """Store one statement under the id of the request (2.1.1)."""
    _only(request, ("statementId",))
    here.log.expect_room()
    statement_id = _statement_id(request)
    reading = Reading(who, version, statement_id=statement_id, single=True)
    async with statement_body(request, here.settings, version, reading) as body:
        return Response(None, 204, await _store(here, who, body, reading))


@router.api_route("", methods=["GET", "HEAD"])
async def get_statements(request: Request, version: Version, who: StatementReader, here: Serving) -> Response:
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
    if query.statement_id is not None or query.voided_statement_id is not None:
        return await _one(request, here, who, query, version)
    limit = min(query.limit or here.settings.page_size, here.settings.page_size)
    cursor = continuation.cursor if continuation else None
    page = await here.search.page(who.tenant, salt, query, cursor, limit, who.reads_only)
    more = ""
    if page.next is not None:
        token = cursor_token.sign(Continuation(params, *page.next), salt)
        more = f"{request.url.path}?{urlencode({'more': token})}"
    documents = ",".join(await shown(request, here, who, query.format, page.statements))
    body = f'{{"statements":[{documents}],"more":{msgspec.json.encode(more).decode()}}}'
    headers = {CONSISTENT_THROUGH: instant(page.consistent_through), "Vary": VARY}
    return await statement_answer(
        request, here, who.tenant, body, page.statements, headers, attachments=query.attachments
    )


async def _one(
    request: Request, here: Services, who: Credential, query: StatementQuery, version: XapiVersion
) -> Response:
    wanted = query.statement_id or query.voided_statement_id
    assert wanted is not None
    voided = query.voided_statement_id is not None
    through = {CONSISTENT_THROUGH: instant(await here.search.consistent_through())}
    place: Place | None = await here.log.place_of(who.tenant, wanted)
    unknown = NotFound(f"There is no {'voided ' if voided else ''}statement {wanted} here.")
    if place is None or place.voided is not voided:
        raise unknown
    statement = await here.log.statement_at(place)
    if statement is None:
        raise unknown
    if who.reads_only is not None and who.reads_only.text != statement.authority:
        raise unknown
    (document,) = await shown(request, here, who, query.format, [statement])
    tag = sha1(document.encode(), usedforsecurity=False).hexdigest()
    modified = format_datetime(statement.stored.astimezone(UTC), usegmt=True)
    headers = through | {"ETag": f'"{tag}"', "Last-Modified": modified, "Vary": VARY}
    known = read_preconditions((), request.headers.getlist("if-none-match"), version)
    if not query.attachments and known.failing(tag) is not None:
        return Response(None, 304, headers)
    return await statement_answer(
        request, here, who.tenant, document, [statement], headers, attachments=query.attachments
    )


async def _store(here: Services, who: Credential, body: StatementBody, reading: Reading) -> dict[str, str]:
    if reading.repairs:
        await here.repairs.keep(who.tenant, reading.repairs)
    if body.contents:
        await here.attachments.keep(who.tenant, body.contents.values(), body.belongings)
    defines = who.may(Scope.DEFINE)
    positions = await here.log.append(who.tenant, who.authority, body.statements, defines=defines)
    return storing(here, positions) | repaired_header(reading.repairs)


def storing(here: Services, positions: Sequence[int]) -> dict[str, str]:
    """The headers of a request that stored something at these positions; the processor is told."""
    headers = {STORED: str(len(positions))}
    if positions:
        here.wake()
        note(positions)
        headers[POSITION] = str(max(positions))
    return headers


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
