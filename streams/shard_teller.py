"""Says what workers have changed, in the order of the log, once the read models as a whole have come there.

The rule of this file: of all workers one tells at a time, and what it tells follows on from what was told before. Where
it ends between taking and telling, what is lost shows as a gap, and pages begin anew.
"""

import asyncio
import logging
from typing import NoReturn

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from projections import shard_rows
from projections.apply import PROJECTION, VERSION
from projections.checkpoint import lock
from projections.sharded import decoded_changes
from streams.bus import Bus, Change
from streams.turn import TurnLost, turn

LOOK_SECONDS = 0.05
RETRY_SECONDS = 1.0
MOST_BYTES = 16_000_000
"""Of changes; where there are more, everybody begins anew."""
LOCK = 0x1C_5E_16  # advisory, one a number of shards: who tells
WAITED_OUT = (psycopg.OperationalError, psycopg.InternalError, PoolTimeout, TurnLost)

_LOG = logging.getLogger("lrs.worker")


class ShardTeller:
    """Moves the checkpoint of the whole, and tells a bus."""

    def __init__(self, pool: Pool, bus: Bus, shards: int) -> None:
        self._pool = pool
        self._bus = bus
        self._shards = shards

    async def run(self) -> NoReturn:
        """Run until cancelled. An outage is waited out."""
        away = False
        while True:
            try:
                async with (
                    turn(self._pool, LOCK, str(self._shards), "who tells what has changed") as held,
                    self._pool.connection() as connection,
                ):
                    async with connection.transaction():
                        position = (await lock(connection, PROJECTION, 0, VERSION)).position
                    self._bus.start(position)
                    away = False
                    while True:
                        await self._tell(connection)
                        held.must_be_held()
                        await asyncio.sleep(LOOK_SECONDS)
            except WAITED_OUT as error:
                if not away:
                    _LOG.warning("what has changed is not told: %r", error)
                away = True
            await asyncio.sleep(RETRY_SECONDS)

    async def _tell(self, connection: AsyncConnection) -> None:
        async with connection.transaction():
            position = await shard_rows.follow(connection, PROJECTION, self._shards)
            if position is None:
                return
            found = await shard_rows.take_changes(connection, position, MOST_BYTES)
        if found is None:
            self._bus.start(position)
            return
        changes = [one for some in found for one in decoded_changes(some)]
        told = [Change(position, one.tenant, one.course, one.persons, one.recounted) for one in changes]
        self._bus.publish(position, told)
