"""The topic that carries the log: made where it is missing, with as many partitions as it is to have for ever.

The number of partitions says which shard a learner is in, so a topic with another number is refused, and so is one that
somebody else has written to. A topic of ours that was deleted is made anew, also where a broker has already made one
with fewer partitions, as brokers do for whoever asks.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import KafkaError, KafkaTimeoutError, TopicAlreadyExistsError, for_code

from schemas.errors import TopicNotOurs, TopicPartitionsDiffer
from streams.shard_batch import Keyed

COPIES = 3
"""Of every partition, where there are so many brokers."""
REQUEST_MILLISECONDS = 10_000
METADATA_MILLISECONDS = 5_000
ACKNOWLEDGE_SECONDS = 15.0
STOP_SECONDS = 5.0
BATCH_BYTES = 950_000
"""Of messages that are sent to a partition at once, at most; Kafka as it comes takes a megabyte."""

_LOG = logging.getLogger("lrs.kafka")


class Topic(NamedTuple):
    """Where the log is sent."""

    servers: str
    """host:port, with commas between."""
    name: str
    partitions: int


async def make_sure(topic: Topic, *, ours: bool) -> None:
    """Make the topic where it is missing. ours: the log has been sent to it before.

    Raises TopicPartitionsDiffer, TopicNotOurs, and KafkaError where Kafka cannot do it now.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=topic.servers, request_timeout_ms=REQUEST_MILLISECONDS)
    try:
        await admin.start()
        found = {one["topic"]: len(one["partitions"]) for one in await admin.describe_topics()}.get(topic.name, 0)
        if found and not ours and await _written_to(topic, found):
            raise TopicNotOurs(topic.name)
        if found > topic.partitions:
            raise TopicPartitionsDiffer(topic.name, found, topic.partitions)
        if not found:
            brokers = len((await admin.describe_cluster())["brokers"])
            new = NewTopic(topic.name, topic.partitions, min(COPIES, brokers))
            with suppress(TopicAlreadyExistsError):
                _judge((await admin.create_topics([new])).topic_errors)
            _LOG.info("made the topic %s with %s partitions", topic.name, topic.partitions)
        elif found < topic.partitions:
            wider = {topic.name: NewPartitions(topic.partitions)}
            _judge((await admin.create_partitions(wider)).topic_errors)
            _LOG.info("gave the topic %s %s partitions; it had %s", topic.name, topic.partitions, found)
    finally:
        await admin.close()


@asynccontextmanager
async def producing(topic: Topic) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that loses nothing and keeps the order; what has not been acknowledged at the end may be given up."""
    producer = AIOKafkaProducer(
        bootstrap_servers=topic.servers,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=REQUEST_MILLISECONDS,
        metadata_max_age_ms=METADATA_MILLISECONDS,
    )
    try:
        async with asyncio.timeout(REQUEST_MILLISECONDS / 1000):
            await producer.start()
        yield producer
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await producer.stop()
        await producer.client.close()


async def send(producer: AIOKafkaProducer, topic: Topic, partition: int, messages: Sequence[Keyed]) -> list[int]:
    """Send messages to a partition, in this order; answers the offsets of their batches once all are acknowledged.

    Raises KafkaTimeoutError where it does not go on: by itself the producer would try for ever.
    """
    sent = []
    batch = producer.create_batch()
    for key, message in messages:
        if batch.append(key=key, value=message, timestamp=None) is None:  # it is full
            sent.append(await _in_time(producer.send_batch(batch, topic.name, partition=partition)))
            batch = producer.create_batch()
            batch.append(key=key, value=message, timestamp=None)
    sent.append(await _in_time(producer.send_batch(batch, topic.name, partition=partition)))
    return [(await _in_time(one)).offset for one in sent]


async def _in_time(answer: Awaitable[Any]) -> Any:
    try:
        async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
            return await answer
    except TimeoutError:
        raise KafkaTimeoutError(f"it has not acknowledged for {ACKNOWLEDGE_SECONDS:.0f} s") from None


async def _written_to(topic: Topic, partitions: int) -> bool:
    """Whether anything was ever sent to it."""
    consumer = AIOKafkaConsumer(bootstrap_servers=topic.servers, request_timeout_ms=REQUEST_MILLISECONDS)
    try:
        await consumer.start()
        ends = await consumer.end_offsets([TopicPartition(topic.name, number) for number in range(partitions)])
    finally:
        await consumer.stop()
    return any(ends.values())


def _judge(errors: Iterable[tuple[str, int, str | None]]) -> None:
    """Raise what Kafka has answered; each is a topic, a code and a text."""
    for _, code, text, *_ in errors:
        error: type[KafkaError] = for_code(code)
        if code:
            raise error(text)
