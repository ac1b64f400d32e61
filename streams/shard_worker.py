"""Applies what comes of some shards, whatever goes wrong on the way: it comes back when it is committed, never before.

The rule of this file: what is sent is never believed where the checkpoints can tell better. What was applied is
dropped, what is missing is read from the log, and an outage is waited out with what there is to apply in hand.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from lrs.statement_log.rereading import LogRereader
from projections.apply import OutOfTurn
from projections.checkpoint import OtherVersion
from projections.shard_rows import KeptByShards, NotKeptByShards, ShardCheckpoints
from projections.sharded import ShardedProjector
from streams.log_tail import LogTail
from streams.shard_events import ShardTail, among
from streams.shard_plan import Messages, plan

RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 5.0
FATAL = (OtherVersion, KeptByShards, NotKeptByShards)
"""What waiting does not mend."""
WAITED_OUT = (psycopg.OperationalError, psycopg.InternalError, PoolTimeout, OSError)

_LOG = logging.getLogger("lrs.worker")


class ShardWorker:
    """Over a pool that lends it three connections."""

    def __init__(self, pool: Pool, shards: int) -> None:
        self._pool = pool
        self._log = LogRereader(pool)
        self._projector = ShardedProjector(shards, among(shards), self._log)
        self._at = ShardCheckpoints()
        self._turn = asyncio.Lock()
        self._is_away = False
        self._mine: frozenset[int] = frozenset(range(shards))
        self._is_anew = False
        self.turns_lost = 0
        """How often another worker had been at work on a shard."""

    @property
    def mine(self) -> frozenset[int]:
        """What is given to this worker; of another shard nothing is applied."""
        return self._mine

    @mine.setter
    def mine(self, shards: frozenset[int]) -> None:
        """From the next batch on; others may have been at work on these."""
        self._mine, self._is_anew = shards, True

    @property
    def is_busy(self) -> bool:
        """Whether something is being applied."""
        return self._turn.locked()

    async def begin(self) -> None:
        """Shards keep the read models from here on. Raises what waiting does not mend."""
        await self._lasting(self._projector.begin)

    async def take(self, messages: Messages) -> None:
        """Apply what these messages bring that is not applied. Raises what waiting does not mend."""

        async def apply(tables: AsyncConnection) -> None:
            left: Messages = {shard: some for shard, some in messages.items() if shard in self.mine}
            while left:
                at = await self._checkpoints(tables, left)
                events, end, left, whole = plan(left, at)
                if end != at:
                    await self._projector.apply(tables, events, at, end)
                    self._at.update(end)
                if left:
                    await self._catch_up(tables, ShardCheckpoints({shard: end[shard] for shard in left}), whole)

        await self._lasting(apply)

    async def _catch_up(self, tables: AsyncConnection, at: ShardCheckpoints, until: int) -> None:
        """Bring these shards up to a position that is in the log, by the log alone."""
        async with self._pool.connection() as log:
            tail = ShardTail(LogTail(log), self._log, self._projector.shards)
            while at and min(at.values()).position < until:
                events, end = await tail.read_on(at)
                if end != at:
                    await self._projector.apply(tables, events, at, end)
                    self._at.update(end)
                    at = ShardCheckpoints({shard: one for shard, one in end.items() if shard in self.mine})
                if end == at and tail.at_end:
                    await asyncio.sleep(0.01)  # what was sent is safe to read: the bound is about to say so

    async def _checkpoints(self, tables: AsyncConnection, shards: Collection[int]) -> ShardCheckpoints:
        if any(shard not in self._at for shard in shards):
            self._at.update(await self._projector.checkpoints(tables, shards))
        return ShardCheckpoints({shard: self._at[shard] for shard in shards})

    async def _lasting(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Try again until it is done. One thing at a time: what a consumer that has ended had in hand goes first."""
        async with self._turn:
            if self._is_anew:
                self._is_anew = False
                self._at.clear()
                self._projector.forget()
            await self._until_done(work)

    async def _until_done(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        pause = RETRY_SECONDS
        while True:
            try:
                async with self._pool.connection() as tables:
                    await work(tables)
            except FATAL:
                raise
            except OutOfTurn:
                self.turns_lost += 1
                self._at.clear()
                continue
            except WAITED_OUT as error:
                if not self._is_away:
                    _LOG.warning("read models wait: %r", error)
                self._is_away = True
            except Exception:
                _LOG.exception("read models stand still")
                self._is_away = True
            else:
                if self._is_away:
                    _LOG.info("read models go on")
                self._is_away = False
                return
            self._at.clear()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)
