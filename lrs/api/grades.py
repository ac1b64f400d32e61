"""The gradebook: /api/courses/{course_id}/grades. docs/read-models.md, section 8."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from lrs.api.learners import ROSTER_FILTERS
from lrs.api.listing import Asked, Listing, Told, answer, name
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_course
from projections.grade_queries import Grades, read_grades

router = APIRouter(prefix="/api/courses/{course_id}")
FILTERS = {"person": name, "node": name, **{one: ROSTER_FILTERS[one] for one in ("status", "passed", "q")}}
GRADES = Listing("grades", Grades, ("name", "grade"), FILTERS, is_sorted=True, usual=20, most=100)


@router.get("/grades")
async def list_grades(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """Of each learner the course row, and the grades of the nodes with an attempt."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        node = asked.filters.pop("node", None)
        return Told(*await read_grades(connection, who.tenant, course_id, asked.filters, asked.page, node))

    return await answer(request, here, who, GRADES, read)
