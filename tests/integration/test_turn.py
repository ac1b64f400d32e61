"""One has the turn and the others wait for it; whoever ends gives it back, and whoever falls silent loses it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lrs.database import Pool, relay_pool
from streams import turn as module
from streams.turn import TurnLost, turn

pytestmark = pytest.mark.anyio

KIND = 7


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with relay_pool(database_url) as pool:
        yield pool


async def test_the_next_one_waits_until_it_is_over(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    order = []

    async def next_one() -> None:
        async with turn(pool, KIND, "topic", "the work"):
            order.append("next")

    async with turn(pool, KIND, "topic", "the work") as held:
        waiting = asyncio.create_task(next_one())
        async with turn(pool, KIND, "another topic", "other work"):
            await asyncio.sleep(0.2)
        held.must_be_held()
        order.append("first")
    await asyncio.wait_for(waiting, 20)
    assert order == ["first", "next"]


async def test_whoever_is_silent_loses_it(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(module, "SILENCE", "300ms")
    monkeypatch.setattr(module, "HOLD_SECONDS", 1.0)

    async def stay_silent() -> None:
        async with turn(pool, KIND, "topic", "the work") as silent:
            async with turn(pool, KIND, "topic", "the work"):
                pass
            async with asyncio.timeout(20):
                while True:
                    silent.must_be_held()
                    await asyncio.sleep(0.02)

    with pytest.raises(TurnLost):
        await stay_silent()


async def test_whoever_says_something_keeps_it(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE", "1s")
    monkeypatch.setattr(module, "HOLD_SECONDS", 0.1)
    async with turn(pool, KIND, "topic", "the work") as held:
        await asyncio.sleep(1.5)
        held.must_be_held()
        async with pool.connection() as other:
            assert not await module._taken(other, KIND, "topic")
