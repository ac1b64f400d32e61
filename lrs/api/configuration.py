"""What is set, all of it, now or as of a position of the log, and who set it when: …/configuration. docs/rules.md."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Response

from lrs.api.configured import NAMED, Asked, Reading, answer
from lrs.api.read_after import LARGEST
from lrs.configuration import shown
from lrs.configuration.store import OUTLINE, beside
from projections.course_configuration import Configuration

router = APIRouter(prefix="/api", tags=["configuration"])

MOST_EVENTS = 200
COURSE = "/courses/{course_id}/configuration"

Position = Annotated[int | None, Query(ge=0, le=LARGEST)]
Before = Annotated[int, Query(ge=0, le=LARGEST)]
Limit = Annotated[int, Query(ge=1, le=MOST_EVENTS)]


@router.get("/configuration")
async def get_configuration(asked: Reading, at: Position = None) -> Response:
    """The courses of which something is set, every mapping and every merge."""
    configuration = await _as_of(asked, at)
    return answer(shown.tenant_configuration(configuration), configuration.position, None)


@router.get("/configuration/events")
async def get_events(asked: Reading, before: Before = LARGEST, limit: Limit = 50) -> Response:
    """Every event that set something, the newest first."""
    return await _events(asked, None, before, limit)


@router.get(COURSE)
async def get_course_configuration(asked: Reading, at: Position = None) -> Response:
    """All that is set of a course."""
    course = await asked.course()
    known = (await _as_of(asked, at)).of_course(course)
    told = await beside(OUTLINE, lambda: msgspec.json.encode(shown.course_configuration(known, course)))
    return answer(told, known.position, known.course(course).version)


@router.get(f"{COURSE}/events")
async def get_course_events(asked: Reading, before: Before = LARGEST, limit: Limit = 50) -> Response:
    """The events that set something of a course, the newest first."""
    return await _events(asked, await asked.course(), before, limit)


async def _as_of(asked: Asked, at: int | None) -> Configuration:
    return asked.known if at is None else await asked.here.configurations.at(asked.who.tenant, at)


async def _events(asked: Asked, course: str | None, before: int, limit: int) -> Response:
    events = await asked.here.configurations.history(asked.who.tenant, course, before=before, limit=limit + 1)
    more = ""
    if len(events) > limit:
        named = f"&course={quote(course or '', safe='')}" if f"/{NAMED}/" in asked.request.url.path else ""
        more = f"{asked.request.url.path}?before={events[limit - 1].position}&limit={limit}{named}"
    page = shown.History([shown.history_event(one) for one in events[:limit]], more)
    return answer(page, asked.known.position, None)
