"""The document resources: /xapi/activities/state, /xapi/activities/profile, /xapi/agents/profile.

xAPI Communication 2.2, 2.3, 2.6, 2.7. What a request makes of a document is decided in `schemas.document`; here are
only its way in and its way out.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec
from fastapi import APIRouter, Request, Response

from lrs.access.credentials import Credential
from lrs.api.body import read_body
from lrs.api.problems import BodyTooLarge
from lrs.api.services import Services, Serving
from lrs.api.signed_in import ProfileReader, ProfileWriter, StateReader, StateWriter
from lrs.api.version_header import Version
from lrs.documents.store import KeptDocument
from schemas.clauses import Clause
from schemas.document import Document, Resource, post, put, tag_of
from schemas.document_query import DocumentQuery, Method, read_document_query
from schemas.errors import NotFound, QueryRefused, Violation
from schemas.media_type import JSON
from schemas.precondition import IF_MATCH, IF_NONE_MATCH, Preconditions, read_preconditions
from schemas.version import XapiVersion

UNTYPED = "application/octet-stream"
"""The Content-Type of a document that came without one."""

GUARDS = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
"""On every document that goes out: a page among them runs no script as ours, and a browser asks before it uses a
document again."""

_WRITABLE = re.compile(r"[\t\x20-\x7e\x80-\xff]{1,1000}")

router = APIRouter(prefix="/xapi", tags=["documents"])
STATE, ACTIVITY_PROFILE, AGENT_PROFILE = "/activities/state", "/activities/profile", "/agents/profile"
READ = ["GET", "HEAD"]


@router.put(STATE)
async def put_state(request: Request, version: Version, who: StateWriter, here: Serving) -> Response:
    """Store a state (2.3)."""
    return await _put(request, Resource.STATE, version, who, here)


@router.post(STATE)
async def post_state(request: Request, version: Version, who: StateWriter, here: Serving) -> Response:
    """Store a state, or merge it into the one that is there (2.3, 2.2)."""
    return await _post(request, Resource.STATE, version, who, here)


@router.api_route(STATE, methods=READ)
async def get_state(request: Request, version: Version, who: StateReader, here: Serving) -> Response:
    """One state, or the ids of all of an activity, agent and registration (2.3)."""
    return await _get(request, Resource.STATE, version, who, here)


@router.delete(STATE)
async def delete_state(request: Request, version: Version, who: StateWriter, here: Serving) -> Response:
    """Delete one state, or all of an activity, agent and registration (2.3)."""
    return await _delete(request, Resource.STATE, version, who, here)


@router.put(ACTIVITY_PROFILE)
async def put_activity_profile(request: Request, version: Version, who: ProfileWriter, here: Serving) -> Response:
    """Store a profile of an activity (2.7)."""
    return await _put(request, Resource.ACTIVITY_PROFILE, version, who, here)


@router.post(ACTIVITY_PROFILE)
async def post_activity_profile(request: Request, version: Version, who: ProfileWriter, here: Serving) -> Response:
    """Store a profile of an activity, or merge it into the one that is there (2.7, 2.2)."""
    return await _post(request, Resource.ACTIVITY_PROFILE, version, who, here)


@router.api_route(ACTIVITY_PROFILE, methods=READ)
async def get_activity_profile(request: Request, version: Version, who: ProfileReader, here: Serving) -> Response:
    """One profile of an activity, or the ids of all (2.7)."""
    return await _get(request, Resource.ACTIVITY_PROFILE, version, who, here)


@router.delete(ACTIVITY_PROFILE)
async def delete_activity_profile(request: Request, version: Version, who: ProfileWriter, here: Serving) -> Response:
    """Delete one profile of an activity (2.7)."""
    return await _delete(request, Resource.ACTIVITY_PROFILE, version, who, here)


@router.put(AGENT_PROFILE)
async def put_agent_profile(request: Request, version: Version, who: ProfileWriter, here: Serving) -> Response:
    """Store a profile of an agent (2.6)."""
    return await _put(request, Resource.AGENT_PROFILE, version, who, here)


@router.post(AGENT_PROFILE)
async def post_agent_profile(request: Request, version: Version, who: ProfileWriter, here: Serving) -> Response:
    """Store a profile of an agent, or merge it into the one that is there (2.6, 2.2)."""
    return await _post(request, Resource.AGENT_PROFILE, version, who, here)


@router.api_route(AGENT_PROFILE, methods=READ)
async def get_agent_profile(request: Request, version: Version, who: ProfileReader, here: Serving) -> Response:
    """One profile of an agent, or the ids of all (2.6)."""
    return await _get(request, Resource.AGENT_PROFILE, version, who, here)


@router.delete(AGENT_PROFILE)
async def delete_agent_profile(request: Request, version: Version, who: ProfileWriter, here: Serving) -> Response:
    """Delete one profile of an agent (2.6)."""
    return await _delete(request, Resource.AGENT_PROFILE, version, who, here)


async def _put(request: Request, resource: Resource, version: XapiVersion, who: Credential, here: Services) -> Response:
    query, id = _one(request, resource, "PUT", version)
    preconditions = _preconditions(request, version)
    sent = await _sent(request, version, here)

    def decide(kept: KeptDocument | None) -> Document:
        return put(None if kept is None else kept.tag, sent, preconditions, resource, version)

    await here.documents.change(who.tenant, query.owner, id, decide)
    return Response(None, 204)


async def _post(
    request: Request, resource: Resource, version: XapiVersion, who: Credential, here: Services
) -> Response:
    query, id = _one(request, resource, "POST", version)
    preconditions = _preconditions(request, version)
    sent = await _sent(request, version, here)
    most = here.settings.max_body_bytes

    def decide(kept: KeptDocument | None) -> Document:
        merged = post(None if kept is None else kept.whole, sent, preconditions, resource, version)
        if len(merged.content) > most:
            raise BodyTooLarge(f"The merged document would be larger than {most} bytes.")
        return merged

    await here.documents.change(who.tenant, query.owner, id, decide, with_content=True)
    return Response(None, 204)


async def _delete(
    request: Request, resource: Resource, version: XapiVersion, who: Credential, here: Services
) -> Response:
    query = read_document_query(resource, "DELETE", request.query_params.multi_items(), version)
    preconditions = _preconditions(request, version)
    if query.id is None:
        if preconditions.are_given:
            rule = "and If-None-Match must not be given where many documents are deleted"
            raise QueryRefused([Violation(IF_MATCH, rule, Clause.CONCURRENCY.named(version), "given")])
        await here.documents.delete_all(who.tenant, query.owner)
        return Response(None, 204)

    def decide(kept: KeptDocument | None) -> None:
        preconditions.demand(None if kept is None else kept.tag, version)

    await here.documents.change(who.tenant, query.owner, query.id, decide)
    return Response(None, 204)


async def _get(request: Request, resource: Resource, version: XapiVersion, who: Credential, here: Services) -> Response:
    query = read_document_query(resource, "GET", request.query_params.multi_items(), version)
    preconditions = _preconditions(request, version)
    if query.id is None:
        found = await here.documents.ids(who.tenant, query.owner, query.since)
        ids = msgspec.json.encode(found.ids)
        return _answer(ids, len(ids), JSON, tag_of(ids), found.updated, preconditions, version)
    with_content = request.method == "GET"
    kept = await here.documents.find(who.tenant, query.owner, query.id, with_content=with_content)
    if kept is None:
        raise NotFound(f"There is no {resource.value} document with this id here.")
    return _answer(kept.content, kept.length, kept.content_type, kept.tag, kept.updated, preconditions, version)


def _answer(
    content: bytes | None,
    length: int,
    content_type: str,
    tag: str,
    updated: datetime | None,
    preconditions: Preconditions,
    version: XapiVersion,
) -> Response:
    """Content with its ETag and time, or 304 to who has it already. Raises PreconditionFailed."""
    headers = {"ETag": f'"{tag}"', **GUARDS}
    if updated is not None:
        headers["Last-Modified"] = format_datetime(updated.astimezone(UTC), usegmt=True)
    if preconditions.failing(tag) == IF_NONE_MATCH:
        return Response(None, 304, headers)
    preconditions.demand(tag, version)
    return Response(content, 200, {**headers, "Content-Type": content_type, "Content-Length": str(length)})


def _one(request: Request, resource: Resource, method: Method, version: XapiVersion) -> tuple[DocumentQuery, str]:
    query = read_document_query(resource, method, request.query_params.multi_items(), version)
    assert query.id is not None
    return query, query.id


def _preconditions(request: Request, version: XapiVersion) -> Preconditions:
    headers = request.headers
    return read_preconditions(headers.getlist(IF_MATCH), headers.getlist(IF_NONE_MATCH), version)


async def _sent(request: Request, version: XapiVersion, here: Services) -> Document:
    """The document that a request carries."""
    content_type = request.headers.get("content-type", UNTYPED)
    if not _WRITABLE.fullmatch(content_type):
        rule = "must be 1 to 1000 characters, none of them a control character"
        raise QueryRefused([Violation("Content-Type", rule, Clause.DOCUMENTS.named(version), repr(content_type)[:100])])
    return Document(content_type, await read_body(request, here.settings.max_body_bytes))
