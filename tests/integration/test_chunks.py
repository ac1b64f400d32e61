"""Chunks of TimescaleDB: their length follows the volume; compressed ones are read and searched like any other."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.database import read_pool
from lrs.statement_log import chunks, retention
from lrs.statement_log.chunks import CompressionUnsupported, keep_interval
from lrs.statement_log.search import Search
from schemas.statement_query import StatementQuery, read_statement_query
from schemas.version import XapiVersion
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.endpoint import VERB, new_statement
from tests.integration.aged_log import LONG_AGO, age

pytestmark = pytest.mark.anyio

OF_ANN = [("agent", '{"mbox":"mailto:ann@example.com"}')]


def is_hypertable(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return bool(connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").rowcount)


def intervals(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT time_interval FROM timescaledb_information.dimensions").fetchall()


async def test_the_length_follows_the_volume(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lrs.chunks")
    async with (
        CourseLog.open(database_url) as log,
        await AsyncConnection.connect(database_url, autocommit=True) as connection,
    ):
        assert await keep_interval(connection) is None  # there is nothing to go by
        begin, day_before = new_statement(), new_statement()
        await log.append([begin, day_before, new_statement()])
        age(database_url, [day_before["id"]], timedelta(hours=23))
        assert await keep_interval(connection) is None  # nor is a day's volume enough
        age(database_url, [begin["id"]], timedelta(days=60))
        changed = await keep_interval(connection)
        again = await keep_interval(connection)
    if not is_hypertable(database_url):
        assert (changed, again, caplog.messages) == (None, None, [])
        return
    assert (changed, again) == (timedelta(days=60), None)
    assert intervals(database_url) == [(timedelta(days=60),)]
    assert len(caplog.messages) == 1
    assert "60 days long, not 7" in caplog.messages[0]


async def found(url: str, salt: bytes, query: StatementQuery) -> list[str]:
    """The texts of all pages, two statements each."""
    async with read_pool(url) as pool:
        search, cursor, texts = Search(pool), None, []
        while True:
            page = await search.page(TENANT, salt, query, cursor, 2)
            texts += [one.document() for one in page.statements]
            cursor = page.next
            if cursor is None:
                return texts


def assert_refused(url: str, part: str) -> None:
    """Neither the log, nor the compressed part, nor what holds its columns can be changed."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT quote_ident(k.schema_name) || '.' || quote_ident(k.table_name) FROM _timescaledb_catalog.chunk h"
            " JOIN _timescaledb_catalog.chunk k ON k.id = h.compressed_chunk_id"
            " WHERE (quote_ident(h.schema_name) || '.' || quote_ident(h.table_name))::regclass = %s::regclass",
            [part],
        ).fetchone()
        assert row is not None
        for attempt in (
            "DELETE FROM statement",
            "UPDATE statement SET position = 0",
            "TRUNCATE statement",
            f"TRUNCATE {part}",
            f"TRUNCATE {row[0]}",
            f"DELETE FROM {row[0]}",
            f"UPDATE {row[0]} SET _ts_meta_count = 0",
        ):
            with pytest.raises(psycopg.DatabaseError) as refusal:
                connection.execute(attempt.encode())
            assert refusal.value.sqlstate == "LR403"
        assert connection.execute(f"DELETE FROM {part}".encode()).rowcount == 0  # it has no rows of its own


async def test_compressed_parts(database_url: str) -> None:
    """On TimescaleDB's community edition; the others say that they cannot."""
    queries = [
        read_statement_query(params, XapiVersion.V1_0_3)
        for params in (
            [],
            OF_ANN,
            [*OF_ANN, ("verb", VERB), ("ascending", "true")],
            [("verb", "http://example.com/verbs/nobody-did")],
            [("until", (datetime.now(UTC) - LONG_AGO / 2).isoformat())],
        )
    ]
    async with CourseLog.open(database_url) as log:
        old = [new_statement(actor={"mbox": f"mailto:{name}@example.com"}) for name in ("ann", "bob") * 4]
        referring = new_statement(object={"objectType": "StatementRef", "id": old[1]["id"]})
        await log.append([*old, referring])
        await log.project()
        age(database_url, [one["id"] for one in old])
        salt = await log.log.salt(TENANT)
        before = [await found(database_url, salt, query) for query in queries]
        with psycopg.connect(database_url, autocommit=True) as connection:
            row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
            connection.execute("SELECT make_statement_partitions(3)")
        async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
            limit = datetime.now(UTC) - LONG_AGO / 2
            if row != ("timescale",):
                with pytest.raises(CompressionUnsupported):
                    _ = [one async for one in chunks.compress(connection, limit)]
                return
            (done,) = [one async for one in chunks.compress(connection, limit)]
            assert done.ends < limit
            assert [one async for one in chunks.compress(connection, limit)] == []
        assert [await found(database_url, salt, query) for query in queries] == before
        place = await log.log.place_of(TENANT, UUID(old[0]["id"]))
        assert place is not None
        assert await log.log.statement_at(place) is not None
        assert_refused(database_url, done.name)
        await log.forget_read_models()
        await log.project()
        assert log.differences() == []
        async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
            (part,) = [part async for part in retention.drop(connection, limit)]
        assert (part.name, part.statements) == (done.name, len(old))
        assert part.bytes >= done.after > 0
        assert len(await found(database_url, salt, queries[0])) == 1
