"""The processor's end of Redis: what it commits is said there in order, as soon as Redis can be reached.

What Redis cannot take waits here, up to a bound; beyond it all that waits is dropped, and everybody begins anew.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.bus import Bus, Change
from streams.redis_place import RETRY_SECONDS, TROUBLE, Moved, RedisPlace, encode

LIMIT = 16_000_000
"""Bytes that may wait for Redis."""
AT_ONCE = 100

_LOG = logging.getLogger("lrs.redis")


class RedisOutlet(Bus):
    """A bus that says in Redis what it is told; the backlog is kept by the readers."""

    def __init__(self, place: RedisPlace) -> None:
        super().__init__()
        self._place = place
        self._unsent: deque[bytes] = deque()
        self._size = 0
        self._some = asyncio.Event()

    def start(self, position: int) -> None:
        """As Bus.start, everywhere."""
        super().start(position)
        self._put(encode(Moved(position, position, [])))

    def stand_by(self, position: int) -> None:
        """Nothing is said: the processor at work says it."""
        super().start(position)

    def publish(self, position: int, changes: list[Change]) -> None:
        """As Bus.publish, everywhere."""
        after = self.position
        super().publish(position, [])
        self._put(encode(Moved(after, position, changes)))

    @asynccontextmanager
    async def listening(self, wake: asyncio.Event) -> AsyncIterator[None]:
        """Say what there is for as long as the context lasts; set `wake` when somebody has committed."""
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._hear(wake))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _put(self, data: bytes) -> None:
        if self._size + len(data) > LIMIT:
            self._unsent.clear()
            self._size = 0
            data = encode(Moved(self.position, self.position, []))
        self._unsent.append(data)
        self._size += len(data)
        self._some.set()

    async def _send(self) -> None:
        told = False
        while True:
            try:
                async with self._place.connected() as client:
                    while True:
                        await self._some.wait()
                        some = [self._unsent.popleft() for _ in range(min(AT_ONCE, len(self._unsent)))]
                        try:
                            await self._place.say(client, some)
                        except BaseException:
                            self._unsent.extendleft(reversed(some))  # some may be there twice then: no harm
                            raise
                        self._size = sum(map(len, self._unsent))
                        if not self._unsent:
                            self._some.clear()
                        told = False
            except TROUBLE as error:
                if not told:
                    _LOG.warning("live pages are told of changes late, Redis is away: %s", error)
                told = True
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, wake: asyncio.Event) -> None:
        """A wake-up that is lost is made up for by the processor's poll."""
        while True:
            try:
                async with self._place.connected() as client:
                    last = b"$"
                    while True:
                        newest = await self._place.woken(client, last)
                        if newest != last:
                            wake.set()
                        last = newest
            except TROUBLE:
                await asyncio.sleep(RETRY_SECONDS)
