"""Worlds as those who read them find them: asked for, waited for, entered.

The rule of this file: whoever has entered a world reads it and nothing else to the end of the transaction. It is held
by a lock on its checkpoint, which goes first where a world is dropped; a world that is gone is never mistaken for the
live tables behind it.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiosql
import msgspec
import psycopg
from psycopg import AsyncConnection, sql

from lrs.database import Pool
from lrs.statement_log.control_events import last_position
from lrs.worlds.world import Building, World
from projections import side_schema
from schemas.errors import NotFound, NotReadYet, QueryRefused, Violation

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)
MOST_ASKED: Final = 20
"""Worlds that are waited for at a time."""
LOOK_SECONDS: Final = 0.1
CLAUSE: Final = "docs/api.md"


async def position_of(connection: AsyncConnection, as_of: int | datetime | None) -> tuple[int, int]:
    """The position of the log that is meant, and where the read models stand.

    Of an instant it is the last one that was given by then and that they have come up to; of None, where they stand.
    Raises QueryRefused.
    """
    row = await (await connection.execute(QUERIES.begin.sql)).fetchone()
    assert row is not None
    standing, dropped = row
    if as_of is None:
        position = standing
    elif isinstance(as_of, datetime):
        row = await (await connection.execute(QUERIES.stored_by.sql, {"instant": as_of})).fetchone()
        assert row is not None
        position = min(int(row[0]), standing)
    elif as_of > await last_position(connection):
        raise _refused("must be a position that this log has given", as_of)
    else:
        position = as_of
    if position < dropped:
        raise _refused(f"must not be before position {dropped}: statements up to there were dropped", as_of)
    return position, standing


async def find(pool: Pool, world: World, seconds: float) -> Building | None:
    """Ask for a world, and wait so long until it is there; None: it is.

    Raises NotFound where there never was such a course, QueryRefused where it cannot be built, and NotReadYet where too
    many are asked for, or building it failed.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    named = {"tenant": world.tenant, "name": world.name}
    asked = {**named, "course": world.course, "position": world.position, "most": MOST_ASKED}
    async with pool.connection() as connection:
        row = await (await connection.execute(QUERIES.is_known.sql, asked)).fetchone()
        if row is None or not row[0]:
            raise NotFound(f"There is no course {world.course}.")
        await connection.execute(QUERIES.ask.sql, {**asked, "said": msgspec.json.encode(world.said).decode()})
    while True:
        async with pool.connection() as connection:
            row = await (await connection.execute(QUERIES.look.sql, named)).fetchone()
            if row is None:
                raise NotReadYet("Too many courses are asked for as of other positions; ask again later.")
            state, done, of, reason = row
            if state == "failed":
                await connection.execute(QUERIES.forget.sql, named)
                if reason is None:
                    raise NotReadYet("What this course was there could not be built; the server's log says why.")
                raise _refused(reason, world.position)
        if state == "ready":
            return None
        if clock() >= until:
            return Building(done, of)
        await asyncio.sleep(LOOK_SECONDS)


async def hold(connection: AsyncConnection, world: World) -> None:
    """Keep a world from being dropped until the transaction ends. Raises NotReadYet where it was, just now."""
    checkpoint = sql.Identifier(world.name, side_schema.CHECKPOINT)
    try:
        await connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(checkpoint))
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise NotReadYet("What this course was there has been dropped just now; ask again.") from None


async def enter(connection: AsyncConnection, world: World) -> None:
    """From here to the end of the transaction, what is read is the world. Raises NotReadYet."""
    await hold(connection, world)
    await side_schema.search(connection, world.name)


def _refused(rule: str, found: object) -> QueryRefused:
    return QueryRefused([Violation("as_of", rule, CLAUSE, str(found))])
