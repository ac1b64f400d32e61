"""The law of a rebuild: in other batches, and from the facts of what retention has dropped, it gives the live rows."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrs.database import rebuild_pool
from streams.rebuild import Rebuild
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.read_back import read_models
from tests.properties.configurations import events, moments
from tests.properties.learning import BEGIN, logs
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

Setting = tuple[int, datetime, tuple[str, dict[str, Any]]]


class _Steps(Rebuild):
    """Reads so many events at a time."""

    def read_in(self, size: int) -> None:
        """From now on."""
        self._past.largest = self._past._limit = size


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    statements=logs(),
    batches=st.lists(st.integers(2, 12), min_size=1, max_size=4),
    size=st.integers(3, 30),
    said=st.lists(st.tuples(st.integers(0, 3), moments, events()), min_size=1, max_size=5),
    kept=st.one_of(st.just(0.0), st.floats(0.1, 1)),
)
def test_a_rebuild_gives_the_live_rows(
    database_server: PostgresServer,
    statements: list[dict[str, Any]],
    batches: list[int],
    size: int,
    said: list[Setting],
    kept: float,
) -> None:
    """kept: which part of the log retention has dropped."""
    with migrated_database(database_server) as url:
        asyncio.run(_rebuild(url, statements, batches, size, said, kept))


async def _rebuild(
    url: str, statements: list[dict[str, Any]], batches: list[int], size: int, said: list[Setting], kept: float
) -> None:
    async with CourseLog.open(url) as log:
        at, turn = 0, 0
        while at < len(statements) or turn <= 3:
            some = batches[turn % len(batches)]
            await log.append(statements[at : at + some])
            at += some
            for _, recorded, event in (one for one in said if one[0] == turn):
                log.configure(recorded, *event)
            if turn == 1:
                await log.tick(BEGIN + timedelta(days=20))
            if turn % 2:
                await log.project([some])
            turn += 1
        await log.project()
        _drop(url, kept)
        await log.project()
        before = read_models(url)
    async with rebuild_pool(url) as pool, _Steps.open(pool) as rebuild:
        rebuild.read_in(size)
        await rebuild.begin(lambda _: None)
        await rebuild.build(lambda _done, _end: None)
        found = await rebuild.compare()
        assert found is not None
        assert [one for one in found.tables if one.differences] == []
        await rebuild.exchange(lambda _: None)
    assert read_models(url) == before


def _drop(url: str, part: float) -> None:
    """What retention leaves: no statement up to a position, and the word that there are none."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        row = connection.execute("SELECT coalesce(max(position), 0) FROM statement").fetchone()
        assert row is not None
        until = int(row[0] * part)
        if until:
            connection.execute("DELETE FROM statement WHERE position <= %s", [until])
            connection.execute(
                "INSERT INTO control_event SELECT nextval('event_position'), %s, now(), 'retention',"
                " json_build_object('position', %s::bigint)",
                [TENANT, until],
            )
