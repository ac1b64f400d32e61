"""A topic of plain messages, and an application of ours that consumes it as a test says."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.types import EventT

from streams.faust_app import app_of, stopped
from streams.kafka_topic import Topic

Events = list[EventT[bytes]]


async def made(topic: Topic) -> None:
    """Make the topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=topic.servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic.name, topic.partitions, 1)])
    finally:
        await admin.close()


async def sent(topic: Topic, numbers: Iterable[int]) -> None:
    """A message each, dealt out to the partitions."""
    async with AIOKafkaProducer(bootstrap_servers=topic.servers) as producer:
        for number in numbers:
            await producer.send(topic.name, b"%d" % number, partition=number % topic.partitions)
        await producer.flush()


async def committed(topic: Topic) -> dict[int, int]:
    """Up to which offset each partition is committed, where it is."""
    consumer = AIOKafkaConsumer(bootstrap_servers=topic.servers, group_id=f"{topic.name}.workers")
    await consumer.start()
    try:
        places = {n: await consumer.committed(TopicPartition(topic.name, n)) for n in range(topic.partitions)}
    finally:
        await consumer.stop()
    return {partition: offset for partition, offset in places.items() if offset}


def numbers_in(events: Events) -> list[int]:
    """What these messages carry."""
    return [int(event.message.value or b"") for event in events]


async def _from_the_beginning(_partitions: Iterable[int]) -> Mapping[int, int]:
    return {}


def _raised(error: Exception) -> None:
    raise error


@asynccontextmanager
async def consuming(
    topic: Topic,
    take: Callable[[Events], Awaitable[None]],
    begin: Callable[[Iterable[int]], Awaitable[Mapping[int, int]]] = _from_the_beginning,
    fail: Callable[[Exception], None] = _raised,
) -> AsyncIterator[faust.App]:
    """An application at work for as long as the context lasts."""
    app = app_of(topic, take, begin, fail)
    try:
        await app.start()
        yield app
    finally:
        await stopped(app)
