"""How far everybody is with every node: /api/courses/{course_id}/progress. docs/read-models.md, section 6."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from lrs.api.listing import Asked, Listing, Told, answer, name, one_of
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_course
from projections.progress_queries import PROGRESS as PAGES
from projections.progress_queries import Progress, read_progress

router = APIRouter(prefix="/api/courses/{course_id}")
STATES = ("not_started", "in_progress", "completed", "expired")
PROGRESS = Listing("progress", Progress, tuple(PAGES.orders), {"person": name, "node": name, "state": one_of(*STATES)})


@router.get("/progress")
async def list_progress(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """A row for each learner and node with a statement or an override, by person and node."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        return Told(*await read_progress(connection, who.tenant, course_id, asked.filters, asked.page))

    return await answer(request, here, who, PROGRESS, read)
