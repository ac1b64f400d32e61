"""Worlds come whole or not at all: built once, begun anew after a crash, dropped only while nobody reads them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.database import Pool, read_pool, worlds_pool
from lrs.statement_log import retention
from lrs.worlds import builder, building
from lrs.worlds.builder import MOST_KEPT, Builder
from lrs.worlds.world import Building, World
from lrs.worlds.worlds import MOST_ASKED, enter, find, position_of
from projections import side_schema
from projections.fact import name_of
from projections.log_reader import LogReader
from schemas.errors import NotFound, NotReadYet, QueryRefused
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.course_rows import rows_of_course
from tests.acceptance.endpoint import voiding
from tests.integration.aged_log import age
from tests.integration.test_configuration_commands import COURSE
from tests.integration.test_rules_try import scored

pytestmark = pytest.mark.anyio
HERE = name_of(COURSE)


@asynccontextmanager
async def school(url: str, statements: int = 12) -> AsyncIterator[tuple[CourseLog, Pool, Builder]]:
    """A course with statements of six learners, one to a position, who asks for worlds of it, and who builds them."""
    async with CourseLog.open(url) as log, read_pool(url) as asking, worlds_pool(url) as tables:
        for number in range(statements):
            await log.append([scored(f"l{number % 6}", 0.7 + number / 100)])
        await log.project()
        yield log, asking, Builder(tables)


async def states(pool: Pool) -> dict[str, str]:
    """Of every world; each that is there at all has its schema."""
    async with pool.connection() as connection:
        rows = await (await connection.execute("SELECT name, state FROM course_world")).fetchall()
        there = await side_schema.notes(connection, "as_of_")
    assert {name for name, state in rows if state in ("ready", "building")} == there.keys()
    return dict(rows)


async def test_a_world_is_built_once_whoever_asks_and_builds(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[World] = []

    async def counted(world: World, reading: AsyncConnection, pool: Pool, log: LogReader) -> None:
        built.append(world)
        await asyncio.sleep(0)
        await building.build(world, reading, pool, log)

    monkeypatch.setattr(builder, "build", counted)
    async with school(database_url) as (_, asking, one), worlds_pool(database_url) as tables:
        world = World(TENANT, HERE, 7)
        tasks = [asyncio.create_task(each.run()) for each in (one, Builder(tables))]
        assert await asyncio.gather(*(find(asking, world, 20) for _ in range(9))) == [None] * 9
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert built == [world]
        assert len(rows_of_course(database_url, TENANT, HERE, world.name)["enrollment"]) == 6


async def test_what_a_killed_builder_leaves_is_begun_anew(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with school(database_url) as (_, asking, one):
        world = World(TENANT, HERE, 12)
        assert isinstance(await find(asking, world, 0), Building)
        with monkeypatch.context() as patch:
            patch.setattr("projections.course_statements.AT_ONCE", 5)
            patch.setattr(building, "_statements", _first_then_die(building._statements))
            with pytest.raises(asyncio.CancelledError):
                await one.build_next()
        assert await states(asking) == {world.name: "building"}
        assert await find(asking, world, 0) == Building(5, 12)
        assert await one.build_next()
        assert await find(asking, world, 0) is None
        assert rows_of_course(database_url, TENANT, HERE, world.name) == rows_of_course(database_url, TENANT, HERE)
        assert not await one.build_next()


def _first_then_die(work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    calls = 0

    async def statements(*asked: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise asyncio.CancelledError
        return await work(*asked)

    return statements


@pytest.mark.parametrize("fault", [KeyError, psycopg.errors.DiskFull, psycopg.errors.QueryCanceled])
async def test_a_fault_is_no_answer_and_holds_up_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: type[Exception]
) -> None:
    async def failing(*_: object) -> None:
        raise fault

    async with school(database_url, 3) as (_, asking, one):
        first, second = World(TENANT, HERE, 2), World(TENANT, HERE, 3)
        await find(asking, first, 0)
        await find(asking, second, 0)
        with monkeypatch.context() as patch:
            patch.setattr(building, "_statements", failing)
            assert await one.build_next()
        assert (await states(asking))[first.name] == "failed"
        assert "could not be built" in caplog.text
        assert await one.build_next()
        assert await find(asking, second, 0) is None
        with pytest.raises(NotReadYet, match="log says why"):
            await find(asking, first, 0)
        assert isinstance(await find(asking, first, 0), Building)
        assert await one.build_next()
        assert await find(asking, first, 0) is None


async def test_worlds_out_of_use_go_but_not_from_under_a_reader(database_url: str) -> None:
    async with school(database_url) as (_, asking, one):
        worlds = [World(TENANT, HERE, position) for position in range(1, MOST_KEPT + 4)]
        for world in worlds:
            await find(asking, world, 0)
            assert await one.build_next()
        async with asking.connection() as reading, reading.transaction():
            await enter(reading, worlds[0])
            await one.drop_out_of_use()
            kept = [worlds[0], *worlds[-MOST_KEPT:]]
            assert (await states(asking)).keys() == {world.name for world in kept}
            row = await (await reading.execute("SELECT count(*) FROM enrollment")).fetchone()
            assert row == (1,)
        await one.drop_out_of_use()
        assert len(await states(asking)) == MOST_KEPT
        async with asking.connection() as reading:
            with pytest.raises(NotReadYet):
                async with reading.transaction():
                    await enter(reading, worlds[0])


async def test_too_many_are_not_asked_for_at_once(database_url: str) -> None:
    async with school(database_url, 2) as (_, asking, one):
        for position in range(MOST_ASKED):
            assert isinstance(await find(asking, World(TENANT, HERE, position), 0), Building)
        with pytest.raises(NotReadYet):
            await find(asking, World(TENANT, HERE, MOST_ASKED), 0)
        with pytest.raises(NotFound):
            await find(asking, World(TENANT, uuid4(), 1), 0)
        async with asking.connection() as connection:  # one that another version of the server asked for
            await connection.execute(
                "UPDATE course_world SET name = 'as_of_else', asked = '2020-01-01Z' WHERE position = 0"
            )
        assert await one.build_next()
        assert (await states(asking)).keys() >= {World(TENANT, HERE, 1).name}
        assert "as_of_else" not in await states(asking)


async def test_what_is_left_of_dropped_statements_is_taken_along(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with school(database_url) as (log, asking, one):
        dropped = [logged.position for logged in log.logged()][:5]
        age(database_url, [str(identity) for identity in log_ids(database_url, dropped)])
        async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
            before = await retention.instant_before(connection, "100d")
            assert sum([part.statements async for part in retention.drop(connection, before)]) == 5
        await log.append([voiding(str(identity)) for identity in log_ids(database_url, [2])])
        live = rows_of_course(database_url, TENANT, HERE)
        at = await log.position()
        await log.project()
        assert rows_of_course(database_url, TENANT, HERE) != live
        world = World(TENANT, HERE, at)
        await find(asking, world, 0)
        assert await one.build_next()
        assert await find(asking, world, 0) is None
        assert rows_of_course(database_url, TENANT, HERE, world.name) == live
        voided = await log.position()
        await log.append([voiding(str(identity)) for identity in log_ids(database_url, [8])])
        await log.project()
        await find(asking, asked := World(TENANT, HERE, voided), 0)
        assert await one.build_next()
        assert await find(asking, asked, 0) is None  # the one dropped was voided by then
        with monkeypatch.context() as patch:
            patch.setattr("lrs.worlds.world.VERSION", 0)  # another world, though the same
            await find(asking, asked := World(TENANT, HERE, at), 0)
            assert await one.build_next()
            with pytest.raises(QueryRefused, match="left of a learner's dropped statements"):
                await find(asking, asked, 0)
        log.configure(datetime.now(UTC), "mapping.set", {"activity": "x:y", "course": COURSE})
        await log.project()
        later, earlier = World(TENANT, HERE, await log.position()), World(TENANT, HERE, at - 1)
        for asked in (later, earlier):
            await find(asking, asked, 0)
            assert await one.build_next()
        assert await find(asking, later, 0) is None
        with pytest.raises(QueryRefused, match=r"must not be before a mapping\.set"):
            await find(asking, earlier, 0)
        async with asking.connection() as connection:
            with pytest.raises(QueryRefused, match="must not be before position 5"):
                await position_of(connection, 4)


def log_ids(url: str, positions: list[int]) -> list[UUID]:
    """The ids of statements at these positions, also of those that are gone."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT id FROM statement_id WHERE position = ANY (%s) ORDER BY position", [positions]
        )
        return [identity for (identity,) in rows.fetchall()]
