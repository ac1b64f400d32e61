"""The safe bound of a replica: how far the log is surely whole there, however far behind it is.

Only the primary can tell what is safe, so it is asked. Each answer is kept with a place in PostgreSQL's write-ahead log
that lies behind every commit of which the answer speaks. A replica replays that log in order: the newest answer whose
place it has passed holds on it. The read models' checkpoint is such an answer too, which the replica carries itself:
with the primary away, or just after a start, it is what is known.
"""

import asyncio
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiosql
import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout, TooManyRequests

from lrs.database import Pool
from lrs.stand_in import ReplicaPool
from lrs.statement_log.safe_bound import EPOCH, Bound, SafeBound
from lrs.statement_log.search import Search

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("replica.sql"), "psycopg", mandatory_parameters=False)

PACE_SECONDS: Final = 0.02
"""Between two questions to the primary."""
PATIENCE_SECONDS: Final = 0.25
"""How long a reader waits for the primary's answer, while it gives some."""
MOST_STEPS: Final = 4096
"""Answers that are kept for a replica far behind; where there are more, every other one is forgotten."""


class _Step(NamedTuple):
    """What was safe on the primary, and where its log ended then."""

    written: int
    bound: Bound


class ReplicaBound(SafeBound):
    """The safe bound as a replica can show it; of a database that is none, its own."""

    def __init__(self, primary: Pool) -> None:
        super().__init__()
        self._primary = primary
        self._safe = SafeBound()
        self._steps: list[_Step] = []
        self._asking: asyncio.Task[None] | None = None
        self._answers = True
        self._asked = 0.0

    @property
    def newest(self) -> int:
        """The highest position that is known to be drawn."""
        return max(super().newest, self._safe.newest)

    async def advance(self, connection: AsyncConnection) -> Bound:
        """The highest bound that holds on this connection now; it may be lower than another one's."""
        await self._ask()
        row = await (await connection.execute(QUERIES.replayed.sql)).fetchone()
        assert row is not None
        replayed, position, stored_floor = row
        if replayed is None:
            return await super().advance(connection)
        bounds = [Bound(0, EPOCH) if position is None else Bound(position, stored_floor)]
        passed = bisect_right(self._steps, replayed, key=lambda step: step.written)
        if passed:
            bounds.append(self._steps[passed - 1].bound)
        # Whatever lies above the higher position lies above the lower one too, so both floors hold.
        self._reached = Bound(max(one.position for one in bounds), max(one.stored_floor for one in bounds))
        return self._reached

    async def _ask(self) -> None:
        """Ask the primary anew, or wait with those who have; a primary that is away keeps nobody waiting."""
        if self._asking is None:
            now = asyncio.get_running_loop().time()
            if now - self._asked < PACE_SECONDS:
                return
            self._asked = now
            self._asking = asyncio.create_task(self._hear())
        if self._answers:
            await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)

    async def _hear(self) -> None:
        try:
            async with self._primary.connection() as connection:
                bound = await self._safe.advance(connection)
                if self._steps and self._steps[-1].bound.position == bound.position:
                    self._steps[-1] = self._steps[-1]._replace(bound=bound)
                else:
                    row = await (await connection.execute(QUERIES.written.sql)).fetchone()
                    assert row is not None
                    self._keep(_Step(row[0], bound))
            self._answers = True
        except (psycopg.Error, PoolTimeout, TooManyRequests):
            self._answers = False
        finally:
            self._asking = None

    def _keep(self, step: _Step) -> None:
        if self._steps and step.written < self._steps[-1].written:  # another primary, after a failover
            self._steps.clear()
        self._steps.append(step)
        if len(self._steps) > MOST_STEPS:
            del self._steps[:-1:2]


@dataclass(frozen=True, slots=True)
class Replica:
    """What is read from a replica, and the pool of the primary that stands in for it."""

    pool: ReplicaPool
    primary: Pool
    bound: ReplicaBound
    search: Search


async def read_models_position(connection: AsyncConnection) -> int:
    """Up to which position of the log the read models have come, as this connection sees them."""
    row = await (await connection.execute(QUERIES.read_models_position.sql)).fetchone()
    assert row is not None
    return int(row[0])
