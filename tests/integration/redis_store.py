"""Both ends of Redis, with a position in place of a database: the processor's, and those of processes with pages."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import UUID, uuid4

from streams.bus import Bus, Change
from streams.redis_inlet import RedisInlet
from streams.redis_outlet import RedisOutlet
from streams.redis_place import RedisPlace
from tests.services.redis import RedisServer

TENANT, COURSE = 1, uuid4()
PATIENCE = 20.0


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
    async with store.outlet.listening(wake or asyncio.Event()), AsyncExitStack() as at_work:
        for gateway in gateways:
            await at_work.enter_async_context(running_alone(gateway))
        yield


@asynccontextmanager
async def running_alone(gateway: Gateway) -> AsyncIterator[None]:
    """A reader's end at work."""
    task = asyncio.create_task(gateway.inlet.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not what():  # noqa: ASYNC110 - another process tells
            await asyncio.sleep(0.01)


async def follows(store: Store, gateway: Gateway) -> None:
    await until(lambda: gateway.bus.has_begun and gateway.bus.position == store.position and not gateway.bus.delayed)
