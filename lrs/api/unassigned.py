"""What no course was found for: /api/unassigned. docs/read-models.md, section 16."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from lrs.api.listing import Asked, Listing, Told, answer
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.unassigned_queries import (
    STATEMENTS,
    UnassignedActivity,
    UnassignedStatement,
    read_unassigned,
    read_unassigned_statements,
)

router = APIRouter(prefix="/api/unassigned")
ACTIVITIES = Listing("activities", UnassignedActivity, ("activity",))
OF_ACTIVITY = Listing("statements", UnassignedStatement, tuple(STATEMENTS.orders), is_sorted=True)


@router.get("")
async def list_unassigned(request: Request, who: RecordReader, here: Serving) -> Response:
    """The activities, by their ids, each with how many statements there are, and why."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        return Told(*await read_unassigned(connection, who.tenant, asked.page))

    return await answer(request, here, who, ACTIVITIES, read)


@router.get("/{activity_id}")
async def list_unassigned_of(request: Request, who: RecordReader, here: Serving, activity_id: UUID) -> Response:
    """The statements about one activity, by time; none where all of them have a course."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        return Told(*await read_unassigned_statements(connection, who.tenant, activity_id, asked.page))

    return await answer(request, here, who, OF_ACTIVITY, read)
