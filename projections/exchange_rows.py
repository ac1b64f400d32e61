"""Read models that were built beside take the place of the live ones, in one transaction.

The rule of this file: who reads sees the old tables or the new ones, and waits for a moment at most; who writes them
is told by the checkpoint's generation. What is built beside must be committed, and stand where the live ones stand or
further on, before the tables are locked: whoever then waits has a snapshot that is whole.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiosql
from psycopg import AsyncConnection, sql
from psycopg.errors import DeadlockDetected, LockNotAvailable

from projections import side_schema
from projections.side_schema import CHECKPOINT, LIVE, TABLES
from schemas.errors import LrsError

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("exchange.sql"), "psycopg", mandatory_parameters=False)
RETIRED: Final = "read_models_retired"
PATIENCE: Final = timedelta(milliseconds=250)
LONG_PATIENCE: Final = timedelta(milliseconds=1250)
"""Past PostgreSQL's usual deadlock_timeout, after which a vacuum gives way; short enough that no reader is given up."""


class Standing(NamedTuple):
    """Where the live read models stand, and what wrote them."""

    position: int
    version: int
    generation: int


class InUse(LrsError):
    """Somebody is using the tables of the read models."""


class ReadElsewhere(LrsError):
    """Something that cannot be made again in passing reads the tables of the read models."""


async def standing(connection: AsyncConnection, projection: str, shard: int) -> Standing | None:
    """None before the processor's first commit."""
    names = {"projection": projection, "shard": shard}
    row = await (await connection.execute(QUERIES.standing.sql, names)).fetchone()
    return None if row is None else Standing(*row)


async def hold(connection: AsyncConnection) -> None:
    """Until the end of the transaction the live read models stand still, and are read as ever."""
    await connection.execute(QUERIES.hold.sql)


async def must_be_exchangeable(connection: AsyncConnection) -> None:
    """Raises ReadElsewhere."""
    fixed = [f"{one.schema}.{one.name}" for one in await side_schema.readers(connection) if one.kind != "v"]
    if fixed:
        raise ReadElsewhere(
            f"the materialized view {', '.join(fixed)} reads the tables of the read models, which are about to be"
            " others: drop it, and make it again afterwards"
        )


async def exchange(
    connection: AsyncConnection,
    schema: str,
    *,
    projection: str,
    shard: int,
    version: int,
    position: int,
    patience: timedelta = PATIENCE,
    tell: Callable[[], Awaitable[None]],
) -> None:
    """Within a transaction that holds the live read models: these of `schema`, at this position, take their place.

    tell: what else is written in the transaction. Raises InUse, and the transaction is lost then.
    """
    await side_schema.search(connection, LIVE)
    await connection.execute(
        sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{patience / timedelta(milliseconds=1):.0f}ms"))
    )
    views = [one.oid for one in await side_schema.readers(connection)]
    tables = sql.SQL(", ").join(sql.Identifier(LIVE, name) for name in (CHECKPOINT, *TABLES))
    try:
        await connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(tables))
        values = {"tables": list(TABLES), "views": views, "schema": schema, "retired": RETIRED}
        found = await (await connection.execute(QUERIES.statements.sql, values)).fetchall()
        await connection.execute("; ".join(row[0] for row in found).encode())
    except (LockNotAvailable, DeadlockDetected):  # a reader may have one of them, and want another
        raise InUse from None
    names = {"projection": projection, "shard": shard, "version": version, "position": position}
    await connection.execute(QUERIES.renew.sql, names)
    await tell()


async def in_the_way(connection: AsyncConnection) -> str | None:
    """Who has been using the live tables for longest, in words."""
    values = {"tables": [CHECKPOINT, *TABLES]}
    row = await (await connection.execute(QUERIES.in_the_way.sql, values)).fetchone()
    if row is None:
        return None
    pid, application, kind, since = row
    who = application or kind
    return f"{who} (process {pid}), in a transaction that began at {since:%Y-%m-%d %H:%M:%S %Z}"


async def drop_retired(connection: AsyncConnection) -> None:
    """Remove the tables that were live before; nothing happens where there are none."""
    if not await side_schema.exists(connection, RETIRED):
        return
    async with connection.transaction():
        found = await (await connection.execute(QUERIES.tables_in.sql, {"schema": RETIRED})).fetchall()
        for (name,) in found:
            await connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(RETIRED, name)))
        await connection.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(RETIRED)))
