"""Workers of shards without a broker in between: any of them takes any shards, one step at a time, or all at once."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection

from lrs.database import Pool, worker_pool
from lrs.statement_log.rereading import LogRereader
from projections import shard_rows
from projections.apply import PROJECTION, VERSION, OutOfTurn
from projections.checkpoint import Checkpoint
from projections.sharded import ShardedProjector
from projections.side_schema import TABLES
from schemas.log_event import LogEvent
from streams.log_tail import LogTail
from streams.shard_events import ShardTail, among

WRITTEN = sorted(set(TABLES) - {"iri", "claim"})
"""Tables that hold what follows from the log, and nothing that once followed."""


class _Steps(LogTail):
    """Reads so many events at a time."""

    size = 1

    async def read_on(self, after: Checkpoint) -> tuple[list[LogEvent], Checkpoint]:
        events, end = await self.read(after, self.size)
        self.at_end = len(events) < self.size
        return events, end


class Worker:
    """One worker with connections of its own. `lost`: how often another one had been at work."""

    def __init__(self, shards: int, log: LogRereader, tables: AsyncConnection, tail: AsyncConnection) -> None:
        self._steps = _Steps(tail)
        self._tables = tables
        self._tail = ShardTail(self._steps, log, shards)
        self.projector = ShardedProjector(shards, among(shards), log)
        self.lost = 0

    async def step(self, shards: Collection[int], size: int) -> bool:
        """The next `size` events of these shards; answers whether there were any."""
        at = await self.projector.checkpoints(self._tables, shards)
        self._steps.size = size
        events, end = await self._tail.read_on(at)
        if end == at:
            return False
        try:
            await self.projector.apply(self._tables, events, at, end)
        except OutOfTurn:
            self.lost += 1
        return True


class ShardWorkers:
    """Some workers of one database."""

    def __init__(self, pool: Pool, shards: int, workers: Sequence[Worker], own: AsyncConnection) -> None:
        self.workers = workers
        self.shards = shards
        self._pool = pool
        self._own = own

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, shards: int, count: int) -> AsyncIterator[Self]:
        """Shards keep the read models of this database from here on."""
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(worker_pool(url, size=3 * count + 1))
            log = LogRereader(pool)
            connections = [await stack.enter_async_context(pool.connection()) for _ in range(2 * count + 1)]
            own = connections.pop()
            workers = [Worker(shards, log, *connections[2 * n : 2 * n + 2]) for n in range(count)]
            await workers[0].projector.begin(own)
            yield cls(pool, shards, workers, own)

    async def round(self, shares: Sequence[Collection[int]], sizes: Sequence[int], *, at_once: bool) -> bool:
        """A step of each worker with its share of the shards; answers whether anything was left to do."""
        steps = [
            worker.step(share, size) for worker, share, size in zip(self.workers, shares, sizes, strict=True) if share
        ]
        if at_once:
            return any(await asyncio.gather(*steps))
        return any([await step for step in steps])

    async def finish(self) -> None:
        """To the end of the log."""
        every = list(range(self.shards))
        while await self.workers[0].step(every, 1000):
            pass
        await shard_rows.follow(self._own, PROJECTION, self.shards)

    async def join(self) -> Checkpoint | None:
        """One machine may go on from here."""
        return await shard_rows.join(self._own, PROJECTION, self.shards, VERSION)


def written(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that follows from the log; of a letter, all but where in the code it came to be."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                f"SELECT (to_jsonb(t) - 'frames')::text FROM {table} t ORDER BY 1".encode()
            ).fetchall()
            for table in WRITTEN
        }
