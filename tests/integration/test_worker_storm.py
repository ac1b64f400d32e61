"""A long log through a real broker and workers in processes of their own, calm and stormy: what is written in the end
is what one machine writes, row for row."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from schemas.errors import LrsError
from tests.acceptance.course_log import CourseLog
from tests.integration.relayed_topic import topic_of_this_test
from tests.integration.test_worker import as_one_machine
from tests.integration.worker_log import BEGIN, kept_up, statements
from tests.integration.worker_processes import Cluster, cluster
from tests.services import embedded
from tests.services.databases import migrated_database
from tests.services.kafka import KafkaServer
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer

COUNT = 200_000
COURSE = "https://x.example/course/1"
SECONDS = 900.0
"""For all of it, on a machine that has other things to do."""
LEAST, MOST = 2, 5
"""Workers."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.anyio]


@contextmanager
def machines(broker: KafkaServer, redis: RedisServer, folder: Path) -> Iterator[tuple[str, PostgresServer, Cluster]]:
    """A database that outlives its server, and processes over it: two relays and three workers."""
    topic = topic_of_this_test(broker, 32)
    with (
        embedded.running_server(durable=True) as server,
        migrated_database(server) as url,
        cluster(url, topic, folder, redis.url) as running,
    ):
        running.start("relay", 2)
        running.start("worker", 3)
        yield url, server, running


async def fill(log: CourseLog, seed: int) -> None:
    """The statements, and now and then another pass mark; where PostgreSQL is away, until it is back."""
    chance = random.Random(seed)
    some = list(statements(COUNT, seed=seed, learners=2000, courses=20, settled=True))
    for begin in range(0, COUNT, 500):
        mark = chance.randrange(1, 9) / 10 if begin % 20_000 == 0 else None
        await store(log, some[begin : begin + 500], mark)


async def store(log: CourseLog, some: list[dict[str, object]], mark: float | None) -> None:
    while True:
        try:
            await log.append(some)
            if mark is not None:
                log.configure(BEGIN, "policy.set", {"course": COURSE, "policy": {"pass_mark": mark}})
        except (psycopg.Error, PoolTimeout, LrsError):
            await asyncio.sleep(0.2)
        else:
            return


async def finish(log: CourseLog, url: str, running: Cluster) -> None:
    """All has come, nobody has ended by himself, everybody ends when told to, and the rows are those of one machine."""
    supervising = asyncio.create_task(running.supervise())
    await kept_up(url, supervising, patience=SECONDS)
    supervising.cancel()
    for one in running.of("worker", at_work=True):
        assert one.end() == 0
    for one in running.of("worker"):
        running.kill(one)
    await as_one_machine(log, url)


async def test_three_workers_write_what_one_machine_writes(
    kafka_server: KafkaServer, redis: RedisServer, tmp_path: Path
) -> None:
    with machines(kafka_server, redis, tmp_path) as (url, _, running):
        async with CourseLog.open(url) as log:
            await fill(log, seed=3)
            await finish(log, url, running)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_storm(kafka_server: KafkaServer, redis: RedisServer, seed: int, tmp_path: Path) -> None:
    """Workers, relays, the broker, Redis and PostgreSQL are killed meanwhile, several times; workers come and go."""
    with machines(kafka_server, redis, tmp_path) as (url, server, running):
        storm = Storm(running, kafka_server, redis, server, random.Random(seed))
        async with CourseLog.open(url) as log:
            filling = asyncio.create_task(fill(log, seed))
            for _ in range(3):
                await storm.rage()
            while not filling.done():
                await storm.rage()
            await filling
            await finish(log, url, running)


class Storm:
    """What happens to machines."""

    def __init__(
        self, running: Cluster, broker: KafkaServer, redis: RedisServer, server: PostgresServer, chance: random.Random
    ) -> None:
        self._running = running
        self._services: dict[str, KafkaServer | RedisServer | PostgresServer]
        self._services = {"broker": broker, "redis": redis, "postgres": server}
        self._chance = chance

    async def rage(self) -> None:
        """Everything once, in any order; all services run when this returns."""
        every = ["worker", "worker", "more", "fewer", "relay", *self._services]
        for what in self._chance.sample(every, len(every)):
            await asyncio.sleep(self._chance.uniform(1, 4))
            if what in self._services:
                await asyncio.to_thread(self._services[what].kill)
                await asyncio.sleep(self._chance.uniform(0, 3))
                self._services[what].start()  # in this thread, or they would end with another one
            else:
                await self._change(what)

    async def _change(self, what: str) -> None:
        self._running.mend()
        workers, working = self._running.of("worker"), self._running.of("worker", at_work=True)
        if what == "more" and len(workers) < MOST:
            self._running.start("worker")
        elif what == "fewer" and len(workers) > LEAST and working:
            one = self._chance.choice(working)
            assert await asyncio.to_thread(one.end) == 0
            self._running.processes.remove(one)
        elif what in ("worker", "relay"):
            self._running.kill(self._chance.choice(self._running.of(what)))
            self._running.start(what)
