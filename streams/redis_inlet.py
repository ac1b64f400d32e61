"""A reader's end of Redis: one follower a process, which brings what the processor says to the bus of this process.

What is said is never believed where the database can tell better: the checkpoint is looked at all the time. Where
Redis is away, or has not said within GRACE_SECONDS what was committed, the bus is `delayed`, and moves when the
checkpoint does.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn

import psycopg
from psycopg_pool import PoolTimeout
from redis.asyncio import Redis

from streams.bus import Bus
from streams.redis_place import (
    BEGINNING,
    RETRY_SECONDS,
    TROUBLE,
    CredentialChanged,
    Entry,
    Moved,
    RedisPlace,
    comes_after,
)

LOOK_SECONDS = 0.5
"""Between two looks at the checkpoint."""
GRACE_SECONDS = 2.0
DATABASE_TROUBLE = (psycopg.Error, PoolTimeout)

_LOG = logging.getLogger("lrs.redis")


class RedisInlet:
    """checkpoint: where the read models stand in the database; forget: what to do when a credential is another."""

    def __init__(
        self, place: RedisPlace, bus: Bus, checkpoint: Callable[[], Awaitable[int]], forget: Callable[[str], None]
    ) -> None:
        self._place = place
        self._bus = bus
        self._checkpoint = checkpoint
        self._forget = forget
        self._follows = False
        self._is_away = False
        self._said = -1
        """Up to where the processor has said what changed, or everything has been looked at."""
        self._last = BEGINNING
        self._committed = asyncio.Event()
        self._lost = asyncio.Event()
        self._seen: deque[tuple[float, int]] = deque()
        """When the checkpoint was where; the first is as old as GRACE_SECONDS, where any is."""

    def wake(self) -> None:
        """Tell the processor that something was committed."""
        self._committed.set()

    async def run(self) -> None:
        """Follow until cancelled. Whatever goes wrong is said and tried again."""
        async with asyncio.TaskGroup() as tasks:
            for work in (self._follow, self._look, self._pass_on):
                tasks.create_task(_again_and_again(work))

    async def _pass_on(self) -> None:
        with suppress(*TROUBLE):  # the processor's poll makes up for it
            async with self._place.connected() as client:
                while True:
                    await self._committed.wait()
                    self._committed.clear()
                    await self._place.wake(client)

    async def _follow(self) -> None:
        try:
            async with self._place.connected() as client:
                await self._resume(client)
                if self._is_away:
                    _LOG.info("Redis is back")
                self._follows, self._is_away = True, False
                while True:
                    for entry in await self._place.heard(client, self._last, block=True):
                        self._take(entry)
        except (*TROUBLE, *DATABASE_TROUBLE) as error:
            if not self._is_away:
                _LOG.warning("live pages are delayed, changes are looked for: %s", error)
            self._is_away = True
        finally:
            self._follows = False
            self._lost.set()

    async def _resume(self, client: Redis) -> None:
        """Go on where this process was; in a Redis that it does not know, take in all that is kept there.

        What is kept may be of a database that was set back since: it is believed as far as the checkpoint.
        """
        newest = await self._place.last_id(client)
        if self._last != BEGINNING and not comes_after(self._last, newest):
            return
        kept: list[Entry] = []
        while some := await self._place.heard(client, kept[-1].id if kept else BEGINNING, block=False):
            kept += some
        position = await self._checkpoint()
        said = [entry.message.position for entry in kept if isinstance(entry.message, Moved)]
        if max(said, default=position) > position or (not said and self._said < 0):
            self._begin(position)
            self._last = kept[-1].id if kept else BEGINNING
            return
        self._last = BEGINNING
        for entry in kept:
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        self._last = entry.id
        match entry.message:
            case Moved(after=after, position=position, changes=changes):
                if after > self._bus.position or not self._bus.has_begun:
                    self._bus.start(after)  # what lies between was not said
                if position > self._bus.position:
                    self._bus.publish(position, changes)
                self._said = max(self._said, position)
            case CredentialChanged(key=key):
                self._forget(key)

    def _begin(self, position: int) -> None:
        if position != self._bus.position or not self._bus.has_begun:
            self._bus.start(position)
        self._said = position

    async def _look(self) -> None:
        """Compare what is said with the checkpoint, again and again; at once where Redis is lost."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._lost.wait()
            self._lost.clear()
            before = self._bus.position
            try:
                position = await self._checkpoint()
            except DATABASE_TROUBLE as error:
                _LOG.warning("the position of the read models cannot be read: %s", error)
            else:
                self._compare(before, position, asyncio.get_running_loop().time())

    def _compare(self, before: int, position: int, now: float) -> None:
        """before: where the bus stood when the checkpoint was asked for, which was then at `position`."""
        while len(self._seen) > 1 and now - self._seen[1][0] >= GRACE_SECONDS:
            self._seen.popleft()
        due = self._seen[0][1] if self._seen and now - self._seen[0][0] >= GRACE_SECONDS else -1
        self._seen.append((now, position))
        if position < before:  # the read models were set back
            self._seen.clear()
            self._begin(position)
        elif self._follows and self._said >= due:
            self._bus.delayed = False
        else:
            self._bus.delayed = True
            if position > self._bus.position or not self._bus.has_begun:
                self._bus.start(position)


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> NoReturn:
    while True:
        try:
            await work()
        except Exception:
            _LOG.exception("live pages may be late")
        await asyncio.sleep(RETRY_SECONDS)
