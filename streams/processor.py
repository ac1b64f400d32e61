"""The processor of one machine: log tail → projections → bus, for ever. An outage is waited out and parks nothing."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from lrs.statement_log.rereading import LogRereader
from projections.apply import OutOfTurn, Projector
from projections.checkpoint import Checkpoint, OtherVersion
from schemas.log_event import REBUILT, ControlEvent
from streams.bus import Bus, Change
from streams.log_tail import LogTail
from streams.shard_events import take_over
from streams.turn import answers

POLL_SECONDS = 0.5
SHORTEST_PACE_SECONDS = 0.025
LONGEST_PACE_SECONDS = 0.15
PACE = 3.0
"""How many times as long as the last batch took, the processor waits for the next one to fill."""
RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 5.0
HOLD_SECONDS = 5.0
LOCK = 0x1C_5E_11  # advisory, one a database: who keeps its read models

_TAKE = "SELECT pg_try_advisory_xact_lock(%s)"
_LOG = logging.getLogger("lrs.processor")


class Processor:
    """Keeps the read models up with the log.

    wake: set it after a commit; the poll is the guarantee. One processor a database is at work; others stand by, and
    their pages begin anew whenever the one at work has moved. So does for ever one that is told to, because workers of
    shards keep the read models; where there are none any more, another goes on from them. Tables of another version are
    left alone, and served as they are, until they have been built again.
    """

    def __init__(self, pool: Pool, bus: Bus, *, stands_by: bool = False) -> None:
        self.wake = asyncio.Event()
        self._pool = pool
        self._bus = bus
        self._log = LogRereader(pool)
        self._projector = Projector(log=self._log)
        self._stands_by = stands_by
        self._held = 0.0
        self._other_version = ""

    async def run(self) -> None:
        """Run until cancelled. Whatever goes wrong is said and tried again: nothing is parked, nothing is skipped."""
        pause = RETRY_SECONDS
        while True:
            try:
                async with (
                    self._pool.connection() as log,
                    self._pool.connection() as tables,
                    self._pool.connection() as turn,
                    self._at_work(turn, tables),
                ):
                    await take_over(tables, log, self._log)
                    begin = await self._projector.checkpoint(tables)
                    self._bus.start(begin.position)
                    tail = LogTail(log)
                    while True:
                        begin = await self._step(tail, tables, begin)
                        pause = RETRY_SECONDS
                        await self._hold(turn)
            except (psycopg.Error, PoolTimeout, OutOfTurn) as error:
                _LOG.warning("read models wait at position %s: %r", self._bus.position, error)
            except OtherVersion as error:
                self._leave_alone(error)
            except Exception:
                _LOG.exception("read models stand still at position %s", self._bus.position)
            self._projector = Projector(log=self._log)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)

    def _leave_alone(self, error: OtherVersion) -> None:
        if self._bus.position != error.position:
            self._bus.start(error.position)
        if self._other_version != str(error):
            _LOG.error(error)
            self._other_version = str(error)

    @asynccontextmanager
    async def _at_work(self, turn: psycopg.AsyncConnection, tables: psycopg.AsyncConnection) -> AsyncIterator[None]:
        """Stand by until this is the processor at work, as it is for as long as the context lasts.

        A transaction keeps its session, whatever pooler there is; one that writes nothing and keeps no snapshot holds
        nobody up. So each look has one of its own (see streams/turn.py).
        """
        told = False
        while True:
            if not self._stands_by:
                async with turn.transaction():
                    if await answers(turn, _TAKE, LOCK):
                        # Comes last: a SELECT keeps its snapshot until something follows.
                        await turn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                        yield
                        return
                if not told:
                    _LOG.warning("others keep the read models of this database; this server stands by")
                told = True
            seen = await self._projector.checkpoint(tables)
            if seen.position != self._bus.position:
                self._bus.stand_by(seen.position)
            await asyncio.sleep(RETRY_SECONDS)

    async def _hold(self, turn: psycopg.AsyncConnection) -> None:
        """Notice before long where the turn is lost; what is written is safe from two processors all the same."""
        clock = asyncio.get_running_loop().time
        if clock() - self._held > HOLD_SECONDS:
            await turn.execute("SELECT", prepare=False)  # else it keeps its snapshot until the next
            self._held = clock()

    async def _step(self, tail: LogTail, tables: psycopg.AsyncConnection, begin: Checkpoint) -> Checkpoint:
        self.wake.clear()
        events, end = await tail.read_on(begin)
        if end.position == begin.position:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self.wake.wait()
            except TimeoutError:
                pass
            return begin
        began = time.monotonic()
        changes = await self._projector.apply(tables, events, begin, end)
        if any(isinstance(event, ControlEvent) and event.kind == REBUILT for event in events):
            self._bus.start(end.position)  # any row may be another than a page has
        else:
            self._bus.publish(
                end.position,
                [Change(end.position, one.tenant, one.course, one.persons, one.recounted) for one in changes],
            )
        if tail.at_end:  # under load, few full batches cost far less than many small ones
            pause = PACE * (time.monotonic() - began)
            await asyncio.sleep(min(max(pause, SHORTEST_PACE_SECONDS), LONGEST_PACE_SECONDS))
        return end
