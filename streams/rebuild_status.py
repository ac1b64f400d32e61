"""How far the live read models are, and a rebuild beside them: looked at, and nothing changed."""

from typing import NamedTuple

from psycopg import AsyncConnection, sql

from projections import exchange_rows, side_schema
from projections.apply import PROJECTION
from projections.side_schema import CHECKPOINT
from streams.rebuild import LOCK, PREFIX, SHARD


class RebuildStatus(NamedTuple):
    """live_version: None where the read models have not begun. schema: of a rebuild that is not finished; reached: its
    position.
    """

    position: int
    live_version: int | None
    schema: str | None
    reached: int | None
    is_at_work: bool


async def rebuild_status(url: str) -> RebuildStatus:
    """As it is now."""
    async with await AsyncConnection.connect(url, autocommit=True, prepare_threshold=None) as connection:
        live = await exchange_rows.standing(connection, PROJECTION, SHARD)
        schema = next(iter(await side_schema.notes(connection, PREFIX)), None)
        reached = None if schema is None else await _reached(connection, schema)
        async with connection.transaction():
            row = await (await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])).fetchone()
    is_at_work = row is not None and not row[0]
    if live is None:
        return RebuildStatus(0, None, schema, reached, is_at_work)
    return RebuildStatus(live.position, live.version, schema, reached, is_at_work)


async def _reached(connection: AsyncConnection, schema: str) -> int | None:
    query = sql.SQL("SELECT max(position) FROM {}").format(sql.Identifier(schema, CHECKPOINT))
    row = await (await connection.execute(query)).fetchone()
    return None if row is None else row[0]
