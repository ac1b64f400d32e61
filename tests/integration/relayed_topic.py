"""A topic that a relay keeps: run one, wait for it, read what it has sent, and hold that against the log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from lrs.database import relay_pool
from lrs.statement_log.rereading import LogRereader
from schemas.log_event import ControlEvent, StatementEvent
from streams.kafka_relay import KafkaRelay
from streams.kafka_topic import Topic
from streams.log_message import Message, Recorded, Whole, decoded, key_of, shard_of
from tests.services.kafka import KafkaServer

PATIENCE = 60.0


def topic_of_this_test(server: KafkaServer, partitions: int = 4) -> Topic:
    """A topic that nobody else uses."""
    return Topic(server.address, f"log-{uuid4().hex[:12]}", partitions)


@asynccontextmanager
async def relaying(url: str, topic: Topic) -> AsyncIterator[asyncio.Task[None]]:
    """A relay at work in this process for as long as the context lasts."""
    async with relay_pool(url) as pool:
        task: asyncio.Task[None] = asyncio.create_task(KafkaRelay(pool, LogRereader(pool), topic).run())
        try:
            yield task
        finally:
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=0.5)


async def sent_up_to(
    url: str, topic: Topic, position: int | None = None, *, by: asyncio.Task[None] | None = None
) -> int:
    """Wait until everything up to a position (None: the end of the log) is acknowledged, and answer the position.

    by: where this relay ends instead, its error is raised.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            if by is not None and by.done():
                by.result()
            with psycopg.connect(url) as connection:
                end = _one(connection, "SELECT last_value FROM event_position") if position is None else position
                sent = _one(connection, "SELECT max(position) FROM relay_checkpoint WHERE topic = %s", topic.name)
            if sent is not None and sent >= end:
                return int(sent)
            await asyncio.sleep(0.05)


async def read_topic(topic: Topic, until: int) -> list[list[Message]]:
    """The messages of each partition up to where it is told to be whole up to `until`."""
    partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
    found: list[list[Message]] = [[] for _ in partitions]
    waiting = set(range(topic.partitions))
    consumer = AIOKafkaConsumer(bootstrap_servers=topic.servers, auto_offset_reset="earliest", fetch_max_wait_ms=50)
    await consumer.start()
    try:
        consumer.assign(partitions)
        async with asyncio.timeout(PATIENCE):
            while waiting:
                for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                    messages = [decoded(record.value) for record in records]
                    found[partition.partition] += messages
                    if any(isinstance(one, Whole) and one.position >= until for one in messages):
                        waiting.discard(partition.partition)
    finally:
        await consumer.stop()
    return found


def must_be_the_log(url: str, topic: Topic, found: Sequence[Sequence[Message]], *, resent: int = 0) -> int:
    """Each partition holds every event of its shard, in order, each naming the one before it.

    resent: how often positions may go back, to what is sent again after an outage or by a relay that took over. Answers
    how many events came again.
    """
    wanted = shards_of_the_log(url, topic.partitions)
    again = 0
    for shard, messages in enumerate(found):
        at = backwards = 0
        came: list[int] = []
        for message in messages:
            if message.previous < at:
                at = message.previous
                backwards += 1
            assert message.previous == at
            if not isinstance(message, Whole):
                assert message.position > at
                at = message.position
                came.append(at)
        assert backwards <= resent
        assert sorted(set(came)) == wanted[shard]
        again += len(came) - len(wanted[shard])
    assert resent or not again
    return again


def shards_of_the_log(url: str, shards: int) -> list[list[int]]:
    """The positions in each shard, as the log has it; no statement of it voids another."""
    found: list[list[int]] = [[] for _ in range(shards)]
    with psycopg.connect(url) as connection:
        for row in connection.execute(
            'SELECT position, tenant, id, stored, "timestamp", payload::text, NULL, NULL FROM statement'
        ):
            event = StatementEvent(*row)
            found[shard_of(key_of(event), shards)].append(event.position)
        for (position,) in connection.execute("SELECT position FROM control_event"):
            for each in found:
                each.append(position)
    return [sorted(each) for each in found]


def payloads(found: Sequence[Sequence[Message]]) -> dict[int, str]:
    """The texts of the statements that came, by position."""
    return {one.position: one.payload for each in found for one in each if isinstance(one, Recorded)}


def events(found: Sequence[Sequence[Message]]) -> dict[int, StatementEvent | ControlEvent]:
    """What came, by position."""
    return {one.position: one.event for each in found for one in each if not isinstance(one, Whole)}


async def delete(topic: Topic) -> None:
    """Remove the topic from Kafka."""
    admin = AIOKafkaAdminClient(bootstrap_servers=topic.servers)
    await admin.start()
    try:
        await admin.delete_topics([topic.name])
    finally:
        await admin.close()


def _one(connection: psycopg.Connection, query: str, *values: Any) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]
