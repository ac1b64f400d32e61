"""Read models are built again beside the live ones, compared with them, and take their place: nobody sees it happen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.database import rebuild_pool
from projections import exchange_rows, side_schema
from projections.apply import PROJECTION, VERSION
from projections.exchange_rows import LONG_PATIENCE, ReadElsewhere
from projections.side_schema import TABLES
from streams.rebuild import AlreadyAtWork, Comparison, Rebuild
from tests.acceptance.course_log import CourseLog
from tests.acceptance.endpoint import voiding
from tests.integration.aged_log import age
from tests.integration.test_checkpoint import CLOCK, identity, statement

pytestmark = pytest.mark.anyio

Rows = dict[str, list[Any]]


def untold(*_: object) -> None:
    """Nobody listens."""


def rows(url: str) -> Rows:
    """Every row of every read model as text, and how far they are."""
    with psycopg.connect(url) as connection:
        found: Rows = {
            one: connection.execute(f"SELECT t::text FROM {one} AS t ORDER BY 1").fetchall() for one in TABLES
        }
        found["checkpoint"] = connection.execute(
            "SELECT projection, shard, version, position FROM projection_checkpoint"
        ).fetchall()
    return found


def do(url: str, *sql: str) -> list[Any]:
    """Rows of the last of these statements, if it gives any."""
    with psycopg.connect(url, autocommit=True) as connection:
        for one in sql:
            cursor = connection.execute(one.encode())
        return cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def rebuilding(url: str) -> AsyncIterator[Rebuild]:
    async with rebuild_pool(url) as pool, Rebuild.open(pool) as rebuild:
        yield rebuild


async def rebuilt(url: str) -> Comparison | None:
    """What was found before it was exchanged."""
    async with rebuilding(url) as rebuild:
        await rebuild.begin(untold)
        await rebuild.build(untold)
        found = await rebuild.compare()
        if found is None or found.version != VERSION:
            await rebuild.build_on(untold)
        await rebuild.exchange(untold)
    return found


@asynccontextmanager
async def course(url: str, statements: int = 100) -> AsyncIterator[CourseLog]:
    """A course in the log, with its read models."""
    async with CourseLog.open(url) as log:
        await log.append([statement(number) for number in range(70)])
        await log.tick(CLOCK)
        await log.append([statement(number) for number in range(70, statements)])
        await log.project()
        yield log


async def test_a_rebuild_gives_the_same_bytes(database_url: str) -> None:
    async with course(database_url) as log:
        before = rows(database_url)
        shape = do(database_url, "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
        oid = do(database_url, "SELECT 'fact'::regclass::oid")
        found = await rebuilt(database_url)
        assert found is not None
        assert (found.differences, found.position) == (0, before["checkpoint"][0][3])
        assert sum(one.rows for one in found.tables) == sum(len(before[one]) for one in TABLES)
        assert rows(database_url) == before
        assert do(database_url, "SELECT 'fact'::regclass::oid") != oid
        assert do(database_url, "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1") == shape
        assert do(database_url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'read_models%'") == []
        assert await log.project() == 1  # the event that says so
        assert log.differences() == []
        await log.append([statement(number) for number in range(100, 130)])
        await log.project()
        assert log.differences() == []


async def test_what_is_wrong_is_found_and_mended(database_url: str) -> None:
    async with course(database_url):
        before = rows(database_url)
        do(
            database_url,
            "UPDATE enrollment SET completed_nodes = 99 WHERE person = (SELECT person FROM enrollment LIMIT 1)",
            "DELETE FROM gradebook WHERE (person, node) = (SELECT person, node FROM gradebook LIMIT 1)",
            "INSERT INTO person VALUES (1, gen_random_uuid(), 'mbox:mailto:nobody@example.com', 'Nobody')",
        )
        found = await rebuilt(database_url)
        assert found is not None
        wrong = {one.table: (one.differing, one.only_live, one.only_beside) for one in found.tables if one.differences}
        assert wrong == {"enrollment": (1, 0, 0), "gradebook": (0, 0, 1), "person": (0, 1, 0)}
        assert all(len(one.keys) == 1 for one in found.tables if one.differences)
        assert rows(database_url) == before


async def test_views_and_grants_go_on(database_url: str) -> None:
    """Our views, and those that others have made; whoever was granted a table still is."""
    role = "lrs_test_reader"
    do(
        database_url,
        f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
        f"GRANT SELECT ON enrollment TO {role}",
        "CREATE SCHEMA others",
        "CREATE VIEW others.standing WITH (security_barrier) AS SELECT count(*) AS n FROM enrollment_standing",
        "CREATE VIEW others.own AS SELECT n + 1 AS n FROM others.standing",
    )
    asked = (
        "SELECT (SELECT count(*) FROM analytics.activity), (SELECT n FROM others.own), (SELECT sum(required_nodes)"
        " FROM course_outline_size), has_table_privilege('lrs_test_reader', 'enrollment', 'SELECT'),"
        " (SELECT reloptions FROM pg_class WHERE oid = 'others.standing'::regclass),"
        " (SELECT relacl::text FROM pg_class WHERE oid = 'analytics.activity'::regclass)"
    )
    try:
        async with course(database_url) as log:
            before = do(database_url, asked)
            await rebuilt(database_url)
            assert do(database_url, asked) == before
            await log.append([statement(number) for number in range(100, 120)])
            await log.project()
            assert do(database_url, asked)[0][0] > before[0][0]
            do(database_url, "CREATE MATERIALIZED VIEW others.kept AS SELECT * FROM enrollment")
            with pytest.raises(ReadElsewhere, match=r"others\.kept"):
                await rebuilt(database_url)
    finally:
        do(database_url, f"DROP OWNED BY {role}")


async def test_statements_that_retentiondropped(database_url: str) -> None:
    """What is left of them is their facts: a rebuild keeps those, and may still take one back."""
    async with course(database_url, 90) as log:
        age(database_url, [identity(number) for number in range(60)])
        assert sum([number async for number in dropped(database_url)]) == 60
        before = rows(database_url)
        found = await rebuilt(database_url)
        assert found is not None
        assert found.differences == 0
        assert rows(database_url) == before
        log.start_anew()
        await log.append([voiding(identity(number)) for number in (2, 7, 88)])
        await log.append([statement(number) for number in range(90, 110)])
        await log.project()
        live = rows(database_url)
        assert live["fact"] != before["fact"]
        found = await rebuilt(database_url)
        assert found is not None
        assert found.differences == 0
        assert {name: found for name, found in rows(database_url).items() if name not in ("iri", "claim")} == {
            name: found for name, found in live.items() if name not in ("iri", "claim")
        }


async def dropped(url: str) -> AsyncIterator[int]:
    """What retention drops now: how many statements, part by part."""
    from lrs.statement_log import retention

    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        before = await retention.instant_before(connection, "100d")
        async for part in retention.drop(connection, before):
            yield part.statements


async def test_tables_of_another_version(database_url: str) -> None:
    """Differences are told, statements that came since are taken in, and the tables are ours then."""
    async with course(database_url) as log:
        do(
            database_url,
            "UPDATE projection_checkpoint SET version = version - 1",
            "UPDATE enrollment SET completed_nodes = 0",
        )
        await log.append([statement(number) for number in range(100, 120)])
        found = await rebuilt(database_url)
        assert found is not None
        assert found.version == VERSION - 1
        assert {one.table for one in found.tables if one.differences} == {"enrollment"}
        assert rows(database_url)["checkpoint"][0][2] == VERSION
        await log.project()
        assert log.differences() == []
        assert len(rows(database_url)["fact"]) == 120 - 12


async def test_one_at_a_time(database_url: str) -> None:
    async with rebuilding(database_url):
        with pytest.raises(AlreadyAtWork):
            async with rebuilding(database_url):
                raise AssertionError


async def test_a_reader_who_does_not_end_is_waited_for(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others read on meanwhile; what is stored meanwhile is in what takes its place."""
    told: list[str] = []
    async with course(database_url) as log:
        with psycopg.connect(database_url, application_name="an analyst") as analyst:
            analyst.execute("SELECT count(*) FROM node_progress").fetchall()
            task = asyncio.create_task(_exchanged(database_url, told))
            while not told:
                await asyncio.sleep(0.05)
                do(database_url, "SELECT count(*) FROM node_progress")
            await log.append([statement(number) for number in range(100, 120)])
            await log.project()
            assert not task.done()
            assert "an analyst" in told[0]
        await task
        assert do(database_url, "SELECT generation FROM projection_checkpoint") == [(1,)]
        log.start_anew()
        await log.project()
        assert log.differences() == []


async def test_a_reader_who_wants_more_meanwhile_is_no_end(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has one table and waits for another, which waits for it: a deadlock, if the exchange waits long enough."""
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'risk_state'::regclass"
    monkeypatch.setattr("streams.rebuild.PATIENCE", LONG_PATIENCE)
    async with course(database_url), await AsyncConnection.connect(database_url) as reader:
        await reader.execute("SELECT count(*) FROM risk_state")
        task = asyncio.create_task(_exchanged(database_url, []))
        while not do(database_url, waiting):
            assert not task.done()
            await asyncio.sleep(0.02)
        await reader.execute("SELECT count(*) FROM clock")
        await reader.rollback()
        await task
        assert do(database_url, "SELECT generation FROM projection_checkpoint") == [(1,)]


async def _exchanged(url: str, told: list[str]) -> None:
    async with rebuilding(url) as rebuild:
        await rebuild.begin(untold)
        await rebuild.build(untold)
        await rebuild.exchange(told.append)


async def test_nothing_holds_up_the_log(database_url: str) -> None:
    """Holding the live read models takes no transaction id: what is stored meanwhile is safe to read."""
    async with await AsyncConnection.connect(database_url) as connection:
        await exchange_rows.hold(connection)
        row = await (await connection.execute("SELECT pg_current_xact_id_if_assigned()")).fetchone()
        assert row == (None,)
        assert await exchange_rows.standing(connection, PROJECTION, 0) is None
        assert not await side_schema.exists(connection, Rebuild.schema)
