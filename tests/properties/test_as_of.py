"""Laws of the past: what a course is shown as of a position is what its live rows were there, byte for byte; as of now,
what they are.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrs.database import read_pool, worlds_pool
from lrs.worlds.builder import Builder
from lrs.worlds.world import World
from lrs.worlds.worlds import find
from projections.fact import name_of
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.course_rows import Rows, rows_of_course
from tests.properties.configurations import COURSES, events, moments
from tests.properties.learning import BEGIN, logs
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

Setting = tuple[int, datetime, tuple[str, dict[str, Any]]]


class Past(NamedTuple):
    """What arrives, in batches. ticks, said: after how many batches; seen: after which of them somebody looks."""

    statements: list[dict[str, Any]]
    batches: list[int]
    ticks: list[tuple[int, int]]
    said: list[Setting]
    seen: set[int]


pasts = st.builds(
    Past,
    statements=logs(),
    batches=st.lists(st.integers(2, 12), min_size=1, max_size=4),
    ticks=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=2),
    said=st.lists(st.tuples(st.integers(0, 3), moments, events()), min_size=2, max_size=6),
    seen=st.sets(st.integers(0, 2), min_size=1, max_size=2),
)


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(past=pasts)
def test_as_of_a_position_is_what_was_live_there(database_server: PostgresServer, past: Past) -> None:
    with migrated_database(database_server) as url:
        asyncio.run(_remember(url, past))


async def _remember(url: str, past: Past) -> None:
    looks: list[tuple[World, Rows]] = []
    async with CourseLog.open(url) as log:
        at, turn = 0, 0
        while at < len(past.statements) or turn <= 3:
            size = past.batches[turn % len(past.batches)]
            await log.append(past.statements[at : at + size])
            at += size
            for _, days in (one for one in past.ticks if one[0] == turn):
                await log.tick(BEGIN + timedelta(days=days))
            for _, recorded, event in (one for one in past.said if one[0] == turn):
                log.configure(recorded, *event)
            await log.project()
            if turn in past.seen:
                looks += await _look(log)
            turn += 1
        looks += await _look(log)
    async with read_pool(url, size=1) as asking, worlds_pool(url) as building:
        builder = Builder(building)
        for world, rows in looks:
            if world.position and any(rows[table] for table in rows if table != "clock"):
                await find(asking, world, 0)
                await builder.build_next()
                assert await find(asking, world, 0) is None
                assert rows_of_course(url, TENANT, world.course, world.name) == rows


async def _look(log: CourseLog) -> list[tuple[World, Rows]]:
    """Both courses as they are live now."""
    position = await log.position()
    courses = [name_of(course) for course in COURSES]
    return [(World(TENANT, one, position), rows_of_course(log.url, TENANT, one)) for one in courses]
