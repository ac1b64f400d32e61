"""What the processor says in Redis reaches every process, in order, and what is lost on the way shows."""

import asyncio
from random import Random
from uuid import UUID, uuid4

import pytest

from streams.bus import Bus, Change
from streams.redis_place import BEGINNING, CredentialChanged, Moved, encode
from tests.integration.redis_store import (
    COURSE,
    PATIENCE,
    TENANT,
    Gateway,
    Store,
    follows,
    running,
    running_alone,
    until,
)
from tests.services.redis import RedisServer

pytestmark = pytest.mark.anyio


async def test_what_comes_through_redis_is_what_comes_in_process(redis: RedisServer) -> None:
    store = Store(redis)
    gateways, alone, wake = [Gateway(store), Gateway(store)], Bus(), asyncio.Event()
    alone.start(0)
    store.outlet.start(0)
    async with running(store, *gateways, wake=wake):
        for number in range(1, 300):
            store.commit(*(UUID(int=number * 31 % person) for person in (5, 11)))
            alone.publish(store.position, [store.told[-1]])
            if number % 20 == 0:
                await asyncio.sleep(0)
        for gateway in gateways:
            await follows(store, gateway)
            for after in (0, 7, 298, 299, 300):
                assert gateway.bus.since(TENANT, COURSE, after) == alone.since(TENANT, COURSE, after)
            gateway.inlet.wake()
            async with asyncio.timeout(PATIENCE):
                await wake.wait()
            wake.clear()


async def test_a_gateway_that_comes_later_knows_what_was_said_before(redis: RedisServer) -> None:
    store = Store(redis)
    first = Gateway(store)
    store.outlet.start(0)
    async with running(store, first):
        for _ in range(50):
            store.commit(uuid4())
        await follows(store, first)
        later = Gateway(store)
        async with running_alone(later):
            await follows(store, later)
        assert later.bus.since(TENANT, COURSE, 12) == first.bus.since(TENANT, COURSE, 12) == store.told[12:]


async def test_where_nothing_was_ever_said_a_gateway_begins_at_the_checkpoint(redis: RedisServer) -> None:
    store = Store(redis)
    store.position = 41
    gateway = Gateway(store)
    async with running(store, gateway):
        await follows(store, gateway)
        assert gateway.bus.since(TENANT, COURSE, 41) == []
        assert gateway.bus.since(TENANT, COURSE, 40) is None


async def test_what_was_committed_and_not_said_is_a_gap(redis: RedisServer) -> None:
    store = Store(redis)
    gateway = Gateway(store)
    store.outlet.start(0)
    async with running(store, gateway):
        store.commit(uuid4())
        await follows(store, gateway)
        store.commit(uuid4(), silently=True)
        store.outlet.start(store.position)  # as the next processor does
        store.commit(uuid4())
        await follows(store, gateway)
        assert gateway.bus.since(TENANT, COURSE, 1) is None
        assert gateway.bus.since(TENANT, COURSE, 2) == store.told[2:]


async def test_a_processor_that_begins_where_it_was_is_no_gap(redis: RedisServer) -> None:
    store = Store(redis)
    gateway = Gateway(store)
    store.outlet.start(0)
    async with running(store, gateway):
        store.commit(uuid4())
        store.outlet.start(store.position)
        store.commit(uuid4())
        await follows(store, gateway)
        assert gateway.bus.since(TENANT, COURSE, 0) == store.told


async def test_messages_that_come_twice_late_or_are_not_understood(redis: RedisServer) -> None:
    store = Store(redis)
    gateway = Gateway(store)
    async with running(store, gateway), store.place.connected() as client:
        changes = [Change(position, TENANT, COURSE, frozenset()) for position in range(4)]
        moves = [encode(Moved(position - 1, position, [changes[position]])) for position in (1, 2, 3)]
        store.position = 3
        await store.place.say(
            client, [encode(Moved(0, 0, [])), moves[0], moves[1], moves[0], b"\xc1", moves[1], moves[2]]
        )
        await store.place.say(client, [encode(CredentialChanged("somebody"))])
        await follows(store, gateway)
        assert gateway.bus.since(TENANT, COURSE, 0) == changes[1:]
        await until(lambda: gateway.forgotten == ["somebody"])


async def test_what_is_kept_of_a_database_that_was_set_back_is_not_believed(redis: RedisServer) -> None:
    store = Store(redis)
    store.outlet.start(0)
    first, later = Gateway(store), Gateway(store)
    async with running(store, first):
        for _ in range(20):
            store.commit(uuid4())
        await follows(store, first)
        store.position = 9
        async with running_alone(later):
            await until(lambda: first.bus.position == later.bus.position == 9)
        assert first.bus.since(TENANT, COURSE, 8) is later.bus.since(TENANT, COURSE, 8) is None


async def test_both_ends_stop_when_they_are_told_to_wherever_they_are(redis: RedisServer) -> None:
    """redis-py swallows some cancellations."""
    dice = Random(1)
    for _ in range(30):
        store = Store(redis)
        tasks = [asyncio.create_task(work) for work in (Gateway(store).inlet.run(), store.outlet._send())]
        for _ in range(5):
            store.commit()
        await asyncio.sleep(dice.uniform(0, 0.02))
        for task in tasks:
            task.cancel()
        done, _ = await asyncio.wait(tasks, timeout=PATIENCE)
        assert len(done) == 2


async def test_one_that_stands_by_says_nothing(redis: RedisServer) -> None:
    store = Store(redis)
    async with store.outlet.listening(asyncio.Event()), store.place.connected() as client:
        store.outlet.stand_by(500)
        store.outlet.start(7)
        async with asyncio.timeout(PATIENCE):
            while not (said := await store.place.heard(client, BEGINNING, block=True)):
                pass
        assert [entry.message for entry in said] == [Moved(7, 7, [])]
