"""What has been played of videos and audios: /api/courses/{course_id}/media. docs/read-models.md, section 11."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection

from lrs.api.listing import Asked, Listing, Told, answer, name
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_course
from projections.media_queries import MEDIA as PAGES
from projections.media_queries import MediaLine, read_media

router = APIRouter(prefix="/api/courses/{course_id}")
MEDIA = Listing("media", MediaLine, tuple(PAGES.orders), {"person": name, "node": name})


@router.get("/media")
async def list_media(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """A row for each learner and node that was played, by person and node."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        return Told(*await read_media(connection, who.tenant, course_id, asked.filters, asked.page))

    return await answer(request, here, who, MEDIA, read)
