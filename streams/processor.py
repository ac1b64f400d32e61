"""The processor of one machine: log tail → projections → bus, for ever. An outage is waited out and parks nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from projections.apply import OutOfTurn, Projector
from projections.checkpoint import Checkpoint
from streams.bus import Bus, Change
from streams.log_tail import LogTail

BATCH = 1000
POLL_SECONDS = 0.5
RETRY_SECONDS = 1.0

_LOG = logging.getLogger("lrs.processor")


class Processor:
    """Keeps the read models up with the log.

    wake: set it after a commit; the poll is the guarantee. tick: called about every poll, writes clock events when due.
    """

    def __init__(self, pool: Pool, bus: Bus, tick: Callable[[], Awaitable[None]] | None = None) -> None:
        self.wake = asyncio.Event()
        self._pool = pool
        self._bus = bus
        self._tick = tick
        self._projector = Projector()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                async with self._pool.connection() as log, self._pool.connection() as tables:
                    begin = await self._projector.checkpoint(tables)
                    self._bus.start(begin.position)
                    tail = LogTail(log)
                    while True:
                        begin = await self._step(tail, tables, begin)
            except (psycopg.OperationalError, PoolTimeout, OutOfTurn) as error:
                _LOG.warning("projection interrupted, trying again: %s", error)
                self._projector = Projector()
                await asyncio.sleep(RETRY_SECONDS)

    async def _step(self, tail: LogTail, tables: psycopg.AsyncConnection, begin: Checkpoint) -> Checkpoint:
        self.wake.clear()
        if self._tick is not None:
            await self._tick()
        events, end = await tail.read(begin, BATCH)
        if end.position == begin.position:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self.wake.wait()
            except TimeoutError:
                pass
            return begin
        changes = await self._projector.apply(tables, events, begin, end)
        self._bus.publish(
            end.position,
            [Change(end.position, one.tenant, one.course, one.persons, one.recounted) for one in changes],
        )
        return end
