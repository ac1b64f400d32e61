"""`lrs worker` as it is run: several processes, kill -9 of whatever there is, and what is written is what one machine
writes."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg_pool import PoolTimeout

from lrs.worker_command import worker
from schemas.errors import LrsError
from tests.acceptance.course_log import CourseLog
from tests.integration.relayed_topic import topic_of_this_test
from tests.integration.test_worker import append, as_one_machine
from tests.integration.worker_log import BEGIN, kept_up, statements
from tests.integration.worker_processes import Cluster, cluster
from tests.services import embedded
from tests.services.databases import migrated_database
from tests.services.kafka import KafkaServer, running_server
from tests.services.postgres import PostgresServer

COURSE = "https://x.example/course/1"


@pytest.fixture
def url(embedded_server: PostgresServer) -> Iterator[str]:
    """A migrated database."""
    with migrated_database(embedded_server) as url:
        yield url


@pytest.mark.slow
@pytest.mark.anyio
async def test_workers_that_are_killed_and_come(url: str, kafka_server: KafkaServer, tmp_path: Path) -> None:
    async with CourseLog.open(url) as log:
        with cluster(url, topic_of_this_test(kafka_server, 8), tmp_path) as running:
            running.start("relay")
            running.start("worker", 2)
            await append(log, 500, seed=1)
            await kept_up(url)
            await append(log, 500, seed=2)
            running.kill(running.of("worker")[0])
            running.start("worker", 2)
            await append(log, 500, seed=3)
            log.configure(BEGIN, "policy.set", {"course": COURSE, "policy": {"attempts": {"take": "first"}}})
            await append(log, 500, seed=4)
            await kept_up(url)
            running.must_be_there()
            assert [one.end() for one in running.of("worker")] == [0, 0, 0]
        await as_one_machine(log, url)


def test_it_says_what_it_lacks() -> None:
    found = CliRunner().invoke(
        worker, env={"LRS_DATABASE_URL": "postgresql://nowhere.invalid/x", "LRS_KAFKA_URL": None}
    )
    assert found.exit_code == 1
    assert "set LRS_DATABASE_URL and LRS_KAFKA_URL" in found.output


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.anyio
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_storm(seed: int, tmp_path: Path) -> None:
    """200,000 statements; workers, relays, the broker and PostgreSQL are killed meanwhile, and workers come and go."""
    chance = random.Random(seed)
    with (
        running_server() as broker,
        embedded.running_server(durable=True) as server,
        migrated_database(server) as url,
        cluster(url, topic_of_this_test(broker, 32), tmp_path) as running,
    ):
        running.start("relay", 2)
        running.start("worker", 3)
        storming = asyncio.create_task(_storm(running, broker, server, chance))
        async with CourseLog.open(url) as log:
            some = list(statements(200_000, seed=seed, learners=2000, courses=20))
            for begin in range(0, len(some), 500):
                mark = chance.randrange(1, 9) / 10 if begin % 20_000 == 0 else None
                await _stored(log, some[begin : begin + 500], mark)
            storming.cancel()
            await asyncio.wait([storming])
            await kept_up(url)
            running.must_be_there()
            for one in running.of("worker"):
                assert one.end() == 0
            await as_one_machine(log, url)


async def _stored(log: CourseLog, some: list[dict[str, object]], mark: float | None) -> None:
    """These, and maybe a pass mark; where PostgreSQL is away again, which does no harm."""
    while True:
        try:
            await log.append(some)
            if mark is not None:
                log.configure(BEGIN, "policy.set", {"course": COURSE, "policy": {"pass_mark": mark}})
        except (psycopg.Error, PoolTimeout, LrsError):
            await asyncio.sleep(0.2)
        else:
            return


async def _storm(running: Cluster, broker: KafkaServer, server: PostgresServer, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(2, 6))
        match chance.choice(["worker", "worker", "more", "fewer", "relay", "broker", "postgres"]):
            case "worker" | "relay" as what:
                running.kill(chance.choice(running.of(what)))
                running.start(what)
            case "more" if len(running.of("worker")) < 5:
                running.start("worker")
            case "fewer" if len(running.of("worker")) > 2:
                one = chance.choice(running.of("worker"))
                await asyncio.to_thread(one.end)
                running.processes.remove(one)
            case "broker":
                await asyncio.to_thread(broker.kill)
                await asyncio.sleep(chance.uniform(0, 3))
                await asyncio.to_thread(broker.start)
            case "postgres":
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
