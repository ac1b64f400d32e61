"""What was answered on a course's items, and what came of it. docs/read-models.md, sections 12 and 15."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from lrs.api.completions import instant
from lrs.api.listing import Asked, Listing, Told, answer, name
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_course
from projections.item_queries import RESPONSES as PAGES
from projections.item_queries import ItemLine, ResponseLine, read_items, read_responses
from schemas.parameters import boolean

router = APIRouter(prefix="/api/courses/{course_id}")
RESPONSES = Listing(
    "responses",
    ResponseLine,
    tuple(PAGES.orders),
    {"person": name, "node": name, "first_try": boolean, "final": boolean},
)
ITEMS = Listing(
    "items", ItemLine, ("node",), {"node": name, "parent": name, "since": instant, "until": instant}, usual=20, most=100
)


@router.get("/responses")
async def list_responses(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """Every response, by item, person and time."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        return Told(*await read_responses(connection, who.tenant, course_id, asked.filters, asked.page))

    return await answer(request, here, who, RESPONSES, read)


@router.get("/items")
async def list_items(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """Every item, with what came of its first tries in a window of time."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        return Told(*await read_items(connection, who.tenant, course_id, asked.filters, asked.page))

    return await answer(request, here, who, ITEMS, read)
