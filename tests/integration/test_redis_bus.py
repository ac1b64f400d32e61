"""What the processor says in Redis reaches every process; what is lost on the way shows, and is looked for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import pytest

from streams import redis_inlet, redis_outlet, redis_place
from streams.bus import Bus, Change
from streams.redis_inlet import RedisInlet
from streams.redis_outlet import RedisOutlet
from streams.redis_place import BEGINNING, CredentialChanged, Moved, RedisPlace, encode
from tests.services.missing import or_go_without
from tests.services.redis import RedisServer, running_redis

pytestmark = pytest.mark.anyio

TENANT, COURSE = 1, uuid4()
PATIENCE = 20.0


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with or_go_without(), running_redis() as server:
        yield server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is away is noticed sooner."""
    monkeypatch.setattr(redis_inlet, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(redis_place, "BLOCK_SECONDS", 0.2)
    monkeypatch.setattr(redis_place, "ANSWER_SECONDS", 0.6)


class Store:
    """The position of a database's read models, and the processor's end, which says what is committed."""

    def __init__(self, server: RedisServer) -> None:
        self.place = RedisPlace(server.url, f"test-{uuid4()}")
        self.outlet = RedisOutlet(self.place)
        self.position = 0
        self.told: list[Change] = []

    async def standing(self) -> int:
        return self.position

    def commit(self, *persons: UUID, silently: bool = False) -> None:
        """One position more; silently: the process ends before it has said so."""
        self.position += 1
        change = Change(self.position, TENANT, COURSE, frozenset(persons), recounted=self.position % 7 == 0)
        self.told.append(change)
        if not silently:
            self.outlet.publish(self.position, [change])


class Gateway:
    """A process that serves pages."""

    def __init__(self, store: Store) -> None:
        self.bus = Bus()
        self.forgotten: list[str] = []
        self.inlet = RedisInlet(store.place, self.bus, store.standing, self.forgotten.append)


@asynccontextmanager
async def running(store: Store, *gateways: Gateway, wake: asyncio.Event | None = None) -> AsyncIterator[None]:
    """Both ends at work."""
    tasks = [asyncio.create_task(gateway.inlet.run()) for gateway in gateways]
    async with store.outlet.listening(wake or asyncio.Event()):
        yield
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def until(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not what():  # noqa: ASYNC110 - another process tells
            await asyncio.sleep(0.01)


async def follows(store: Store, gateway: Gateway) -> None:
    await until(lambda: gateway.bus.has_begun and gateway.bus.position == store.position and not gateway.bus.delayed)


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
    store, first, later = Store(redis), None, None
    first = Gateway(store)
    store.outlet.start(0)
    async with running(store, first):
        for _ in range(50):
            store.commit(uuid4())
        await follows(store, first)
        later = Gateway(store)
        task = asyncio.create_task(later.inlet.run())
        await follows(store, later)
        assert later.bus.since(TENANT, COURSE, 12) == first.bus.since(TENANT, COURSE, 12) == store.told[12:]
        task.cancel()


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
        task = asyncio.create_task(later.inlet.run())
        for gateway in (first, later):
            await until(lambda gateway=gateway: gateway.bus.position == 9)  # type: ignore[misc]
            assert gateway.bus.since(TENANT, COURSE, 8) is None
        task.cancel()


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
        task = asyncio.create_task(later.inlet.run())
        await follows(store, later)
        assert later.bus.since(TENANT, COURSE, store.position - 1) == store.told[-1:]
        task.cancel()


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
        task = asyncio.create_task(gateway.inlet.run())
        await follows(store, gateway)
        assert gateway.bus.since(TENANT, COURSE, 0) is None
        known = next(position for position in range(1000) if gateway.bus.since(TENANT, COURSE, position) is not None)
        assert known > 800
        assert gateway.bus.since(TENANT, COURSE, known) == store.told[known:]
        task.cancel()


async def test_redis_keeps_no_more_than_a_bound(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cuts off a hundred at a time."""
    monkeypatch.setattr(redis_place, "MOST_ENTRIES", 100)
    monkeypatch.setattr(redis_place, "MOST_BYTES", 6_400)
    store = Store(redis)
    async with store.place.connected() as client:
        for size, most in ((64, 200), (640, 120)):
            await store.place.say(client, [b"x" * size] * 400)
            assert await client.xlen(store.place.changes) <= most


async def test_one_that_stands_by_says_nothing(redis: RedisServer) -> None:
    store = Store(redis)
    async with store.outlet.listening(asyncio.Event()), store.place.connected() as client:
        store.outlet.stand_by(500)
        store.outlet.start(7)
        async with asyncio.timeout(PATIENCE):
            while not (said := await store.place.heard(client, BEGINNING, block=True)):
                pass
        assert [entry.message for entry in said] == [Moved(7, 7, [])]
