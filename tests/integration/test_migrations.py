"""Migrations give exactly the schema written down here, everywhere; partitions are there before they are needed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from psycopg import sql

from lrs.migrate import expected_revision, migrate, revision_of
from tests.acceptance.course_log import CourseLog
from tests.integration.expected_schema import SCHEMA
from tests.integration.schema_listing import differences, listing, read_listing
from tests.services.databases import fresh_database
from tests.services.postgres import PostgresServer

AHEAD = 3


def test_from_nothing_to_head(database_server: PostgresServer) -> None:
    with fresh_database(database_server) as url:
        assert revision_of(url) is None
        assert listing(url) == {}
        migrate(url)
        assert revision_of(url) == expected_revision()
        assert differences(read_listing(SCHEMA), listing(url)) == []


def everything(url: str) -> list[tuple[object, ...]]:
    """Every row of every table, and every table and index by its number and file."""
    with psycopg.connect(url) as connection:
        found: list[tuple[object, ...]] = connection.execute(
            "SELECT oid, relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid"
        ).fetchall()
        for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"):
            found += connection.execute(
                sql.SQL("SELECT t.ctid::text, t.xmin::text, t::text FROM {} AS t").format(sql.Identifier(table))
            ).fetchall()
    return found


@pytest.mark.anyio
async def test_migrating_again_changes_nothing(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        await log.append(
            [{"actor": {"mbox": "mailto:a@x.example"}, "verb": {"id": "http://x.example/v"}, "object": {"id": "x:y"}}]
        )
        await log.project()
    before = everything(database_url)
    migrate(database_url)
    assert everything(database_url) == before


def is_hypertable(connection: psycopg.Connection) -> bool:
    """Whether the log's parts make themselves."""
    return bool(connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").rowcount)


def make_partitions(connection: psycopg.Connection, months_ahead: int) -> int:
    """How many were new."""
    row = connection.execute("SELECT make_statement_partitions(%s)", [months_ahead]).fetchone()
    assert row is not None
    return int(row[0])


def months(count: int) -> list[datetime]:
    """The first instants of this month and of those after it."""
    found = [datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)]
    while len(found) < count:
        found.append((found[-1] + timedelta(days=31)).replace(day=1))
    return found


def partitions(connection: psycopg.Connection) -> dict[str, str]:
    """The partitions of plain PostgreSQL and their bounds."""
    connection.execute("SET timezone = 'UTC'")
    return dict(
        connection.execute(
            "SELECT relname, pg_get_expr(relpartbound, c.oid) FROM pg_class c JOIN pg_inherits i ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'statement'::regclass"
        ).fetchall()
    )


def expected_partitions(ahead: int) -> dict[str, str]:
    """This month and those ahead, each to the first instant of the next."""
    bounds = "FOR VALUES FROM ('{:%Y-%m-%d} 00:00:00+00') TO ('{:%Y-%m-%d} 00:00:00+00')"
    return {f"statement_{begin:%Y_%m}": bounds.format(begin, end) for begin, end in pairwise(months(ahead + 2))}


def store_at(connection: psycopg.Connection, moment: datetime) -> None:
    """A row of the log, stored at this moment."""
    connection.execute(
        "INSERT INTO statement (tenant, position, stored, id, authority, keys, payload)"
        " VALUES (1, nextval('event_position'), %s, gen_random_uuid(), 1, '{1}', '{}')",
        [moment],
    )


def test_there_is_room_for_the_months_ahead(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for moment in (datetime.now(UTC), *months(AHEAD + 1)):
            store_at(connection, moment)
        store_at(connection, months(AHEAD + 2)[-1] - timedelta(microseconds=1))
        if is_hypertable(connection):
            interval = connection.execute(
                "SELECT column_name, time_interval FROM timescaledb_information.dimensions"
                " WHERE hypertable_name = 'statement'"
            ).fetchall()
            assert interval == [("stored", timedelta(days=7))]
        else:
            assert partitions(connection) == expected_partitions(AHEAD)


def test_every_part_has_what_the_log_has(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        whole = is_hypertable(connection)
        store_at(connection, datetime.now(UTC))
        make_partitions(connection, AHEAD)
        of_parts = "FROM pg_inherits p JOIN {} t ON t.{} = p.inhrelid WHERE p.inhparent = 'statement'::regclass"
        parts = connection.execute("SELECT count(*) " + of_parts.format("pg_class", "oid")).fetchone()
        indexes = connection.execute(
            "SELECT regexp_replace(pg_get_indexdef(indexrelid), '.* USING ', ''), count(*) "
            + of_parts.format("pg_index", "indrelid")
            + " GROUP BY 1"
        ).fetchall()
        triggers = connection.execute(
            "SELECT tgname, count(*) " + of_parts.format("pg_trigger", "tgrelid") + " AND tgenabled = 'O' GROUP BY 1"
        ).fetchall()
    assert parts is not None
    assert parts[0] == (1 if whole else AHEAD + 1)
    log = read_listing(SCHEMA)["statement"]
    expected = {line.removeprefix("unique ") for line in log if "btree" in line or "gin" in line}
    assert {(line.replace('"', ""), number) for line, number in indexes} == {(line, parts[0]) for line in expected}
    assert {(name, parts[0]) for name in ("refuse_change", "refuse_truncate")} <= set(triggers)


def test_making_partitions_again_makes_none(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        whole = is_hypertable(connection)
        assert [make_partitions(connection, ahead) for ahead in (AHEAD, 0, AHEAD)] == [0, 0, 0]
        assert [make_partitions(connection, AHEAD + 2) for _ in range(2)] == ([0, 0] if whole else [2, 0])
        assert partitions(connection) == ({} if whole else expected_partitions(AHEAD + 2))


def test_many_may_make_partitions_at_once(database_url: str) -> None:
    """Each is made by exactly one of them, and nobody is told of an error, while statements are stored."""

    def make(_: int) -> int:
        with psycopg.connect(database_url, autocommit=True) as own:
            return make_partitions(own, AHEAD + 4)

    def store(_: int) -> int:
        with psycopg.connect(database_url, autocommit=True) as own:
            for _ in range(50):
                store_at(own, datetime.now(UTC))
        return 0

    with psycopg.connect(database_url, autocommit=True) as connection, ThreadPoolExecutor(8) as threads:
        store_at(connection, datetime.now(UTC))
        whole = is_hypertable(connection)
        stores = threads.map(store, range(2))
        made = sum(threads.map(make, range(6)))
        assert list(stores) == [0, 0]
        assert made == (1 if whole else 4)  # the one chunk there is gets what it lacks
        assert make_partitions(connection, AHEAD + 4) == 0
        row = connection.execute("SELECT count(*) FROM statement").fetchone()
    assert row == (101,)
