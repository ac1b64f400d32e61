"""What has been completed, and when: /api/courses/{course_id}/completions. docs/read-models.md, section 6."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection
from pydantic import ValidationError

from lrs.api.listing import Asked, Listing, Told, answer, name
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_course
from projections.progress_queries import COMPLETIONS as PAGES
from projections.progress_queries import Completion, read_completions
from schemas import parameters
from schemas.parameters import Misread

router = APIRouter(prefix="/api/courses/{course_id}")


def instant(text: str) -> datetime:
    """A moment."""
    try:
        return parameters.instant(text)
    except ValidationError:
        raise Misread("must be an ISO 8601 timestamp such as 2026-03-29T10:15:00Z (a URL writes + as %2B)") from None


FILTERS = {"person": name, "node": name, "since": instant, "until": instant}
COMPLETIONS = Listing("completions", Completion, tuple(PAGES.orders), FILTERS, is_sorted=True)


@router.get("/completions")
async def list_completions(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """What learners have completed, by when: nodes, and the course, which is the node of its own id."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        return Told(*await read_completions(connection, who.tenant, course_id, asked.filters, asked.page))

    return await answer(request, here, who, COMPLETIONS, read)
