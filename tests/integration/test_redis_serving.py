"""Two servers of one store meet in Redis: a page follows either, goes on at the other, and outlives Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from lrs.access import key_lookup
from lrs.access.credentials import Credentials
from lrs.database import read_pool
from streams.bus import Bus
from streams.redis_inlet import RedisInlet
from streams.redis_place import RedisPlace
from tests.browser.classroom import Classroom
from tests.integration.live_stream import Event, events_of, until
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.missing import or_go_without
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer, running_redis

pytestmark = pytest.mark.anyio


class Machines(NamedTuple):
    """Two servers over one database, and who posts to and reads from each."""

    redis: RedisServer
    first: Classroom
    second: Classroom


@pytest.fixture(scope="module")
def machines(embedded_server: PostgresServer) -> Iterator[Machines]:
    with (
        or_go_without(),
        running_redis() as redis,
        migrated_database(embedded_server) as url,
        serving(url, LRS_REDIS_URL=redis.url) as one,
        serving(url, LRS_REDIS_URL=redis.url) as other,
        httpx.Client(base_url=one.origin, auth=CREDENTIAL, timeout=20) as to_one,
        httpx.Client(base_url=other.origin, auth=CREDENTIAL, timeout=20) as to_other,
    ):
        yield Machines(redis, Classroom(to_one), Classroom(to_other))


@asynccontextmanager
async def following(room: Classroom, course: str, position: int) -> AsyncIterator[AsyncIterator[Event]]:
    async with (
        httpx.AsyncClient(base_url=room.client.base_url, auth=CREDENTIAL, timeout=20) as client,
        client.stream("GET", f"/api/courses/{course}/live", headers={"Last-Event-ID": str(position)}) as answer,
    ):
        yield events_of(answer)


async def shown(events: AsyncIterator[Event], number: int, progress: float) -> int:
    """Wait until a learner has come so far; answers the position. Fails where the stream begins anew."""
    async with asyncio.timeout(20):
        async for name, data in events:
            assert name != "reset", data
            for one in data.get("roster", ()):
                if one["name"] == f"Learner {number}" and one["progress"] == progress:
                    return int(data["position"])
    raise AssertionError("the stream ended")


async def test_a_page_follows_either_server_and_goes_on_at_the_other(machines: Machines) -> None:
    _, first, second = machines
    first.watch(1)
    first.take_quiz(2, 0.8)
    view = first.view()
    assert second.view()["position"] >= view["position"]
    course, position = view["course"]["id"], view["position"]
    async with following(second, course, position) as events:
        first.take_quiz(1, 0.9)
        position = await shown(events, 1, 1.0)
    second.watch(2)
    async with following(first, course, position) as events:
        await shown(events, 2, 1.0)
        second.watch(3)
        first.watch(4)
        await shown(events, 4, 0.5)


async def test_redis_ends_and_comes_back_empty(machines: Machines) -> None:
    redis, first, second = machines
    first.watch(11)
    first.take_quiz(12, 0.8)
    course = first.view()["course"]["id"]
    async with AsyncExitStack() as open_pages:
        pages = [
            await open_pages.enter_async_context(following(room, course, room.view()["position"]))
            for room in (first, second)
        ]
        redis.kill()
        for page in pages:
            assert (await until(page, "delayed"))["delayed"]
        first.take_quiz(11, 0.9)
        for page in pages:
            await until(page, "reset")
        second.watch(12)
        for page in pages:
            await shown(page, 12, 1.0)
        assert first.view()["summary"] == second.view()["summary"]
        redis.start()
        for page in pages:
            assert not (await until(page, "delayed"))["delayed"]
        first.watch(13)
        for page in pages:
            await shown(page, 13, 0.5)


async def test_a_disabled_credential_stops_everywhere_at_once(
    embedded_server: PostgresServer, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only when it is looked up again."""
    monkeypatch.setattr(key_lookup, "SECONDS", 1000.0)

    async def nowhere() -> int:
        return 0

    with migrated_database(embedded_server) as url:
        place = RedisPlace(redis.url, str(uuid4()))
        async with read_pool(url) as pool:
            here, there = Credentials(pool, place.tell_changed), Credentials(pool)
            inlet = asyncio.create_task(RedisInlet(place, Bus(), nowhere, there.forget).run())
            pair = await here.create(1, "somebody", "secret")
            assert pair is not None
            given = httpx.BasicAuth(*pair.split(":"))
            header = next(given.auth_flow(httpx.Request("GET", "http://x"))).headers["authorization"]
            assert await here.verify(header)
            assert await there.verify(header)
            await here.disable(1, "somebody")
            assert not await here.verify(header)
            async with asyncio.timeout(20):
                while await there.verify(header):  # noqa: ASYNC110 - told by another process
                    await asyncio.sleep(0.01)
            inlet.cancel()
