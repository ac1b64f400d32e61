"""Redis ends, hangs and comes back again and again: pages with broken lines end up with what is in the database."""

import asyncio
from random import Random
from uuid import uuid4

import pytest

from lrs.database import read_pool
from lrs.statement_log.replica import read_models_position
from streams import redis_inlet, redis_place
from streams.redis_inlet import RedisInlet
from streams.redis_outlet import RedisOutlet
from streams.redis_place import RedisPlace
from tests.integration.live_course import learner, live_course
from tests.integration.live_page import Page
from tests.integration.live_stream import URL
from tests.services.redis import RedisServer

pytestmark = pytest.mark.anyio

POSITIONS = 240
QUIET_FROM = 150


async def disturb(redis: RedisServer, dice: Random, calm: asyncio.Event) -> None:
    """Redis runs when this returns."""
    while not calm.is_set():
        await asyncio.sleep(dice.uniform(0.2, 1.0))
        if dice.random() < 0.6:
            redis.kill()
            await asyncio.sleep(dice.uniform(0, 1.2))
            await asyncio.to_thread(redis.start)
        else:
            redis.pause()
            await asyncio.sleep(dice.uniform(0, 1.2))
            redis.resume()


@pytest.mark.slow
@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
async def test_pages_end_up_with_what_is_in_the_database(
    database_url: str, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine in ten commits are said; a processor that has ended says no more than where it begins.

    Hardly a learner moves twice, and the end is quiet: whatever is lost stays lost.
    """
    monkeypatch.setattr(redis_inlet, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(redis_place, "BLOCK_SECONDS", 0.2)
    monkeypatch.setattr(redis_place, "ANSWER_SECONDS", 0.6)
    dice, calm, over = Random(1), asyncio.Event(), asyncio.Event()
    place = RedisPlace(redis.url, str(uuid4()))
    outlet = RedisOutlet(place)

    async with live_course(database_url) as (course, client), read_pool(database_url, size=1) as pool:

        async def standing() -> int:
            async with pool.connection() as connection:
                return await read_models_position(connection)

        reading = asyncio.create_task(RedisInlet(place, course.bus, standing, lambda _: None).run())
        outlet.start(0)
        pages = [Page(client) for _ in range(4)]
        async with outlet.listening(asyncio.Event()):
            playing = [asyncio.create_task(page.play(Random(n), over, seconds=4)) for n, page in enumerate(pages)]
            disturbing = asyncio.create_task(disturb(redis, Random(2), calm))
            for position in range(1, POSITIONS):
                number = dice.randrange(10 * POSITIONS)
                if position == QUIET_FROM:
                    calm.set()
                    await disturbing
                await course.enroll(number, done=dice.randrange(3), idle_days=dice.choice([0, 9, 20]))
                change = await course.commit([learner(number)], position)
                if dice.random() < 0.9:
                    outlet.publish(position, [change])
                else:
                    outlet.start(position)
                await asyncio.sleep(dice.choice([0, 0.01, 0.05]))
            over.set()
            await asyncio.gather(*playing)
            reading.cancel()
            await asyncio.wait([reading])
        truth = (await client.get(URL)).json()
        assert truth["position"] == POSITIONS - 1
        for page in pages:
            page.must_show(truth)
