"""`GET /api/courses/{course_id}/live`: a course's changes as Server-Sent Events; nothing is missed without a word.

- `snapshot` comes first: its position is the one that the stream goes on from.
- `change`: a CourseUpdate. Whole values: applying one twice does no harm; one with a position the page is past is old.
- `outline`: the nodes, and how many began and completed each, where that has changed: a little later than the lines.
  It holds all up to its position; one with a lower position than that of the outline that a page has is old.
- `reset`: what lies before its position may be missing. Fetch the course again; the stream goes on meanwhile.
- `delayed`: whether changes come late from now on, because they are looked for about every second instead of told.
- `alive`, every 15 seconds without a change: everything up to its position has been sent.

The id of every other event is its position, which a browser sends back as `Last-Event-ID` when it connects again; a
page names the position of its snapshot as `?after=` when it first connects.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from random import uniform
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from lrs.dashboard.channels import DATABASE_TROUBLE, Channels
from lrs.dashboard.subscriber import frame
from projections.course_view_queries import read_course
from schemas.errors import IssuerUnavailable, NotSignedIn
from schemas.scope import Scope

router = APIRouter(prefix="/api/courses")
log = logging.getLogger(__name__)

ALIVE_SECONDS = 15.0
CHECK_SECONDS = 0.5
"""How often a reader's credential is looked at again: a disabled one stops within about a second."""
SEND_SECONDS = 5.0
"""A reader who takes nothing for this long is cut off; his browser connects again."""


@router.get("/{course_id}/live")
async def follow_course(
    request: Request,
    serving: Serving,
    credential: RecordReader,
    course_id: UUID,
    after: Annotated[int | None, Query(ge=0)] = None,
    outlined: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventSourceResponse:
    """The stream. `Last-Event-ID` goes before `after`; without either it begins now. 404 where it is unknown.

    outlined: up to where the outline holds that the page has; left out: that is not known, and it is told.
    """
    async with serving.read.connection() as connection:
        await read_course(connection, credential.tenant, course_id)

    async def still_signed_in() -> bool:
        try:
            who = await serving.verify(request.headers.get("authorization"))
        except (NotSignedIn, IssuerUnavailable):
            return False
        return who.may(Scope.STATEMENTS_READ)

    if last_event_id is not None and last_event_id.isdecimal() and len(last_event_id) < 19:
        after = int(last_event_id)
    channels = channels_of(request)
    events = course_events(channels, credential.tenant, course_id, after, still_signed_in, outlined)
    # Our own `alive` replaces the ping comments, which a page cannot see.
    return _Stream(channels, events, ping=0, send_timeout=SEND_SECONDS)


class _Stream(EventSourceResponse):
    """Notes who is cut off."""

    def __init__(self, channels: Channels, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._channels = channels

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            self._channels.cut += 1
            raise


async def course_events(
    channels: Channels,
    tenant: int,
    course: UUID,
    after: int | None,
    still_signed_in: Callable[[], Awaitable[bool]],
    outlined: int | None = None,
) -> AsyncGenerator[bytes]:
    """The stream's bytes, until the reader leaves, his credential is disabled or the database fails him."""
    clock = asyncio.get_running_loop().time
    with channels.follow(tenant, course) as (channel, subscriber):
        seen = channel.position if after is None else after
        yield b"retry: %d\n" % uniform(500, 1500) + frame("snapshot", seen).data
        try:
            if after is not None:
                missed = await channels.catch_up(channel, after, outlined)
                seen = channel.position if missed is None or missed.position is None else missed.position
                yield frame("reset", seen).data if missed is None else missed.data + frame("alive", seen).data
            checked = spoke = clock()
            late = False
            while True:
                if late != channel.delayed:
                    late = channel.delayed
                    yield frame("delayed", seen, msgspec.json.encode({"position": seen, "delayed": late})).data
                if clock() - checked >= CHECK_SECONDS:
                    if not await still_signed_in():
                        return
                    checked = clock()
                frames = await subscriber.take(min(CHECK_SECONDS, ALIVE_SECONDS))
                if frames is None:
                    seen = channel.position
                    yield frame("reset", seen).data
                elif news := [one for one in frames if one.position is None or one.position > seen]:
                    seen = max((one.position for one in news if one.position is not None), default=seen)
                    yield b"".join(one.data for one in news)
                elif clock() - spoke >= ALIVE_SECONDS:
                    seen = max(seen, channel.position)
                    yield frame("alive", seen).data
                else:
                    continue
                spoke = clock()
        except DATABASE_TROUBLE as error:
            log.warning("a stream of course %s ended: %s", course, error)


def channels_of(request: Request) -> Channels:
    """The application's channels, made when the first reader comes."""
    state = request.app.state
    if not hasattr(state, "channels"):
        state.channels = Channels(state.services.bus, state.services.primary)
        traces = getattr(state, "traces", None)
        if traces is not None:
            state.channels.on_handed = traces.handed
    found: Channels = state.channels
    return found
