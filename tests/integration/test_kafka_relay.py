"""What the relay sends is the log: whole, in order, in the right shards, beside slow writers, and after any outage."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from projections.checkpoint import Moved
from schemas.errors import TopicNotOurs, TopicPartitionsDiffer
from schemas.log_event import CLOCK_TICK
from streams import kafka_relay, kafka_topic, relay_checkpoint
from streams.kafka_topic import Topic
from streams.log_message import Recorded, Whole
from streams.shard_batch import LARGEST, Keyed
from tests.acceptance.course_log import TENANT, CourseLog
from tests.integration.log_under_load import connections, run_soak, store
from tests.integration.relayed_topic import (
    delete,
    events,
    must_be_the_log,
    payloads,
    read_topic,
    relaying,
    sent_up_to,
    topic_of_this_test,
)
from tests.services.databases import migrated_database
from tests.services.kafka import KafkaServer
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

VOID = "http://adlnet.gov/expapi/verbs/voided"


@pytest.fixture
def url(embedded_server: PostgresServer) -> Iterator[str]:
    """A migrated database."""
    with migrated_database(embedded_server) as url:
        yield url


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Kafka does not answer is given up sooner."""
    monkeypatch.setattr(kafka_topic, "REQUEST_MILLISECONDS", 3000)


async def made(topic: Topic, partitions: int) -> None:
    """Make the topic as somebody else would."""
    admin = AIOKafkaAdminClient(bootstrap_servers=topic.servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic.name, partitions, 1)])
    finally:
        await admin.close()


async def stored(url: str, seed: int, count: int = 20) -> list[int]:
    """Some more statements in the log."""
    async with connections(url, 1) as (connection,):
        return await store(connection, random.Random(seed), count)


async def test_order_and_completeness_beside_writers_that_commit_in_any_order(
    url: str, kafka_server: KafkaServer
) -> None:
    topic = topic_of_this_test(kafka_server, 8)
    async with relaying(url, topic) as relay:
        soak = await run_soak(url, 3)
        found = await read_topic(topic, await sent_up_to(url, topic, by=relay))
    assert soak.rolled_back
    assert any(len(each) > 20 for each in found)
    must_be_the_log(url, topic, found)


@pytest.mark.usefixtures("impatient")
async def test_a_broker_that_is_killed_and_comes_back(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    async with relaying(url, topic) as relay:
        await stored(url, 1)
        await sent_up_to(url, topic, by=relay)
        kafka_server.kill()
        try:
            await stored(url, 2)
            await asyncio.sleep(1)  # it notices, and says so
            assert not relay.done()
        finally:
            kafka_server.start()
        await stored(url, 3)
        found = await read_topic(topic, await sent_up_to(url, topic, by=relay))
    must_be_the_log(url, topic, found, resent=3)


@pytest.mark.usefixtures("impatient")
async def test_a_topic_that_is_deleted_is_made_anew_and_the_gap_is_seen(
    url: str, kafka_server: KafkaServer, caplog: pytest.LogCaptureFixture
) -> None:
    topic = topic_of_this_test(kafka_server)
    async with relaying(url, topic) as relay:
        for seed in (3, 4):
            await stored(url, seed, 100)
            before = await sent_up_to(url, topic, by=relay)
        await delete(topic)
        after = await stored(url, 2, 100)
        found = await read_topic(topic, await sent_up_to(url, topic, by=relay))
    assert set(after) <= events(found).keys()
    firsts = [next(one for one in each if one.position > before) for each in found]
    assert any(one.previous > 0 for one in firsts)
    assert all(one.previous <= before for one in firsts)
    assert "was made anew" in caplog.text


async def test_what_is_acknowledged_and_not_checkpointed_is_sent_again(
    url: str, kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving = relay_checkpoint.move
    away = iter([psycopg.OperationalError("the database is away")])

    async def move(*given: Any) -> Moved:
        for error in away:
            raise error
        return await moving(*given)

    monkeypatch.setattr(relay_checkpoint, "move", move)
    topic = topic_of_this_test(kafka_server)
    await stored(url, 1, 100)
    async with relaying(url, topic) as relay:
        found = await read_topic(topic, await sent_up_to(url, topic, by=relay))
    assert must_be_the_log(url, topic, found, resent=1) == 100


async def test_what_one_partition_did_not_take_is_sent_again(
    url: str, kafka_server: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = kafka_topic.send
    refused = iter([KafkaError("no leader")])

    async def send(producer: AIOKafkaProducer, topic: Topic, partition: int, messages: Sequence[Keyed]) -> list[int]:
        if partition == 2:
            for error in refused:
                raise error
        return await sending(producer, topic, partition, messages)

    monkeypatch.setattr(kafka_relay, "send", send)
    topic = topic_of_this_test(kafka_server)
    await stored(url, 1, 100)
    async with relaying(url, topic) as relay:
        found = await read_topic(topic, await sent_up_to(url, topic, by=relay))
    assert 0 < must_be_the_log(url, topic, found, resent=1) < 100


async def test_the_database_is_away_for_a_moment(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    async with relaying(url, topic) as relay:
        await stored(url, 1)
        await sent_up_to(url, topic, by=relay)
        with psycopg.connect(url, autocommit=True) as connection:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lrs-relay'"
            assert connection.execute(cut).rowcount >= 3
        await stored(url, 2)
        found = await read_topic(topic, await sent_up_to(url, topic, by=relay))
    must_be_the_log(url, topic, found, resent=3)


async def test_a_voided_statement_and_what_voids_it_are_in_one_shard(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server, 16)
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(20)]
    some = [
        {
            "id": one,
            "actor": {"mbox": f"mailto:{number}@x.example"},
            "verb": {"id": "http://x.example/v"},
            "object": {"id": "x:y"},
        }
        for number, one in enumerate(ids)
    ]
    voiding = [
        {
            "actor": {"mbox": "mailto:teacher@x.example"},
            "verb": {"id": VOID},
            "object": {"objectType": "StatementRef", "id": one},
        }
        for one in ids
    ]
    async with CourseLog.open(url) as log:
        await log.append(some)
        await log.append(voiding)
        await log.log.append_control_event(TENANT, CLOCK_TICK, {"now": "2026-03-01T00:00:00Z"})
    async with relaying(url, topic) as relay:
        found = await read_topic(topic, await sent_up_to(url, topic, by=relay))
    place: dict[int | None, int] = {}
    for shard, each in enumerate(found):
        statements = [one for one in each if isinstance(one, Recorded)]
        place |= {one.position: shard for one in statements}
        assert sum(not isinstance(one, Recorded | Whole) for one in each) == 1
    voids = [one for each in found for one in each if isinstance(one, Recorded) and one.voids_position is not None]
    assert len(voids) == 20
    for one in voids:
        assert place[one.position] == place[one.voids_position]
    assert len({place[one.position] for one in voids}) > 3


async def test_what_is_too_large_for_kafka_shows_as_a_gap(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server, 1)
    statement = {"actor": {"mbox": "mailto:a@x.example"}, "verb": {"id": "http://x.example/v"}, "object": {"id": "x:y"}}
    sizes = [10, LARGEST - 2000, LARGEST + 1, 10, LARGEST - 2000, LARGEST - 2000, LARGEST + 1]
    async with CourseLog.open(url) as log:
        for size in sizes:
            await log.append([statement | {"result": {"response": "x" * size}}])
    async with relaying(url, topic) as relay:
        until = await sent_up_to(url, topic, by=relay)
        found = await read_topic(topic, until)
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT position, payload::text FROM statement ORDER BY position").fetchall()
    small = {position: text for (position, text), size in zip(rows, sizes, strict=True) if size <= LARGEST}
    assert payloads(found) == small
    after_the_gap = next(one for one in found[0] if one.position == rows[3][0])
    assert after_the_gap.previous == rows[2][0]
    assert found[0][-1].previous == until


async def test_another_number_of_partitions_is_refused(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    await made(topic, topic.partitions + 1)
    async with relaying(url, topic) as relay:
        await asyncio.wait([relay], timeout=30)
    assert isinstance(relay.exception(), TopicPartitionsDiffer)


async def test_an_empty_topic_with_fewer_partitions_is_widened_and_the_number_is_kept(
    url: str, kafka_server: KafkaServer
) -> None:
    """As brokers make one for whoever asks for it first."""
    topic = topic_of_this_test(kafka_server)
    await made(topic, 1)
    await stored(url, 1)
    async with relaying(url, topic) as relay:
        found = await read_topic(topic, await sent_up_to(url, topic, by=relay))
    must_be_the_log(url, topic, found)
    async with relaying(url, topic._replace(partitions=topic.partitions * 2)) as other:
        await asyncio.wait([other], timeout=30)
    assert isinstance(other.exception(), TopicPartitionsDiffer)


async def test_a_topic_that_somebody_else_writes_to_is_refused(url: str, kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    await made(topic, topic.partitions)
    async with AIOKafkaProducer(bootstrap_servers=topic.servers) as producer:
        await producer.send_and_wait(topic.name, b"theirs")
    async with relaying(url, topic) as relay:
        await asyncio.wait([relay], timeout=30)
    assert isinstance(relay.exception(), TopicNotOurs)
