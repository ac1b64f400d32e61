"""Builds the worlds that are asked for, one after the other, for as long as the server runs; drops those out of use.

The rule of this file: a schema and its line in course_world come and go in one transaction. So what a builder that was
killed has left behind is found by its line, and begun anew; and it is never taken for whole.
"""

import asyncio
import logging
from typing import Final

import psycopg
from psycopg import AsyncConnection, sql
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from lrs.statement_log.rereading import LogRereader
from lrs.worlds.building import WorldUnbuildable, begin_reading, build
from lrs.worlds.world import World
from lrs.worlds.worlds import QUERIES
from projections import side_schema

MOST_KEPT: Final = 8
LOOK_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 60.0
TURN: Final = 0x1C_5E_14  # advisory, one a database: who builds worlds

_OF_THE_WORLD: Final = (psycopg.errors.DiskFull, psycopg.errors.QueryCanceled)
"""Of what a database that works says: a world too large for it. Begun anew again and again, it would leave no room."""

_LOG = logging.getLogger("lrs.worlds")


class Builder:
    """Over a pool of two connections: one reads, one writes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._log = LogRereader(pool)

    async def run(self) -> None:
        """Run until cancelled. An outage is waited out."""
        swept = -SWEEP_SECONDS
        clock = asyncio.get_running_loop().time
        while True:
            pause = LOOK_SECONDS
            try:
                if clock() - swept > SWEEP_SECONDS:
                    swept = clock()
                    await self.drop_out_of_use()
                while await self.build_next():
                    await self.drop_out_of_use()
            except (psycopg.Error, PoolTimeout) as error:
                _LOG.warning("what courses were at other positions waits: %r", error)
                pause = RETRY_SECONDS
            except Exception:
                _LOG.exception("what a course was at another position could not be built")
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    async def build_next(self) -> bool:
        """Build one world; False where none is asked for, or somebody else builds."""
        if await self._next() is None:
            return False
        async with self._pool.connection() as reading, reading.transaction():
            await reading.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            await begin_reading(reading)
            row = await (await reading.execute(QUERIES.try_to_build.sql, {"turn": TURN})).fetchone()
            world = await self._next() if row is not None and row[0] else None
            if world is None:
                return False
            try:
                await self._begin(world)
                await build(world, reading, self._pool, self._log)
            except WorldUnbuildable as error:
                await self._fail(world, str(error))
            except Exception as error:
                if isinstance(error, psycopg.OperationalError) and not isinstance(error, _OF_THE_WORLD):
                    raise  # the database is away: begun anew when it is back
                _LOG.exception("course %s as of %s could not be built", world.course, world.position)
                await self._fail(world, None)
        return True

    async def drop_out_of_use(self) -> None:
        """Drop what is too much, as far as nobody reads it at the moment."""
        async with self._pool.connection() as writing:
            for tenant, name in await (await writing.execute(QUERIES.out_of_use.sql, {"most": MOST_KEPT})).fetchall():
                try:
                    await _remove(writing, tenant, name)
                except psycopg.errors.LockNotAvailable:
                    _LOG.info("%s is being read, and dropped later", name)

    async def _next(self) -> World | None:
        async with self._pool.connection() as writing:
            while row := await (await writing.execute(QUERIES.next_world.sql)).fetchone():
                tenant, name, course, position, said = row
                world = World(tenant, course, position, tuple((kind, payload) for kind, payload in said))
                if world.name == name:
                    return world
                await _remove(writing, tenant, name)  # another version of this server asked for it
        return None

    async def _begin(self, world: World) -> None:
        """An empty schema, whatever was there."""
        async with self._pool.connection() as writing, writing.transaction():
            await _drop(writing, world.name)
            await side_schema.make(writing, world.name, {"course": str(world.course), "position": world.position})
            values = {"state": "building", "done": 0, "of": 0, "reason": None}
            await writing.execute(QUERIES.mark.sql, {"tenant": world.tenant, "name": world.name, **values})

    async def _fail(self, world: World, reason: str | None) -> None:
        async with self._pool.connection() as writing, writing.transaction():
            await _drop(writing, world.name)
            values = {"state": "failed", "done": 0, "of": 0, "reason": reason}
            await writing.execute(QUERIES.mark.sql, {"tenant": world.tenant, "name": world.name, **values})


async def _remove(writing: AsyncConnection, tenant: int, name: str) -> None:
    """The world and its line. Raises LockNotAvailable."""
    async with writing.transaction():
        await _drop(writing, name)
        await writing.execute(QUERIES.drop.sql, {"tenant": tenant, "name": name})


async def _drop(writing: AsyncConnection, name: str) -> None:
    """Without waiting long: whoever waits for readers makes those after them wait. Raises LockNotAvailable."""
    if await side_schema.exists(writing, name):
        await writing.execute("SET LOCAL lock_timeout = '500ms'")
        checkpoint = sql.Identifier(name, side_schema.CHECKPOINT)
        await writing.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(checkpoint))
        await side_schema.drop(writing, name)
