"""What Faust by itself commits though nobody has applied it is not lost here: each way, tried with a broker."""

import asyncio
from collections.abc import Iterable, Mapping

import pytest

from tests.integration.consumed_topic import Events, committed, consuming, made, numbers_in, sent
from tests.integration.redis_store import until
from tests.integration.relayed_topic import topic_of_this_test
from tests.services.kafka import KafkaServer

pytestmark = pytest.mark.anyio

COUNT = 200


@pytest.mark.slow  # the last test here commits, too
async def test_what_was_taken_is_committed_and_does_not_come_again(kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    found: list[int] = []

    async def take(events: Events) -> None:
        found.extend(numbers_in(events))

    await made(topic)
    await sent(topic, range(COUNT))
    async with consuming(topic, take):
        await until(lambda: len(found) >= COUNT)
    await sent(topic, range(COUNT, COUNT + 20))
    async with consuming(topic, take):
        await until(lambda: len(found) >= COUNT + 20)
    assert sorted(found) == list(range(COUNT + 20))


async def test_what_cannot_be_applied_is_told_once_and_not_committed(kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    tried, found = [], []
    told: list[Exception] = []

    async def fail(events: Events) -> None:
        tried.extend(numbers_in(events))
        raise ValueError("not digested")

    async def take(events: Events) -> None:
        found.extend(numbers_in(events))

    await made(topic)
    await sent(topic, range(COUNT))
    async with consuming(topic, fail, fail=told.append) as app:
        await until(lambda: bool(told))
        await sent(topic, range(COUNT, 2 * COUNT))
        await app.consumer.commit()
    assert [str(one) for one in told] == ["not digested"]
    assert set(tried) < set(range(2 * COUNT))
    assert await committed(topic) == {}
    async with consuming(topic, take):
        await until(lambda: len(set(found)) == 2 * COUNT)


async def test_what_is_in_hand_when_it_stops_is_not_committed(kafka_server: KafkaServer) -> None:
    """Of a new group the first batch, whoever comes after it."""
    topic = topic_of_this_test(kafka_server)
    begun, found = [], []

    async def hang(events: Events) -> None:
        begun.extend(numbers_in(events))
        await asyncio.Event().wait()

    async def take(events: Events) -> None:
        found.extend(numbers_in(events))

    await made(topic)
    await sent(topic, range(COUNT))
    async with consuming(topic, hang) as app:
        await until(lambda: bool(begun))
        await sent(topic, range(COUNT, 2 * COUNT))
        await app.consumer.commit()
    assert await committed(topic) == {}
    async with consuming(topic, take):
        await until(lambda: len(set(found)) == 2 * COUNT)


async def test_a_batch_in_the_middle_that_is_not_taken_is_not_committed(kafka_server: KafkaServer) -> None:
    topic = topic_of_this_test(kafka_server)
    taken: list[int] = []
    begun, found = [], []

    async def take_once(events: Events) -> None:
        if taken:
            begun.extend(numbers_in(events))
            await asyncio.Event().wait()
        taken.extend(numbers_in(events))

    async def take(events: Events) -> None:
        found.extend(numbers_in(events))

    await made(topic)
    await sent(topic, range(COUNT))
    async with consuming(topic, take_once) as app:
        await until(lambda: bool(taken))
        await sent(topic, range(COUNT, 2 * COUNT))
        await until(lambda: bool(begun))
        await app.consumer.commit()
    assert sum((await committed(topic)).values()) <= len(taken)
    async with consuming(topic, take):
        await until(lambda: set(taken) | set(found) == set(range(2 * COUNT)))


async def test_it_goes_on_where_it_is_told_in_every_partition(kafka_server: KafkaServer) -> None:
    """Later or earlier than what Kafka has as committed; and what comes after it is committed."""
    topic = topic_of_this_test(kafka_server, 8)
    found: list[int] = []

    async def take(events: Events) -> None:
        found.extend(numbers_in(events))

    async def from_the_fifth(partitions: Iterable[int]) -> Mapping[int, int]:
        return dict.fromkeys(partitions, 5)

    await made(topic)
    await sent(topic, range(80))
    async with consuming(topic, take, from_the_fifth):
        await until(lambda: len(found) == 40)
        assert sorted(found) == list(range(40, 80))
        await sent(topic, range(80, 160))
        await until(lambda: len(found) == 120)
    assert await committed(topic) == dict.fromkeys(range(8), 20)
    found.clear()
    async with consuming(topic, take, from_the_fifth):
        await until(lambda: len(found) == 120)
    assert sorted(found) == list(range(40, 160))
