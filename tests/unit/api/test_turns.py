"""Whatever is read at once, the loop gets its turn in between, and nobody waits behind more than a bound."""

import asyncio

import pytest

from lrs.api import turns
from lrs.api.turns import Turns
from schemas.errors import Overloaded


async def read(one: Turns, size: int, order: list[str], name: str) -> None:
    await one.take(size)
    order.append(name)


def test_in_order_and_with_turns_of_the_loop_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", -1.0)  # the first of a turn has used it up
    monkeypatch.setattr(turns, "SLICE_BYTES", 20)

    async def all_at_once() -> list[str]:
        one, order = Turns(), list[str]()
        readers = [asyncio.create_task(read(one, 10, order, str(number))) for number in range(9)]
        while not all(reader.done() for reader in readers):
            await asyncio.sleep(0)
            order.append("loop")
        return order

    order = asyncio.run(all_at_once())
    assert [one for one in order if one != "loop"] == [str(number) for number in range(9)]
    longest = max(len(some.split()) for some in " ".join(order).split("loop"))
    assert longest <= 2


def test_nobody_waits_where_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", 1000.0)

    async def all_at_once() -> list[str]:
        one, order = Turns(), list[str]()
        readers = [asyncio.create_task(read(one, 10**9, order, str(number))) for number in range(9)]
        await asyncio.sleep(0)
        assert all(reader.done() for reader in readers)
        return order

    assert len(asyncio.run(all_at_once())) == 9


def test_no_more_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", -1.0)
    monkeypatch.setattr(turns, "WAITING_BYTES", 25)

    async def flood() -> list[BaseException | None]:
        one, order = Turns(), list[str]()
        waiting = [asyncio.create_task(read(one, 10, order, "")) for _ in range(6)]
        told = await asyncio.gather(*waiting, return_exceptions=True)
        await one.take(10)  # there is room again
        return told

    told = asyncio.run(flood())
    assert [type(one) for one in told] == [type(None)] * 4 + [Overloaded] * 2


def test_whoever_leaves_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", -1.0)

    async def leave() -> list[str]:
        one, order = Turns(), list[str]()
        readers = [asyncio.create_task(read(one, 10, order, str(number))) for number in range(4)]
        await asyncio.sleep(0)
        readers[1].cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        return order

    assert asyncio.run(leave()) == ["0", "2", "3"]
