"""The processor's process ends where one of its parts does: its parent starts it again, and nothing is left undone."""

import asyncio
from pathlib import Path

import pytest
from psycopg_pool import PoolTimeout

from lrs.clock import Clock
from lrs.main import run_processor
from lrs.settings import Settings
from lrs.statement_log.references import References

NOWHERE = "postgresql://nobody@/none?host=/nonexistent"


class Broken(Exception):
    """An error that nobody foresaw."""


@pytest.fixture(autouse=True)
def _no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found out at once that there is none."""

    async def away(_: Clock) -> None:
        raise PoolTimeout

    monkeypatch.setattr(Clock, "tick", away)


@pytest.mark.anyio
async def test_what_ends_a_part_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: References) -> None:
        raise Broken

    monkeypatch.setattr(References, "run", broken)
    with pytest.raises(Broken):
        async with asyncio.timeout(30):
            await run_processor(Settings(), NOWHERE, tmp_path / "relay", asyncio.Event(), lambda: None)


@pytest.mark.anyio
async def test_it_ends_in_order_when_it_is_told_to(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(30):
        await run_processor(Settings(), NOWHERE, tmp_path / "relay", stop, lambda: None)
