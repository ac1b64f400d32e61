"""How fast the read models catch up with a log, beside the same statements only decoded and folded in memory.

Each measurement is a process of its own, so that none finds the other's caches warm:
`python -m tests.bench.catch_up processor|fold URL` prints statements and seconds; `fold URL COUNT`: of so many.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import psycopg

from lrs.children import leave_most_garbage
from lrs.database import projection_pool
from projections.fact import derive
from projections.payload import parse
from schemas.statement import read_statements
from schemas.version import XapiVersion
from streams.bus import Bus
from streams.processor import Processor
from tests.acceptance.course_log import TENANT, CourseLog

LOADED_AT_ONCE = 500


async def load(url: str, bodies: Sequence[bytes]) -> None:
    """Append the statements to the log of a migrated database, as requests would."""
    async with CourseLog.open(url) as course_log:
        for begin in range(0, len(bodies), LOADED_AT_ONCE):
            some = b"[" + b",".join(bodies[begin : begin + LOADED_AT_ONCE]) + b"]"
            await course_log.log.append(TENANT, course_log.authority, read_statements(some, XapiVersion.V1_0_3))


async def forget(url: str) -> None:
    """Empty the read models."""
    async with CourseLog.open(url) as course_log:
        await course_log.forget_read_models()


def measured(what: str, url: str, *count: str) -> float:
    """Statements a second of `processor` or `fold`, in a new process over the log at `url`."""
    words = [sys.executable, "-m", __name__, what, url, *count]
    ran = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    statements, seconds = msgspec.json.decode(ran.stdout, type=tuple[int, float])
    return statements / seconds


async def processor_seconds(url: str) -> tuple[int, float]:
    """Run the processor on empty read models until it has reached the end of the log."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*), max(position) FROM statement").fetchone()
    assert row is not None
    statements, last = row
    bus = Bus()
    async with projection_pool(url) as pool:
        processor = Processor(pool, bus)
        begin = time.perf_counter()
        running = asyncio.create_task(processor.run())
        reached = asyncio.create_task(_reached(bus, last))
        await asyncio.wait((running, reached), return_when=asyncio.FIRST_COMPLETED)
        seconds = time.perf_counter() - begin
        if running.done():
            running.result()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    with psycopg.connect(url) as connection:
        facts = connection.execute("SELECT count(*) FROM fact").fetchone()
    assert facts == (statements,), f"{statements} statements, but {facts} facts"
    return statements, seconds


async def _reached(bus: Bus, position: int) -> None:
    async for at in bus.follow(-1):
        if at >= position:
            return


def fold_seconds(url: str, count: int | None = None) -> tuple[int, float]:
    """Parse each payload and derive its fact, one core, nothing written. count: None for all."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            'SELECT position, id, stored, "timestamp", payload::text FROM statement ORDER BY position LIMIT %s', [count]
        ).fetchall()
    begin = time.perf_counter()
    for position, statement_id, stored, timestamp, payload in rows:
        derive(position, statement_id, stored, timestamp, parse(payload))
    return len(rows), time.perf_counter() - begin


if __name__ == "__main__":
    what, url, *some = sys.argv[1:]
    leave_most_garbage()  # as every process of the server does
    figures = fold_seconds(url, *map(int, some)) if what == "fold" else asyncio.run(processor_seconds(url))
    print(msgspec.json.encode(figures).decode())
