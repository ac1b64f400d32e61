"""Clock events: what rules that depend on time read instead of the time, so that a replay gives the same."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import aiosql
import psycopg
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from lrs.statement_log.chunks import keep_interval
from lrs.statement_log.log import StatementLog
from schemas.log_event import CLOCK_TICK

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("clock.sql"), "psycopg", mandatory_parameters=False)


POLL_SECONDS = 1.0

_LOG = logging.getLogger("lrs.clock")


class Clock:
    """Writes a clock event for every tenant when one is due, and keeps up the log's partitions, or their length."""

    def __init__(self, pool: Pool, log: StatementLog, seconds: float) -> None:
        self._pool = pool
        self._log = log
        self._seconds = seconds
        self._due = 0.0

    async def run(self) -> None:
        """Tick until cancelled; an outage is waited out."""
        while True:
            try:
                await self.tick()
            except (psycopg.Error, PoolTimeout) as error:
                _LOG.warning("no clock event now, trying again: %s", error)
            await asyncio.sleep(POLL_SECONDS)

    async def tick(self) -> None:
        """Cheap when nothing is due. The time is the database's, so that no server with a wrong clock can set it."""
        if time.monotonic() < self._due:
            return
        async with self._pool.connection() as connection:
            await connection.execute(QUERIES.make_partitions.sql)
            values = {"kind": CLOCK_TICK, "seconds": self._seconds}
            tenants = await (await connection.execute(QUERIES.tenants_due.sql, values)).fetchall()
        for tenant, now in tenants:
            await self._log.append_control_event(tenant, CLOCK_TICK, {"now": now.isoformat()})
        self._due = time.monotonic() + self._seconds
        async with self._pool.connection() as connection:
            await keep_interval(connection)
