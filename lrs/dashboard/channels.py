"""From the bus to many readers: each change of a course is read once, encoded once, and handed to all who follow it.

Nobody is left behind in silence. A reader is told everything after the position that he named, or is told to begin anew
(`reset`): because the backlog does not reach back that far, or because he is too slow to be waited for. Where changes
are not told as they come (`Bus.delayed`), a channel looks at its course whenever the read models have moved.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from lrs.dashboard.difference import difference
from lrs.database import Pool
from projections.course_view import CourseUpdate, CourseView
from projections.course_view_queries import read_update, read_view
from schemas.errors import NotFound
from streams.bus import Bus, Change

log = logging.getLogger(__name__)

PACE = 0.2
"""Seconds between two updates of a course, at least."""
SHARE = 4
"""A course whose update takes long to read waits this many times as long before the next."""
QUEUE = 32
"""Updates that may wait for one reader."""
PATIENCE = 2.0
"""Seconds to wait for the bus to reach the position of a snapshot that was read just after its commit."""
RETRY = 1.0

DATABASE_TROUBLE = (psycopg.Error, PoolTimeout)


class Frame(NamedTuple):
    """One event of the stream, as bytes. With it a reader has everything up to `position`."""

    position: int
    data: bytes


def frame(event: str, position: int, data: bytes | None = None) -> Frame:
    """An event whose id is the position. data: JSON without a line break; where none is given it tells the position."""
    data = data or msgspec.json.encode({"position": position})
    return Frame(position, b"id: %d\nevent: %s\ndata: %s\n\n" % (position, event.encode(), data))


class Subscriber:
    """What waits for one reader: a bounded queue, and whether it ran over."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._some = asyncio.Event()
        self._lost = False

    def put(self, one: Frame) -> bool:
        """Hand over an update; where too many wait already, all are dropped, and the reader must begin anew.

        Whether that has just become so.
        """
        was_lost = self._lost
        if not was_lost and len(self._frames) < QUEUE:
            self._frames.append(one)
            self._some.set()
        else:
            self.lose()
        return self._lost and not was_lost

    def lose(self) -> None:
        """Something did not reach this reader."""
        self._frames.clear()
        self._lost = True
        self._some.set()

    async def take(self, timeout: float) -> list[Frame] | None:  # noqa: ASYNC109 - a bound, not a cancellation
        """Everything that waits, after at most `timeout` seconds; None where something was lost."""
        with suppress(TimeoutError):  # what came at the very last moment is taken too
            async with asyncio.timeout(timeout):
                await self._some.wait()
        self._some.clear()
        lost, self._lost = self._lost, False
        frames = list(self._frames)
        self._frames.clear()
        return None if lost else frames


class Channel:
    """One course of one tenant. `position`: everything up to it has been handed to the subscribers."""

    def __init__(self, bus: Bus, pool: Pool, tenant: int, course: UUID) -> None:
        self.position = bus.position
        self.subscribers: set[Subscriber] = set()
        self.on_handed: Callable[[UUID, int, int], None] | None = None
        """Told of which course everything from where to where has been handed out."""
        self.overruns = 0
        """How many readers had to begin anew because they were too slow."""
        self._bus = bus
        self._pool = pool
        self._tenant = tenant
        self._course = course
        self._last = self.position
        self._outline: bytes | None = None
        self._view: CourseView | None = None
        """What was seen last, as long as changes are looked for."""
        self._reading = asyncio.Lock()

    @property
    def delayed(self) -> bool:
        """Whether changes are looked for instead of told."""
        return self._bus.delayed

    def join(self, subscriber: Subscriber) -> None:
        """Hand this subscriber every update from now on."""
        self.subscribers.add(subscriber)
        self._outline = None  # the newcomer may have seen another outline than the others

    async def run(self) -> None:
        """Follow the bus for ever."""
        while True:
            if self._bus.position <= self.position:
                await self._bus.wait(self.position, 60)
                continue
            started = asyncio.get_running_loop().time()
            try:
                sent = await self._advance()
            except DATABASE_TROUBLE as error:
                log.warning("a change of course %s could not be read, trying again: %s", self._course, error)
                await asyncio.sleep(RETRY)
                continue
            if sent:
                elapsed = asyncio.get_running_loop().time() - started
                await asyncio.sleep(max(PACE, SHARE * elapsed))

    async def catch_up(self, after: int) -> Frame | None:
        """All that changed after a position, as one frame, which is empty where nothing did; None where nobody knows.

        Subscribe first; then drop what waits with a position up to that of the answer.
        """
        await self._bus.wait(after - 1, PATIENCE)
        async with self._reading:
            position = self._bus.position
            changes = self._bus.since(self._tenant, self._course, after)
            if self._view is not None and after < self.position:  # what is looked for next is told from there on
                return None
            if changes is None or any(change.recounted for change in changes):
                return None
            if not changes:
                return Frame(position, b"")
            update = await self._read(changes, after, position)
            return frame("change", position, msgspec.json.encode(update))

    async def _advance(self) -> bool:
        """Hand out what changed since the last time, if anything did."""
        async with self._reading:  # so that what is handed out later was read later
            if self._bus.delayed:
                return await self._look()
            self._view = None
            position = self._bus.position
            changes = self._bus.since(self._tenant, self._course, self.position)
            if changes is None or any(change.recounted for change in changes):
                self._begin_anew(position)  # every line is another now: a fresh snapshot says it best
                return bool(changes)
            if not changes:
                self.position = position
                return False
            update = await self._read(changes, self._last, position)
            outline = msgspec.json.encode(update.outline)
            if outline == self._outline:
                update = msgspec.structs.replace(update, outline=None)
            self._outline = outline
            self._hand_out(update)
            return True

    async def _look(self) -> bool:
        """Hand out what is another than at the last look; at the first look nobody knows."""
        async with self._pool.connection() as connection:
            try:
                view = await read_view(connection, self._tenant, self._course)
            except NotFound:
                self._view = None
                self._begin_anew(self._bus.position)
                return True
        before, self._view = self._view, view
        update = None if before is None else difference(before, view)
        self._outline = None
        if update is None:
            self._begin_anew(view.position)
        else:
            self._hand_out(update)
        return True

    def _begin_anew(self, position: int) -> None:
        self.position = self._last = position
        for subscriber in self.subscribers:
            subscriber.lose()

    def _hand_out(self, update: CourseUpdate) -> None:
        one = frame("change", update.position, msgspec.json.encode(update))
        before = self._last
        self.position = self._last = update.position
        self.overruns += sum(subscriber.put(one) for subscriber in self.subscribers)
        if self.on_handed is not None:
            self.on_handed(self._course, before, update.position)

    async def _read(self, changes: list[Change], after: int, position: int) -> CourseUpdate:
        persons = frozenset().union(*(change.persons for change in changes))
        async with self._pool.connection() as connection:
            return await read_update(connection, self._tenant, self._course, persons, after=after, position=position)


class Channels:
    """The channels that somebody follows; the others do not run."""

    def __init__(self, bus: Bus, pool: Pool) -> None:
        self._bus = bus
        self._pool = pool
        self._running: dict[tuple[int, UUID], tuple[Channel, asyncio.Task[None]]] = {}
        self._past_overruns = 0
        self.on_handed: Callable[[UUID, int, int], None] | None = None
        self.cut = 0
        """How many readers were cut off because they took nothing any more."""

    def __len__(self) -> int:
        return len(self._running)

    @property
    def readers(self) -> int:
        """Of all channels."""
        return sum(len(channel.subscribers) for channel, _ in self._running.values())

    @property
    def overruns(self) -> int:
        """Readers that were too slow, of all channels that ever ran."""
        return self._past_overruns + sum(channel.overruns for channel, _ in self._running.values())

    @contextmanager
    def follow(self, tenant: int, course: UUID) -> Iterator[tuple[Channel, Subscriber]]:
        """Subscribe for as long as the context lasts. The channel runs until its last subscriber has left."""
        key = (tenant, course)
        if key not in self._running:
            channel = Channel(self._bus, self._pool, tenant, course)
            channel.on_handed = self.on_handed
            self._running[key] = channel, asyncio.create_task(channel.run(), name=f"channel {course}")
        channel, task = self._running[key]
        subscriber = Subscriber()
        channel.join(subscriber)
        try:
            yield channel, subscriber
        finally:
            channel.subscribers.discard(subscriber)
            if not channel.subscribers:
                del self._running[key]
                self._past_overruns += channel.overruns
                task.cancel()
