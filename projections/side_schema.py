"""A schema beside the live tables that has read-model tables of its own: for a rebuild, or for another point in time.

The rule of this file: whoever works inside it names tables as everybody does, and means these. Nothing is defined here
twice: tables, indexes and views are made as the live ones are when it is made. The name of a schema holds for one
transaction, for a pooler may give the next one to another session; PostgreSQL plans a prepared statement again where
names mean something else than when it was planned.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiosql
import msgspec
from psycopg import AsyncConnection, sql

from projections import read_model_tables
from projections.read_model_tables import Table

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("side_schema.sql"), "psycopg", mandatory_parameters=False)
LIVE = "public"
"""The schema of the live tables."""
CHECKPOINT = "projection_checkpoint"
TABLES = ("clock", *(one.name for one in vars(read_model_tables).values() if isinstance(one, Table)))
"""Every table that follows from the log, but for the checkpoint."""
OF_SHARDS = ("configuration_applied", "outline_version", "untold_change", "shard_offset")
"""What workers note where several of them keep the live tables together."""


class Reader(NamedTuple):
    """A view that reads these tables. kind: v, or m where it is materialized."""

    oid: int
    schema: str
    name: str
    kind: str


async def make(
    connection: AsyncConnection, schema: str, note: Mapping[str, Any], *, without: Sequence[str] = ()
) -> None:
    """An empty schema beside, in a transaction of its own or within the one there is; `note` says what it is for.

    without: names of indexes that are left out.
    """
    async with connection.transaction():
        await search(connection, LIVE)
        views = [one for one in await readers(connection) if one.schema == LIVE and one.kind == "v"]
        values = {
            "schema": schema,
            "tables": [*TABLES, CHECKPOINT],
            "views": [one.oid for one in views],
            "names": [one.name for one in views],
            "without": list(without),
        }
        found = await (await connection.execute(QUERIES.definitions.sql, values)).fetchall()
        await connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        await search(connection, schema)
        await connection.execute("; ".join(row[0] for row in found).encode())
        await annotate(connection, schema, note)


async def annotate(connection: AsyncConnection, schema: str, note: Mapping[str, Any]) -> None:
    """Say what a schema is for; what was said before is forgotten."""
    text = msgspec.json.encode(note).decode()
    await connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema), sql.Literal(text)))


@asynccontextmanager
async def inside(connection: AsyncConnection, schema: str) -> AsyncIterator[None]:
    """A transaction, which may still choose its isolation, in which names mean the tables of this schema, and of the
    live one what it does not have.
    """
    async with connection.transaction():
        await search(connection, schema)
        yield


async def search(connection: AsyncConnection, schema: str) -> None:
    """From here to the end of the transaction that there is, names mean the tables of this schema first."""
    path = [sql.Identifier(one) for one in dict.fromkeys((schema, LIVE))]
    await connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.SQL(", ").join(path)))


async def notes(connection: AsyncConnection, prefix: str) -> dict[str, dict[str, Any]]:
    """The schemas whose names begin so, each with its note."""
    cursor = await connection.execute(QUERIES.schemas.sql, {"prefix": prefix})
    return {name: msgspec.json.decode(note) if note else {} for name, note in await cursor.fetchall()}


async def exists(connection: AsyncConnection, schema: str) -> bool:
    """Whether there is a schema of this name."""
    row = await (await connection.execute(QUERIES.exists.sql, {"schema": schema})).fetchone()
    return row is not None and bool(row[0])


async def drop(connection: AsyncConnection, schema: str) -> None:
    """Remove a schema beside with all that is in it; nothing happens where there is none."""
    assert schema != LIVE
    await connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


async def readers(connection: AsyncConnection) -> list[Reader]:
    """The views that read the live tables, wherever they are: each after those that it reads."""
    cursor = await connection.execute(QUERIES.readers.sql, {"tables": list(TABLES)})
    return [Reader(*row) for row in await cursor.fetchall()]
