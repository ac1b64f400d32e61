"""One has the turn and the others wait for it; whoever ends gives it back, and whoever falls silent loses it. None of
them holds up who builds an index CONCURRENTLY.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from lrs.database import Pool, projection_pool, relay_pool
from streams import turn as module
from streams.bus import Bus
from streams.processor import LOCK, Processor
from streams.turn import TurnLost, turn

pytestmark = pytest.mark.anyio

KIND = 7
PATIENCE = 20.0


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


async def test_neither_who_has_it_nor_who_waits_holds_up_an_index(
    pool: Pool, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "lrs.turn")

    async def next_one() -> None:
        async with turn(pool, KIND, "topic", "the work"):
            pass

    async with turn(pool, KIND, "topic", "the work"):
        await make_index(database_url, "of_whoever_has_it")
        async with running(next_one()):
            await until(lambda: "this one stands by" in caplog.text)
            await make_index(database_url, "of_whoever_waits")


async def test_no_processor_holds_up_an_index(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with projection_pool(database_url) as first, running(Processor(first, Bus()).run()):
        await until(lambda: at_work(database_url))
        await make_index(database_url, "of_whoever_is_at_work")
        async with projection_pool(database_url) as second, running(Processor(second, Bus()).run()):
            await until(lambda: "this server stands by" in caplog.text)
            await make_index(database_url, "of_whoever_stands_by")


async def make_index(url: str, name: str) -> None:
    """It waits for the end of every transaction that has a snapshot."""
    async with asyncio.timeout(PATIENCE), await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"CREATE INDEX CONCURRENTLY {name} ON tenant (tenant)".encode())


def at_work(url: str) -> bool:
    """Whether there is a processor that has the turn."""
    held = (
        "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
        " WHERE locktype = 'advisory' AND granted AND objid = %s"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(held, [LOCK]).rowcount == 1


async def until(true: Callable[[], bool]) -> None:
    """Return once it is true."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if true():
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """For as long as the context lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        while not task.done():  # the driver may take a cancellation for a cancelled query
            task.cancel()
            await asyncio.wait([task], timeout=0.5)
