"""From the bus to many readers: what changed in all courses that are followed is read at once, each of them is encoded
once, and handed to all who follow it.

Nobody is left behind in silence. A reader is told everything after the position that he named, or is told to begin anew
(`reset`): because the backlog does not reach back that far, or because he is too slow to be waited for. Outlines, which
count every learner's rows, are read at a pace of their own. Where changes are not told as they come (`Bus.delayed`), a
channel looks at its course whenever the read models have moved.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from lrs.dashboard.difference import difference
from lrs.dashboard.subscriber import Frame, Subscriber, frame, outline_frame
from lrs.database import Pool
from projections.course_update_queries import Changed, read_outlines, read_updates
from projections.course_view import CourseUpdate, CourseView, Node
from projections.course_view_queries import Key, read_view
from schemas.errors import NotFound
from streams.bus import Bus, Change

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

DATABASE_TROUBLE = (psycopg.Error, PoolTimeout)


class Channel:
    """One course of one tenant. `position`: everything up to it has been handed to the subscribers."""

    def __init__(self, bus: Bus, key: Key) -> None:
        self.key = key
        self.position = bus.position
        self.subscribers: set[Subscriber] = set()
        self.on_handed: Callable[[UUID, int, int], None] | None = None
        """Told of which course everything from where to where has been handed out."""
        self.overruns = 0
        """How many readers had to begin anew because they were too slow."""
        self._bus = bus
        self._last = self.position
        self._changed = self.position
        self._outlined = self.position
        """Up to where everybody has the outline."""
        self._outline: bytes | None = None
        self._view: CourseView | None = None
        """What was seen last, as long as changes are looked for."""

    @property
    def delayed(self) -> bool:
        """Whether changes are looked for instead of told."""
        return self._bus.delayed

    @property
    def wants_outline(self) -> int | None:
        """The position up to which the outline is to be read, where it may be another than the subscribers have."""
        return self._changed if self._changed > self._outlined else None

    def changed(self, position: int) -> Changed | None:
        """What is to be read so that everything up to `position` can be handed out; None where nothing is."""
        self._view = None
        if position <= self.position:
            return None
        changes = self._bus.since(*self.key, self.position)
        if changes is None or any(change.recounted for change in changes):
            self._begin_anew(position)  # every line is another now: a fresh snapshot says it best
            return None
        if not changes:
            self.position = position
            return None
        self._changed = position
        return Changed(self.key, _persons(changes), self._last, position)

    def missed(self, after: int, outlined: int) -> list[Change] | None:
        """What changed after a position, to be told to one who comes now; None where nobody knows.

        outlined: up to where the outline that he has holds.
        """
        changes = self._bus.since(*self.key, after)
        if self._view is not None and after < self.position:  # what is looked for next is told from there on
            return None
        if changes is None or any(change.recounted for change in changes):
            return None
        later = changes if outlined >= after else self._bus.since(*self.key, outlined)
        if later is None or later:
            self._changed = max(self._changed, later[-1].position if later else self._bus.position)
            self._outline, self._outlined = None, min(self._outlined, outlined)
        return changes

    def look(self, view: CourseView | None) -> None:
        """Hand out what is another than at the last look; at the first look nobody knows."""
        before, self._view = self._view, view
        update = None if before is None or view is None else difference(before, view)
        if update is None:
            self._begin_anew(self._bus.position if view is None else view.position)
        else:
            self._changed = self._outlined = update.position
            self._outline = None
            self.hand_out(update)

    def hand_out(self, update: CourseUpdate) -> None:
        """To everybody; everything up to its position has been told with it."""
        before = self._last
        self.position = self._last = update.position
        self._put(frame("change", update.position, msgspec.json.encode(update)))
        if self.on_handed is not None:
            self.on_handed(self.key[1], before, update.position)

    def hand_out_outline(self, nodes: list[Node], until: int) -> None:
        """To everybody, if it is another than before; it holds all up to `until`."""
        if until < self._outlined:  # they have been told of a later one meanwhile
            return
        self._outlined = until
        outline = msgspec.json.encode(nodes)
        if outline != self._outline:
            self._outline = outline
            self._put(outline_frame(until, outline))

    def _put(self, one: Frame) -> None:
        self.overruns += sum(subscriber.put(one) for subscriber in self.subscribers)

    def _begin_anew(self, position: int) -> None:
        self.position = self._last = self._changed = self._outlined = position
        self._outline = None
        for subscriber in self.subscribers:
            subscriber.lose()


def _persons(changes: list[Change]) -> frozenset[UUID]:
    return frozenset().union(*(change.persons for change in changes))


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
            work = (self._tell(), "channels"), (self._tell_outlines(), "channels, outlines")
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

    async def catch_up(self, channel: Channel, after: int, outlined: int) -> Frame | None:
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
            (update,) = await read_updates(connection, [Changed(channel.key, _persons(changes), after, position)])
        return frame("change", position, msgspec.json.encode(update))

    async def _tell(self) -> None:
        """Follow the bus for ever."""
        told = self._bus.position
        clock = asyncio.get_running_loop().time
        while True:
            await self._bus.wait(told, 60)
            position, began = self._bus.position, clock()
            if position <= told:
                continue
            try:
                await (self._look() if self._bus.delayed else self._advance(position))
            except DATABASE_TROUBLE as error:
                log.warning("changes of courses could not be read, trying again: %s", error)
                await asyncio.sleep(RETRY)
                continue
            told = position
            self._stale.set()
            await asyncio.sleep(max(PACE, SHARE * (clock() - began)))

    async def _advance(self, position: int) -> None:
        """Hand out what changed in any course."""
        channels = list(self._running.values())
        asked = [(channel, one) for channel in channels if (one := channel.changed(position)) is not None]
        if asked:
            async with self._pool.connection() as connection:
                updates = await read_updates(connection, [one for _, one in asked])
            for (channel, _), update in zip(asked, updates, strict=True):
                channel.hand_out(update)

    async def _look(self) -> None:
        """Hand out what is another than at the last look, in any course that is behind."""
        for channel in list(self._running.values()):
            if self._bus.position > channel.position:
                async with self._pool.connection() as connection:
                    try:
                        view = await read_view(connection, *channel.key)
                    except NotFound:
                        view = None
                channel.look(view)

    async def _tell_outlines(self) -> None:
        """Read outlines again for ever, those of all courses that have changed at once."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._stale.wait()
            self._stale.clear()
            began = clock()
            channels = list(self._running.values())
            asked = [(channel, until) for channel in channels if (until := channel.wants_outline) is not None]
            if not asked:
                continue
            try:
                async with self._pool.connection() as connection:
                    outlines = await read_outlines(connection, [channel.key for channel, _ in asked])
            except DATABASE_TROUBLE as error:
                log.warning("outlines could not be read, trying again: %s", error)
                await asyncio.sleep(RETRY)
                self._stale.set()
                continue
            for (channel, until), outline in zip(asked, outlines, strict=True):
                channel.hand_out_outline(outline, until)
            await asyncio.sleep(max(OUTLINE_PACE, OUTLINE_SHARE * (clock() - began)))
