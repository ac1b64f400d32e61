"""A pool whose database is away lends connections of another, at once for all but those who noticed."""

import asyncio

import pytest

from lrs.database import access_pool, read_pool, replica_pool
from lrs.stand_in import PATIENCE_SECONDS, read_from_primary
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

NOWHERE = "postgresql://nobody@/none?host=/nonexistent"


async def test_a_database_that_is_away(embedded_server: PostgresServer) -> None:
    with migrated_database(embedded_server) as url:
        async with read_pool(url, size=2) as other, access_pool(NOWHERE, stand_in=other) as pool:
            clock = asyncio.get_running_loop().time
            for _ in range(3):
                began = clock()
                async with pool.connection() as connection:
                    assert (await (await connection.execute("SELECT 1")).fetchone()) == (1,)
                    assert connection.info.dbname in url
            assert clock() - began < PATIENCE_SECONDS
            assert other.get_stats()["requests_num"] == 3


async def test_the_primary_is_read_where_it_is_asked_for(embedded_server: PostgresServer) -> None:
    with migrated_database(embedded_server) as primary, migrated_database(embedded_server) as replica:
        async with read_pool(primary, size=1) as other, replica_pool(replica, other) as pool:

            async def read() -> str:
                async with pool.connection() as connection:
                    return connection.info.dbname

            assert await read() in replica
            with read_from_primary():
                assert await asyncio.create_task(read()) in primary
            assert await read() in replica
