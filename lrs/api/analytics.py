"""The activity of a tenant, counted in calendar buckets: /api/analytics/activity. docs/analytics.md defines it."""

from fastapi import APIRouter, Request, Response

from lrs.analytics.activity import count_activity
from lrs.analytics.activity_parameters import read_activity_query
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from lrs.api.statements import POSITION
from schemas.media_type import JSON

router = APIRouter(prefix="/api/analytics", tags=["analytics"])

CSV = "text/csv"
_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept"}


@router.get("/activity")
async def get_activity(request: Request, who: RecordReader, here: Serving) -> Response:
    """Live statements in [from, to), by calendar bucket and group, as JSON or CSV."""
    query = read_activity_query(request.query_params.multi_items())
    answer = await count_activity(here.read, who.tenant, query)
    headers = _HEADERS | {POSITION: str(answer.position)}
    form = query.format or ("csv" if prefers_csv(request.headers.get("accept", "*/*")) else "json")
    if form == "json":
        return Response(answer.as_json(), 200, headers, JSON)
    headers["Content-Disposition"] = f'attachment; filename="{answer.file_name()}"'
    return Response(answer.as_csv(), 200, headers, f"{CSV}; charset=utf-8; header=present")


def prefers_csv(accept: str) -> bool:
    """Whether an Accept header asks for CSV rather than for JSON (RFC 9110, 12.5.1); JSON where it does not care."""
    return _quality(accept, CSV) > _quality(accept, JSON)


def _quality(accept: str, kind: str) -> float:
    """The weight that an Accept header gives to a media type, from its most specific range; 0 where it names none."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = 0.0
    ranges = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next((weights[name] for name in ranges if name in weights), 0.0)
