"""Workers in this process, with a broker and a relay: what they write is what one machine writes."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from aiokafka import AIOKafkaProducer

from lrs.database import projection_pool
from projections.apply import PROJECTION, VERSION
from projections.shard_rows import KeptByShards, NotKeptByShards, shards_of, split
from streams import kafka_relay, listening
from streams.bus import Bus
from streams.processor import Processor
from tests.acceptance.course_log import CourseLog
from tests.integration.relayed_topic import delete, relaying, sent_up_to, topic_of_this_test
from tests.integration.worker_log import BEGIN, PATIENCE, kept_up, statements, working
from tests.properties.shard_workers import written
from tests.services.databases import migrated_database
from tests.services.kafka import KafkaServer
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

COURSE = "https://x.example/course/0"


@pytest.fixture
def url(embedded_server: PostgresServer) -> Iterator[str]:
    """A migrated database."""
    with migrated_database(embedded_server) as url:
        yield url


async def append(log: CourseLog, count: int, seed: int) -> None:
    some = list(statements(count, seed=seed))
    for begin in range(0, count, 100):
        await log.append(some[begin : begin + 100])


async def as_one_machine(log: CourseLog, url: str) -> None:
    """What is written is what the naive computation gives, and what a processor writes."""
    assert log.differences() == []
    async with projection_pool(url) as pool:
        bus = Bus()
        running = asyncio.create_task(Processor(pool, bus).run())
        try:
            await until_kept_whole(url)
        finally:
            while not running.done():
                running.cancel()
                await asyncio.wait([running], timeout=0.5)
    by_workers = written(url)
    await log.forget_read_models()
    await log.project()
    assert written(url) == by_workers


async def until_kept_whole(url: str) -> None:
    """A processor has taken over."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await _shards(url) is None:
                return
            await asyncio.sleep(0.05)


async def _shards(url: str) -> int | None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return await shards_of(connection, PROJECTION)


async def test_three_workers_write_what_one_machine_writes(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server, 8)
    async with CourseLog.open(url) as log:
        await append(log, 300, seed=1)
        await log.project()
        await append(log, 300, seed=2)
        async with relaying(url, topic) as relay, working(url, topic, 3) as workers:
            await kept_up(url, relay, *workers)
            async with AIOKafkaProducer(bootstrap_servers=topic.servers) as producer:
                await producer.send_and_wait(topic.name, b"of somebody else", partition=0)
            await append(log, 400, seed=3)
            await log.tick(BEGIN)
            log.configure(BEGIN, "policy.set", {"course": COURSE, "policy": {"attempts": {"take": "last"}}})
            await append(log, 400, seed=4)
            await kept_up(url, relay, *workers)
        await as_one_machine(log, url)


@pytest.mark.slow
async def test_what_kafka_has_lost_is_read_from_the_log(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    async with CourseLog.open(url) as log:
        await append(log, 100, seed=1)
        async with relaying(url, topic) as relay:
            async with working(url, topic) as workers:
                await kept_up(url, relay, *workers)
            await append(log, 200, seed=2)
            await sent_up_to(url, topic, by=relay)
            await delete(topic)
            async with working(url, topic, 2) as workers:
                await append(log, 200, seed=3)
                await kept_up(url, relay, *workers)
        await as_one_machine(log, url)


@pytest.mark.slow
async def test_one_machine_and_workers_are_never_at_work_together(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    async with CourseLog.open(url) as log, projection_pool(url) as pool, relaying(url, topic) as relay:
        await append(log, 100, seed=1)
        async with working(url, topic) as workers:
            await kept_up(url, relay, *workers)
            standing_by = asyncio.create_task(Processor(pool, Bus()).run())
            await append(log, 100, seed=2)
            await kept_up(url, relay, *workers)
            assert await _shards(url) == topic.partitions
        await append(log, 100, seed=3)
        await kept_up(url, standing_by)
        assert await _shards(url) is None
        async with working(url, topic) as workers:
            await append(log, 100, seed=4)
            await kept_up(url, relay, standing_by, *workers)
            assert await _shards(url) is None
            while not standing_by.done():
                standing_by.cancel()
                await asyncio.wait([standing_by], timeout=0.5)
            await append(log, 100, seed=5)
            await kept_up(url, relay, *workers)
            assert await _shards(url) == topic.partitions
        await as_one_machine(log, url)


async def test_another_number_of_shards_ends_a_worker(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server, 4)
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await split(connection, PROJECTION, 5, VERSION)
    async with working(url, topic) as (worker,), asyncio.timeout(60):
        with pytest.raises(KeptByShards):
            await worker


@pytest.mark.slow
async def test_a_worker_that_is_given_nothing_stays(
    url: str, kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, name, seconds in (
        (kafka_relay, "QUIET_SECONDS", 1.0),
        (listening, "QUIET_SECONDS", 1.0),
        (listening, "AWAY_SECONDS", 2.0),
        (listening, "DEAF_SECONDS", 3.0),
    ):
        monkeypatch.setattr(where, name, seconds)
    topic = topic_of_this_test(kafka_server, 1)
    async with CourseLog.open(url) as log, relaying(url, topic) as relay, working(url, topic, 2) as workers:
        await append(log, 100, seed=1)
        await kept_up(url, relay, *workers)
        ended, _ = await asyncio.wait(workers, timeout=8.0)
        assert not ended
        await append(log, 100, seed=2)
        await kept_up(url, relay, *workers)


@pytest.mark.slow
async def test_a_worker_whose_shards_are_gone_ends(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    async with CourseLog.open(url) as log, relaying(url, topic) as relay, working(url, topic) as workers:
        await append(log, 100, seed=1)
        await kept_up(url, relay, *workers)
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM projection_checkpoint WHERE projection LIKE 'live/%'")
        await append(log, 100, seed=2)
        async with asyncio.timeout(60):
            with pytest.raises(NotKeptByShards):
                await workers[0]
