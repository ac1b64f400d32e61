"""The courses of a tenant, and one course as its page shows it: what the read models hold, nothing decided here."""

from uuid import UUID

import msgspec
from fastapi import APIRouter, Response
from msgspec.structs import replace

from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_courses, read_first_view
from schemas.media_type import JSON

router = APIRouter(prefix="/api/courses")

MOST_LINES = 500
"""Of a roster, in one answer."""
NOT_KEPT = {"Cache-Control": "no-store"}


@router.get("")
async def list_courses(serving: Serving, credential: RecordReader, iri: str | None = None) -> Response:
    """`{"courses": [CourseLine]}`: every course, or the one with this IRI; by title."""
    async with serving.read.connection() as connection:
        courses = await read_courses(connection, credential.tenant, iri)
    return json_answer({"courses": courses})


@router.get("/{course_id}")
async def get_course(serving: Serving, credential: RecordReader, course_id: UUID) -> Response:
    """A CourseView, of the roster the first lines; 404 where there is no such course. Follow it from its position with
    `…/live?after=`.
    """
    async with serving.read.connection() as connection:
        view, whole = await read_first_view(
            connection, credential.tenant, course_id, most=MOST_LINES, first=MOST_LINES, counts=True
        )
    return json_answer(
        view if whole else replace(view, more=f"/api/courses/{course_id}/learners?limit=1000&sort=enrolled")
    )


def json_answer(value: object) -> Response:
    """A value as JSON that no cache keeps: it is old with the next statement."""
    return Response(msgspec.json.encode(value), media_type=JSON, headers=NOT_KEPT)
