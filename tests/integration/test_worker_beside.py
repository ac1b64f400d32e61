"""What else is done with read models that workers keep: other tenants' beside, and built again."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import psycopg
import pytest
from click.testing import CliRunner

from lrs.rebuild_command import replay_command
from lrs.statement_log.log import Authority
from projections.apply import PROJECTION, VERSION
from projections.shard_rows import KeptByShards, shards_of, split
from schemas.statement import read_statements
from schemas.version import XapiVersion
from tests.acceptance.course_log import CourseLog
from tests.integration.test_rebuild import rebuilding, untold
from tests.integration.worker_log import statements
from tests.properties.shard_workers import ShardWorkers, written
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

COURSE = "https://x.example/course/0"
SHARDS = 5


@pytest.fixture
def url(embedded_server: PostgresServer) -> Iterator[str]:
    """A migrated database."""
    with migrated_database(embedded_server) as url:
        yield url


async def test_tenants_have_what_is_set_to_themselves(url: str) -> None:
    """The second one comes when there are shards already; what the first sets changes nothing of the other."""
    some = list(statements(120, courses=1))
    async with CourseLog.open(url) as log:
        await log.append(some[:60])
        async with ShardWorkers.open(url, SHARDS, 2) as workers:
            other = await _second_tenant(url, log)
            await log.log.append(2, other, read_statements(msgspec.json.encode(some), XapiVersion.V1_0_3))
            for tenant, mark in ((1, 0.05), (2, 0.99)):
                policy = {"by": "test", "course": COURSE, "policy": {"pass_mark": mark}}
                await log.log.append_control_event(tenant, "policy.set", policy)
            await workers.round([{0, 1}, {2, 3, 4}], [90, 1000], at_once=True)
            await log.append(some[60:])
            for size in (7, 30, 1000):
                await workers.round([{0, 3}, {1, 2, 4}], [size, size], at_once=True)
            await workers.finish()
            assert await workers.join() is not None
        by_workers = written(url)
        await log.forget_read_models()
        await log.project()
        assert written(url) == by_workers
    with psycopg.connect(url) as connection:
        asked = "SELECT count(*), count(*) FILTER (WHERE policy_passed) FROM enrollment GROUP BY tenant ORDER BY tenant"
        (everybody, passed), other_one = connection.execute(asked).fetchall()
    assert passed
    assert other_one == (everybody, 0)


async def _second_tenant(url: str, log: CourseLog) -> Authority:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO tenant (tenant, name) VALUES (2, 'another')")
        asked = "INSERT INTO authority (tenant, agent) VALUES (2, %s) RETURNING authority"
        row = connection.execute(asked, [log.authority.text]).fetchone()
        assert row is not None
        return log.authority._replace(number=row[0])


@pytest.mark.parametrize("what", [[], ["--check"], ["--course", COURSE]])
def test_what_workers_keep_is_not_built_again(url: str, what: list[str]) -> None:
    asyncio.run(_kept_by_shards(url))
    found = CliRunner().invoke(replay_command, what, env={"LRS_DATABASE_URL": url})
    assert found.exit_code == 1
    assert "are kept by the workers of 5 partitions: stop these" in found.output


def test_what_workers_of_another_version_have_kept_is_built_again_and_kept_by_no_shards(url: str) -> None:
    asyncio.run(_kept_by_shards(url))
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE projection_checkpoint SET version = %s", [VERSION - 1])
    found = CliRunner().invoke(replay_command, env={"LRS_DATABASE_URL": url})
    assert found.exit_code == 0, found.output
    asyncio.run(_must_be_as_one_machine(url))


async def test_workers_that_come_while_it_is_built_again(url: str) -> None:
    async with CourseLog.open(url) as log:
        await log.append(list(statements(50)))
        await log.project()
    async with rebuilding(url) as rebuild:
        await rebuild.begin(untold)
        await rebuild.build(untold)
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await split(connection, PROJECTION, SHARDS, VERSION)
        with pytest.raises(KeptByShards):
            await rebuild.compare()
        with pytest.raises(KeptByShards):
            await rebuild.exchange(untold)


async def _must_be_as_one_machine(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        assert await shards_of(connection, PROJECTION) is None
    by_replay = written(url)
    async with CourseLog.open(url) as log:
        await log.forget_read_models()
        await log.project()
    assert written(url) == by_replay


async def _kept_by_shards(url: str) -> None:
    async with CourseLog.open(url) as log:
        await log.append(list(statements(50)))
        await log.tick(datetime(2026, 5, 1, tzinfo=UTC))
        await log.project()
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await split(connection, PROJECTION, SHARDS, VERSION)
