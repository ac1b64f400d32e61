"""The outline of a course that is in force. docs/read-models.md, sections 4 and 5."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from lrs.api.listing import MOST, Asked, Listing, Told, answer
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_course
from projections.outline_queries import OutlineLine, read_outline

router = APIRouter(prefix="/api/courses/{course_id}")
OUTLINE = Listing("nodes", OutlineLine, ("place",), usual=MOST)


@router.get("/outline")
async def get_outline(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """Its nodes depth first, siblings by position, then IRI."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        course = await read_course(connection, who.tenant, course_id)
        rows, place = await read_outline(connection, who.tenant, course_id, asked.page)
        return Told(rows, place, {"course": course})

    return await answer(request, here, who, OUTLINE, read)
