"""The indexes that a schema beside was made without are made at last, by whoever goes on where another was killed."""

import asyncio

import psycopg
import pytest
from psycopg import AsyncConnection

from projections import side_indexes, side_schema
from projections.side_indexes import FOR_READERS
from projections.side_schema import LIVE
from tests.integration.log_under_load import connections
from tests.integration.test_side_schema import BESIDE

pytestmark = pytest.mark.anyio

INDEXES = (
    "SELECT c.relname, i.indisvalid, regexp_replace(pg_get_indexdef(c.oid), ' ON \\w+[.]', ' ON ')"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid"
    " WHERE c.relnamespace = %s::regnamespace AND t.relname = ANY (%s) ORDER BY 1"
)
WAITING = (
    "SELECT a.pid, a.backend_xid::text FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
    " WHERE NOT l.granted AND l.locktype = 'virtualxid' AND a.query LIKE 'CREATE INDEX%%'"
)


async def indexes(connection: AsyncConnection, schema: str) -> list[tuple[str, bool, str]]:
    cursor = await connection.execute(INDEXES.encode(), [schema, list(side_schema.TABLES)])
    return await cursor.fetchall()


async def test_what_was_left_out_is_made(database_url: str) -> None:
    async with connections(database_url, 1) as (connection,):
        await side_schema.make(connection, BESIDE, {}, without=FOR_READERS)
        live = await indexes(connection, LIVE)
        assert {name for name, *_ in live} - {name for name, *_ in await indexes(connection, BESIDE)} == {*FOR_READERS}
        await side_indexes.make_missing(connection, BESIDE)
        assert await indexes(connection, BESIDE) == live


async def test_whoever_is_killed_while_making_them_leaves_the_rest(database_url: str) -> None:
    """It waits for whoever sees an older state, without a transaction that writes; what it leaves is broken."""
    async with connections(database_url, 2) as (connection, reader):
        await side_schema.make(connection, BESIDE, {}, without=FOR_READERS)
        await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await reader.execute("SELECT 1")
        making = asyncio.create_task(side_indexes.make_missing(connection, BESIDE))
        async with await AsyncConnection.connect(database_url, autocommit=True) as watcher:
            while not (found := await (await watcher.execute(WAITING)).fetchall()):
                assert not making.done()
                await asyncio.sleep(0.02)
            assert [xid for _, xid in found] == [None]
            await watcher.execute("SELECT pg_terminate_backend(%s)", [found[0][0]])
            with pytest.raises(psycopg.OperationalError):
                await making
            await reader.execute("COMMIT")
            assert [valid for _, valid, _ in await indexes(reader, BESIDE)].count(False) == 1
            await side_indexes.make_missing(reader, BESIDE)
            assert await indexes(reader, BESIDE) == await indexes(reader, LIVE)
