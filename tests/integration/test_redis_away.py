"""Redis that ends, hangs or keeps too little: changes are looked for meanwhile, and nobody is left behind unaware."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from streams import redis_inlet, redis_outlet, redis_place
from streams.redis_inlet import RedisInlet
from streams.redis_place import Entry, RedisPlace
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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is away is noticed sooner."""
    monkeypatch.setattr(redis_inlet, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(redis_place, "BLOCK_SECONDS", 0.2)
    monkeypatch.setattr(redis_place, "ANSWER_SECONDS", 0.6)


@pytest.mark.usefixtures("impatient")
async def test_while_nobody_says_what_is_committed_changes_are_looked_for(redis: RedisServer) -> None:
    store = Store(redis)
    gateway = Gateway(store)
    store.outlet.start(0)
    async with running(store, gateway):
        store.commit(uuid4())
        await follows(store, gateway)
        store.commit(uuid4(), silently=True)
        await until(lambda: gateway.bus.delayed)
        assert gateway.bus.position == 2
        assert gateway.bus.since(TENANT, COURSE, 1) is None
        store.outlet.start(store.position)
        await follows(store, gateway)


async def test_redis_that_is_away_at_the_start(redis: RedisServer) -> None:
    store = Store(redis)
    gateway = Gateway(store)
    redis.kill()
    store.outlet.start(0)
    async with running(store, gateway):
        await until(lambda: gateway.bus.delayed and gateway.bus.has_begun)
        store.commit(uuid4())
        await until(lambda: gateway.bus.position == 1)
        redis.start()
        await follows(store, gateway)
        store.commit(uuid4())
        await follows(store, gateway)
        assert gateway.bus.since(TENANT, COURSE, 1) == store.told[1:]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_redis_that_ends_in_mid_flow_and_comes_back(redis: RedisServer, how: str) -> None:
    store = Store(redis)
    gateway = Gateway(store)
    store.outlet.start(0)
    async with running(store, gateway):
        for _ in range(3):
            store.commit(uuid4())
            await follows(store, gateway)
            if how == "killed":
                redis.kill()
            else:
                redis.pause()
            store.commit(uuid4())
            await until(lambda: gateway.bus.delayed and gateway.bus.position == store.position)
            store.commit(uuid4())
            if how == "killed":
                redis.start()
            else:
                redis.resume()
            await follows(store, gateway)
            begin = store.position
            store.commit(uuid4())
            await until(lambda: gateway.bus.position == store.position)
            assert gateway.bus.since(TENANT, COURSE, begin) == store.told[begin:]
        later = Gateway(store)
        async with running_alone(later):
            await follows(store, later)
        assert later.bus.since(TENANT, COURSE, store.position - 1) == store.told[-1:]


async def test_what_redis_cannot_take_is_kept_up_to_a_bound(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_outlet, "LIMIT", 20_000)
    store = Store(redis)
    redis.kill()
    store.outlet.start(0)
    async with store.outlet.listening(asyncio.Event()):
        for _ in range(1000):
            store.commit(*(uuid4() for _ in range(10)))
        redis.start()
        gateway = Gateway(store)
        async with running_alone(gateway):
            await follows(store, gateway)
        assert gateway.bus.since(TENANT, COURSE, 0) is None
        known = next(position for position in range(1000) if gateway.bus.since(TENANT, COURSE, position) is not None)
        assert known > 800
        assert gateway.bus.since(TENANT, COURSE, known) == store.told[known:]


async def test_redis_keeps_no_more_than_a_bound(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cuts off a hundred at a time."""
    monkeypatch.setattr(redis_place, "MOST_ENTRIES", 100)
    monkeypatch.setattr(redis_place, "MOST_BYTES", 6_400)
    store = Store(redis)
    async with store.place.connected() as client:
        for size, most in ((64, 200), (640, 120)):
            await store.place.say(client, [b"x" * size] * 400)
            assert await client.xlen(store.place.changes) <= most


class Hesitant(RedisPlace):
    """What is said is heard only while `listens` is set."""

    def __init__(self, store: Store, url: str) -> None:
        super().__init__(url, "")
        self.changes, self.wakes = store.place.changes, store.place.wakes
        self.listens = asyncio.Event()

    async def heard(self, client: Redis, after: bytes, *, block: bool) -> list[Entry]:
        await self.listens.wait()
        return await super().heard(client, after, block=False)


async def test_a_gateway_that_falls_behind_what_is_kept_begins_anew(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_place, "MOST_ENTRIES", 100)
    monkeypatch.setattr(redis_inlet, "GRACE_SECONDS", PATIENCE)
    store = Store(redis)
    place, gateway, slow = Hesitant(store, redis.url), Gateway(store), Gateway(store)
    slow.inlet = RedisInlet(place, slow.bus, store.standing, slow.forgotten.append)
    store.outlet.start(0)
    async with running(store, gateway, slow):
        place.listens.set()
        store.commit(uuid4())
        await follows(store, slow)
        place.listens.clear()
        for _ in range(1000):
            store.commit(uuid4())
        await follows(store, gateway)
        place.listens.set()
        await follows(store, slow)
        assert slow.bus.since(TENANT, COURSE, 1) is None
        assert slow.bus.since(TENANT, COURSE, 950) == gateway.bus.since(TENANT, COURSE, 950) == store.told[950:]
