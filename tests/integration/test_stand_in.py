"""A pool whose database is away lends connections of another, at once for all but those who noticed."""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import PoolTimeout

from lrs import stand_in
from lrs.database import access_pool, read_pool, replica_pool
from lrs.stand_in import PATIENCE_SECONDS, own_connection, read_from_primary
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


async def test_a_pool_whose_connections_are_all_in_use(embedded_server: PostgresServer) -> None:
    """It is waited for: its database is there."""
    with migrated_database(embedded_server) as url, migrated_database(embedded_server) as elsewhere:
        async with read_pool(elsewhere, size=1) as other, access_pool(url, size=1, stand_in=other) as pool:
            async with pool.connection():
                with pytest.raises(PoolTimeout):
                    async with pool.connection(PATIENCE_SECONDS):
                        raise AssertionError
            async with pool.connection() as connection:
                assert connection.info.dbname in url


async def test_who_writes_is_given_no_other_database(embedded_server: PostgresServer) -> None:
    with migrated_database(embedded_server) as url:
        async with read_pool(url, size=1) as other, access_pool(NOWHERE, stand_in=other) as pool:
            async with pool.connection() as connection:
                assert connection.info.dbname in url
            with pytest.raises(PoolTimeout):
                async with own_connection(pool):
                    raise AssertionError


class Line:
    """A way to a server that may be cut: then nothing passes, and nobody is told."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self.whole = asyncio.Event()
        self.whole.set()
        self.begun = 0

    async def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.begun += 1
        answers, asks = await asyncio.open_unix_connection(self._server)
        await asyncio.gather(self._pass(reader, asks), self._pass(answers, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                await self.whole.wait()
                writer.write(data)
        writer.close()


async def test_a_network_that_was_cut(embedded_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that lie in the pool since before are no sign that it is back."""
    for seconds in ("PATIENCE_SECONDS", "AGAIN_SECONDS"):
        monkeypatch.setattr(stand_in, seconds, 0.3)
    with migrated_database(embedded_server) as url, tempfile.TemporaryDirectory(dir="/tmp") as folder:
        given = conninfo_to_dict(url)
        name = f".s.PGSQL.{given.get('port', 5432)}"
        line = Line(Path(str(given["host"])) / name)
        far = make_conninfo(url, host=folder)
        async with (
            await asyncio.start_unix_server(line.begin, Path(folder) / name),
            read_pool(url, size=1) as other,
            replica_pool(far, other, size=1) as pool,
            asyncio.timeout(20),
        ):
            async with pool.connection():
                line.whole.clear()
                before = line.begun
                async with pool.connection() as connection:
                    assert connection.info.host != folder
            while line.begun < before + 3:  # noqa: ASYNC110 - it was looked whether it is back
                await asyncio.sleep(0.01)
            assert pool.is_passed_over
            line.whole.set()
            host = None
            while host != folder:
                async with pool.connection() as connection:
                    host = connection.info.host
