"""From the bus to many readers: what changed in all courses that are followed is read at once, each of them is encoded
once, and handed to all who follow it.

Nobody is left behind in silence. A reader is told everything after the position that he named, or is told to begin anew
(`reset`): because the backlog does not reach back that far, or because he is too slow to be waited for. Outlines, which
count every learner's rows, are read at a pace of their own. Where changes are not told as they come (`Bus.delayed`), a
channel looks at its course whenever the read models have moved.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from lrs.dashboard.channel import Channel, persons_of
from lrs.dashboard.subscriber import Frame, Subscriber, frame
from lrs.database import Pool
from projections.course_update_queries import Changed, read_outlines, read_updates
from projections.course_view_queries import Key, read_view
from schemas.errors import NotFound
from streams.bus import Bus

log = logging.getLogger(__name__)

PACE = 0.2
"""Seconds between two updates, at least."""
SHARE = 1
"""Updates that take long to read are followed by a pause of this many times as long."""
OUTLINE_PACE = 1.0
OUTLINE_SHARE = 4
"""The same of outlines."""
PATIENCE = 2.0
"""Seconds to wait for the bus to reach the position of a snapshot that was read just after its commit."""
RETRY = 1.0
LOOKS = 3
"""Courses that are looked at at once, while changes are not told as they come: fewer than there are connections."""

DATABASE_TROUBLE = (psycopg.Error, PoolTimeout)


class Channels:
    """The channels that somebody follows; where there are none, nothing runs."""

    def __init__(self, bus: Bus, pool: Pool) -> None:
        self._bus = bus
        self._pool = pool
        self._running: dict[Key, Channel] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stale = asyncio.Event()
        """Set where some outline may be another."""
        self._past_overruns = 0
        self.on_handed: Callable[[UUID, int, int], None] | None = None
        self.cut = 0
        """How many readers were cut off because they took nothing any more."""

    def __len__(self) -> int:
        return len(self._running)

    @property
    def readers(self) -> int:
        """Of all channels."""
        return sum(len(channel.subscribers) for channel in self._running.values())

    @property
    def overruns(self) -> int:
        """Readers that were too slow, of all channels that ever ran."""
        return self._past_overruns + sum(channel.overruns for channel in self._running.values())

    @contextmanager
    def follow(self, tenant: int, course: UUID) -> Iterator[tuple[Channel, Subscriber]]:
        """Subscribe for as long as the context lasts. The channel is there until its last subscriber has left."""
        key = (tenant, course)
        if not self._running:
            work = (self._tell(self._bus.position), "channels"), (self._tell_outlines(), "channels, outlines")
            self._tasks = [asyncio.create_task(one, name=name) for one, name in work]
        if key not in self._running:
            self._running[key] = Channel(self._bus, key)
            self._running[key].on_handed = self.on_handed
        channel, subscriber = self._running[key], Subscriber()
        channel.subscribers.add(subscriber)
        try:
            yield channel, subscriber
        finally:
            channel.subscribers.discard(subscriber)
            if not channel.subscribers:
                del self._running[key]
                self._past_overruns += channel.overruns
            if not self._running:
                for task in self._tasks:
                    task.cancel()
                self._tasks = []

    async def catch_up(self, channel: Channel, after: int, outlined: int | None) -> Frame | None:
        """All that changed after a position, as one frame, which is empty where nothing did; None where nobody knows.
        The outline follows, where it may be another than one that holds up to `outlined`.

        Subscribe first; then drop what waits with a position before that of the answer.
        """
        await self._bus.wait(after - 1, PATIENCE)
        position, changes = self._bus.position, channel.missed(after, outlined)
        if changes is None:
            return None
        self._stale.set()
        if not changes:
            return Frame(position, b"")
        async with self._pool.connection() as connection:
            (update,) = await read_updates(connection, [Changed(channel.key, persons_of(changes), after, position)])
        return frame("change", position, msgspec.json.encode(update))

    async def _tell(self, told: int) -> None:
        """Follow the bus from here on, for as long as anybody follows a course."""
        clock = asyncio.get_running_loop().time
        while self._is_mine():
            await self._bus.wait(told, 60)
            position, began = self._bus.position, clock()
            if position <= told:
                continue
            if not await (self._look() if self._bus.delayed else self._advance(position)):
                await asyncio.sleep(RETRY)
                continue
            told = position
            self._stale.set()
            await asyncio.sleep(max(PACE, SHARE * (clock() - began)))

    def _is_mine(self) -> bool:
        """Whether the task that asks is one of those at work: the driver may take its end for that of a query."""
        return asyncio.current_task() in self._tasks

    async def _advance(self, position: int) -> bool:
        """Hand out what changed in any course. Where that fails for all together, each is tried alone, and whoever
        fails then is tried again.
        """
        channels = list(self._running.values())
        asked = [(channel, one) for channel in channels if (one := channel.changed(position)) is not None]
        if not asked or await self._hand_out(asked):
            return True
        alone = [await self._hand_out([one]) for one in asked] if len(asked) > 1 else [False]
        return all(alone)

    async def _hand_out(self, asked: Sequence[tuple[Channel, Changed]]) -> bool:
        try:
            async with self._pool.connection() as connection:
                updates = await read_updates(connection, [one for _, one in asked])
        except Exception as error:
            _say("changes", [channel for channel, _ in asked], error)
            return False
        for (channel, _), update in zip(asked, updates, strict=True):
            channel.hand_out(update)
        return True

    async def _look(self) -> bool:
        """Hand out what is another than at the last look, in any course that is behind: a few at once."""
        behind = [channel for channel in self._running.values() if self._bus.position > channel.position]
        places = asyncio.Semaphore(LOOKS)

        async def look(channel: Channel) -> bool:
            try:
                async with places, self._pool.connection() as connection:
                    channel.look(await read_view(connection, *channel.key))
            except NotFound:
                channel.look(None)
            except Exception as error:
                _say("views", [channel], error)
                return False
            return True

        return all(await asyncio.gather(*map(look, behind)))

    async def _tell_outlines(self) -> None:
        """Read outlines again, those of all courses that have changed at once, for as long as anybody follows one."""
        clock = asyncio.get_running_loop().time
        while self._is_mine():
            await self._stale.wait()
            self._stale.clear()
            began = clock()
            channels = list(self._running.values())
            asked = [(channel, until) for channel in channels if (until := channel.wants_outline) is not None]
            if not asked:
                continue
            if not await self._hand_out_outlines(asked):
                alone = [await self._hand_out_outlines([one]) for one in asked] if len(asked) > 1 else [False]
                if not all(alone):
                    await asyncio.sleep(RETRY)
                    self._stale.set()
            await asyncio.sleep(max(OUTLINE_PACE, OUTLINE_SHARE * (clock() - began)))

    async def _hand_out_outlines(self, asked: Sequence[tuple[Channel, int]]) -> bool:
        try:
            async with self._pool.connection() as connection:
                outlines = await read_outlines(connection, [channel.key for channel, _ in asked])
        except Exception as error:
            _say("outlines", [channel for channel, _ in asked], error)
            return False
        for (channel, until), outline in zip(asked, outlines, strict=True):
            channel.hand_out_outline(outline, until)
        return True


def _say(what: str, channels: Sequence[Channel], error: Exception) -> None:
    """Whatever went wrong is tried again: a page that is told nothing would take itself for live."""
    which = f"course {channels[0].key[1]}" if len(channels) == 1 else f"{len(channels)} courses"
    known = isinstance(error, DATABASE_TROUBLE)
    log.warning("%s of %s could not be read, trying again: %s", what, which, error, exc_info=None if known else error)
