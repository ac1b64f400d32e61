"""What the processor says reaches every process, and whoever may have missed something begins anew."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from streams import process_bus
from streams.bus import Bus, Change
from streams.process_bus import Inlet, Outlet

pytestmark = pytest.mark.anyio

TENANT, COURSE = 1, uuid4()


def change(position: int, *persons: UUID) -> Change:
    return Change(position, TENANT, COURSE, frozenset(persons), recounted=position % 2 == 0)


async def reached(bus: Bus, position: int) -> None:
    assert await bus.wait(position - 1, 10) == position


async def test_changes_and_wake_ups(tmp_path: Path) -> None:
    outlet, wake = Outlet(), asyncio.Event()
    buses = [Bus(), Bus()]
    inlets = [Inlet(tmp_path / "relay", bus) for bus in buses]
    following = [asyncio.create_task(inlet.run()) for inlet in inlets]
    outlet.start(5)
    async with outlet.listening(tmp_path / "relay", wake):
        for bus in buses:
            await reached(bus, 5)
        ann, bob = uuid4(), uuid4()
        outlet.publish(7, [change(7, ann, bob)])
        outlet.publish(8, [])
        outlet.publish(10, [change(10, ann)])
        for bus in buses:
            await reached(bus, 10)
            assert bus.since(TENANT, COURSE, 5) == [change(7, ann, bob), change(10, ann)]
            assert bus.since(TENANT, COURSE, 4) is None
        for inlet in inlets:
            wake.clear()
            inlet.wake()
            async with asyncio.timeout(10):
                await wake.wait()
    for task in following:
        task.cancel()


async def test_a_lost_connection_is_made_again_and_begins_anew(tmp_path: Path) -> None:
    bus = Bus()
    inlet = Inlet(tmp_path / "relay", bus)
    inlet.wake()  # nobody is there: no harm
    following = asyncio.create_task(inlet.run())
    for position in (3, 20):
        outlet = Outlet()
        outlet.start(position)
        async with outlet.listening(tmp_path / "relay", asyncio.Event()):
            await reached(bus, position)
            outlet.publish(position + 1, [change(position + 1)])
            await reached(bus, position + 1)
            assert bus.since(TENANT, COURSE, position) == [change(position + 1)]
            assert bus.since(TENANT, COURSE, position - 1) is None
        inlet.wake()
    following.cancel()


async def test_a_reader_who_takes_nothing_is_cut_off_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_bus, "LIMIT", 100_000)
    outlet = Outlet()
    outlet.start(1)
    async with outlet.listening(tmp_path / "relay", asyncio.Event()):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "relay", limit=1000)
        await reader.readexactly(4)
        persons = [uuid4() for _ in range(2000)]
        for position in range(2, 60):
            outlet.publish(position, [change(position, *persons)])
            await asyncio.sleep(0)
        assert not outlet._readers
        bus = Bus()
        following = asyncio.create_task(Inlet(tmp_path / "relay", bus).run())
        await reached(bus, 59)
        following.cancel()
        writer.close()
