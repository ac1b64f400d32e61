"""The Activities resource: /xapi/activities, what the statements say of an Activity (xAPI Communication 2.5)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from lrs.api.version_header import Version
from schemas import exact_json
from schemas.description_query import read_activity_query
from schemas.media_type import JSON

router = APIRouter(prefix="/xapi/activities", tags=["activities"])


@router.api_route("", methods=["GET", "HEAD"])
async def get_activity(request: Request, version: Version, who: RecordReader, here: Serving) -> Response:
    """The Activity with its merged definition; one that was never described is an Activity too (2.5)."""
    identity = read_activity_query(request.query_params.multi_items(), version)
    definitions = await here.definitions.merged(who.tenant, [identity])
    activity: dict[str, Any] = {"objectType": "Activity", "id": identity}
    if identity in definitions:
        activity["definition"] = definitions[identity]
    return Response(exact_json.encode(activity), 200, media_type=JSON)
