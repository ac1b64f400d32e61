"""The Agents resource: /xapi/agents, the Person that an Agent is (xAPI Communication 2.4)."""

import msgspec
from fastapi import APIRouter, Request, Response

from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from lrs.api.version_header import Version
from projections.payload import parse
from schemas.description_query import read_agent_query
from schemas.media_type import JSON
from schemas.person import person
from schemas.statement_query import StatementQuery

LOOKED_AT = 100
"""The newest statements of an Agent, in which its names are looked for."""

router = APIRouter(prefix="/xapi/agents", tags=["agents"])


@router.api_route("", methods=["GET", "HEAD"])
async def get_person(request: Request, version: Version, who: RecordReader, here: Serving) -> Response:
    """The names that the Agent has in the newest statements by or about it; one that has none is a Person too (2.4)."""
    agent = read_agent_query(request.query_params.multi_items(), version)
    salt = await here.log.salt(who.tenant)
    page = await here.search.page(who.tenant, salt, StatementQuery(agent=agent), None, LOOKED_AT)
    found = person(agent, (parse(one.payload) for one in page.statements))
    return Response(msgspec.json.encode(found), 200, media_type=JSON)
