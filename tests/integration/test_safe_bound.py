"""Whoever follows the log up to the safe bound gets every event once and in order, however its writers are
interleaved; whoever only remembers the last position loses some.
"""

import asyncio
import os
import random
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.statement_log.safe_bound import EPOCH, Bound, SafeBound
from lrs.statement_log.sql import QUERIES
from projections.checkpoint import Checkpoint
from schemas.log_event import StatementEvent
from streams.log_tail import LogTail

pytestmark = pytest.mark.anyio

SECONDS = float(os.environ.get("LRS_TEST_SOAK_SECONDS", 0))
"""How long the soak lasts; 0 means 30 on TimescaleDB and 8 on the embedded server."""

WRITERS = 16
HELD_OPEN = 0.2
ROLLED_BACK = 0.05
CONTROL = 0.05
LONG_TRANSACTION = 3.0
START = Checkpoint(0, EPOCH)
NAIVE = """SELECT position FROM (SELECT position FROM statement UNION ALL SELECT position FROM control_event) e
WHERE position > %s ORDER BY position"""


class RolledBack(Exception):
    """The writer does not commit."""


@dataclass
class Soak:
    """What the writers did and what the readers saw."""

    chance: random.Random
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    last: int | None = None
    """The last position drawn, once the writers are through."""
    transactions: int = 0
    rolled_back: int = 0
    read: list[int] = field(default_factory=list)
    naive: list[int] = field(default_factory=list)
    stored: dict[int, datetime] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    answers: list[tuple[Bound, int]] = field(default_factory=list)
    """A bound, and how many statements were visible at or below it when it was answered."""


@asynccontextmanager
async def connections(url: str, count: int) -> AsyncIterator[list[AsyncConnection]]:
    """Connections in autocommit mode."""
    async with AsyncExitStack() as stack:
        opened = [await AsyncConnection.connect(url, autocommit=True) for _ in range(count)]
        yield [await stack.enter_async_context(one) for one in opened]


async def store(connection: AsyncConnection, chance: random.Random, count: int = 1) -> list[int]:
    """New statements, in whatever transaction the connection is in; answers their positions in order."""
    ids = [UUID(int=chance.getrandbits(128), version=4) for _ in range(count)]
    values: dict[str, Any] = {
        "tenant": 1,
        "authority": 1,
        "ids": ids,
        "digests": [one.bytes for one in ids],
        "timestamps": [None] * count,
        "keys": ["{1,2,3}"] * count,
        "payloads": ['{"an":"event"}'] * count,
        "voids": [None] * count,
    }
    rows = await (await connection.execute(QUERIES.append.sql, values)).fetchall()
    return sorted(row[2] for row in rows)


async def store_control_event(connection: AsyncConnection) -> int:
    """A control event, in whatever transaction the connection is in; answers its position."""
    values = {"tenant": 1, "kind": "test", "payload": "{}"}
    row = await (await connection.execute(QUERIES.append_control_event.sql, values)).fetchone()
    assert row is not None
    return int(row[0])


async def write(connection: AsyncConnection, soak: Soak) -> None:
    """Transactions of one to three appends, each held open for a while after it drew its positions."""
    chance = soak.chance
    while not soak.enough.is_set():
        try:
            async with connection.transaction():
                for _ in range(chance.choice((1, 1, 1, 2, 3))):
                    if chance.random() < CONTROL:
                        await store_control_event(connection)
                    else:
                        await store(connection, chance, chance.choice((1, 1, 5, 20)))
                    await asyncio.sleep(chance.choice((0, chance.uniform(0, HELD_OPEN))))
                if chance.random() < ROLLED_BACK:
                    raise RolledBack
            soak.transactions += 1
        except RolledBack:
            soak.rolled_back += 1


async def write_one_long_transaction(connection: AsyncConnection, soak: Soak) -> None:
    """One transaction that stays open for seconds, and draws positions at its beginning and at its end."""
    await asyncio.sleep(0.5)
    async with connection.transaction():
        await store(connection, soak.chance, 3)
        await asyncio.sleep(LONG_TRANSACTION)
        await store(connection, soak.chance, 3)
    soak.transactions += 1


async def follow(connection: AsyncConnection, soak: Soak) -> None:
    """Read as the processor does, in steps of any size, up to the last position."""
    tail, at = LogTail(connection), START
    while at.position != soak.last:
        events, end = await tail.read(at, soak.chance.choice((1, 10, 100, 1000)))
        soak.read += [event.position for event in events]
        soak.stored |= {event.position: event.stored for event in events if isinstance(event, StatementEvent)}
        if end.position == at.position:
            await asyncio.sleep(soak.chance.uniform(0, 0.02))
        soak.checkpoints.append(end)
        at = end


async def follow_naively(connection: AsyncConnection, soak: Soak) -> None:
    """Read whatever is above the last position that was read."""
    at = 0
    while True:
        was_last = soak.last is not None
        found = [row[0] for row in await (await connection.execute(NAIVE, [at])).fetchall()]
        soak.naive += found
        at = max([at, *found])
        if was_last:
            return
        await asyncio.sleep(soak.chance.uniform(0, 0.02))


async def ask(connection: AsyncConnection, bound: SafeBound, soak: Soak) -> None:
    """Advance a bound that others advance too, as requests do."""
    while soak.last is None:
        answer = await bound.advance(connection)
        cursor = await connection.execute("SELECT count(*) FROM statement WHERE position <= %s", [answer.position])
        row = await cursor.fetchone()
        assert row is not None
        soak.answers.append((answer, row[0]))
        await asyncio.sleep(soak.chance.uniform(0, 0.2))


async def run_soak(url: str, seconds: float) -> Soak:
    """Writers, a tail, a naive reader and those who ask for the bound, all at once for so many seconds."""
    soak = Soak(random.Random(20260301))
    async with connections(url, WRITERS + 6) as opened:
        tail, naive, long, *rest = opened
        askers, writers = rest[:3], rest[3:]
        shared = SafeBound()
        async with asyncio.TaskGroup() as readers:
            readers.create_task(follow(tail, soak))
            readers.create_task(follow_naively(naive, soak))
            for one in askers:
                readers.create_task(ask(one, shared, soak))
            async with asyncio.TaskGroup() as writing:
                for one in writers:
                    writing.create_task(write(one, soak))
                writing.create_task(write_one_long_transaction(long, soak))
                await asyncio.sleep(seconds)
                soak.enough.set()
            row = await (await long.execute("SELECT last_value FROM event_position")).fetchone()
            assert row is not None
            soak.last = row[0]
    return soak


def committed(url: str) -> tuple[list[int], list[int], bool]:
    """The positions of the statements and of the control events that the log holds, and whether on TimescaleDB."""
    with psycopg.connect(url) as connection:
        statements, controls = (
            [row[0] for row in connection.execute(f"SELECT position FROM {table} ORDER BY position")]
            for table in ("statement", "control_event")
        )
        return statements, controls


@pytest.mark.timeout(SECONDS + 150)
async def test_soak(database_url: str, record_property: Callable[[str, object], None]) -> None:
    with psycopg.connect(database_url) as connection:
        has_timescaledb = connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").rowcount
    soak = await run_soak(database_url, SECONDS or (30 if has_timescaledb else 8))
    statements, controls = committed(database_url)
    log = sorted(statements + controls)
    lost_naively = set(log) - set(soak.naive)
    for name, figure in (
        ("transactions", soak.transactions),
        ("rolled back", soak.rolled_back),
        ("statements", len(statements)),
        ("control events", len(controls)),
        ("lost by the naive read", len(lost_naively)),
    ):
        record_property(name, figure)

    assert soak.rolled_back
    assert controls
    assert soak.last is not None
    assert soak.last > len(log)  # what was rolled back left gaps
    assert soak.read == log  # nothing lost, nothing twice, strictly ascending
    assert lost_naively  # the writers were interleaved enough to lose events without the bound

    floors = soak.checkpoints + [answer for answer, _ in soak.answers]
    assert len({floor for _, floor in floors}) > 10
    earliest_from = dict(zip(statements, earliest_onward([soak.stored[one] for one in statements]), strict=True))
    for position, floor in floors:
        above = bisect_right(statements, position)
        assert above == len(statements) or earliest_from[statements[above]] >= floor
    for answer, visible in soak.answers:
        assert visible == bisect_right(statements, answer.position)


def earliest_onward(moments: list[datetime]) -> list[datetime]:
    """For each of the moments, the earliest of it and those after it."""
    return list(accumulate(reversed(moments), min))[::-1]


async def test_an_open_transaction_is_waited_for(database_url: str) -> None:
    chance = random.Random(1)
    async with connections(database_url, 3) as (first, second, reading):
        tail = LogTail(reading)
        before = await store(second, chance, 2)
        at = await read_all(tail, START, before)
        async with first.transaction():
            early = await store(first, chance, 2)
            late = [*await store(second, chance, 3), await store_control_event(second)]
            assert max(early) < min(late)
            for _ in range(3):
                at = await read_all(tail, at, [])
        at = await read_all(tail, at, early + late)
        await read_all(tail, at, [])


async def test_what_is_rolled_back_is_passed_over(database_url: str) -> None:
    chance = random.Random(2)
    async with connections(database_url, 3) as (first, second, reading):
        tail, at = LogTail(reading), START
        async with first.transaction(force_rollback=True):
            gone = await store(first, chance, 2)
            late = await store(second, chance, 3)
            at = await read_all(tail, at, [])
        at = await read_all(tail, at, late)
        async with first.transaction(force_rollback=True):
            gone += await store(first, chance, 2)
            at = await read_all(tail, at, [])
        at = await read_all(tail, at, [])
        assert at.position == gone[-1]  # the bound goes on even where nothing was stored


async def test_transactions_that_always_overlap_do_not_stop_the_tail(database_url: str) -> None:
    """There is never a moment without an open transaction, and yet all but the last are read."""
    chance = random.Random(3)
    async with connections(database_url, 3) as (one, other, reading):
        tail, at = LogTail(reading), START
        await one.execute("BEGIN")
        waiting = await store(one, chance)
        for _ in range(10):
            at = await read_all(tail, at, [])  # takes a mark before the other one begins
            await other.execute("BEGIN")
            drawn = await store(other, chance)
            at = await read_all(tail, at, [])
            await one.execute("COMMIT")
            at = await read_all(tail, at, waiting)
            at = await read_all(tail, at, [])
            one, other, waiting = other, one, drawn
        await one.execute("COMMIT")
        await read_all(tail, at, waiting)


async def test_a_position_drawn_late_in_an_old_transaction(database_url: str) -> None:
    """What counts is when the position was drawn, not when its transaction began or what it has read before."""
    chance = random.Random(4)
    async with connections(database_url, 3) as (old, young, reading):
        tail, at = LogTail(reading), START
        async with old.transaction():
            await old.execute("SELECT count(*) FROM statement")
            first = await store(young, chance, 2)
            at = await read_all(tail, at, first)  # a transaction that only reads holds nobody up
            second = await store(old, chance, 2)
            third = await store(young, chance, 2)
            at = await read_all(tail, at, [])
        await read_all(tail, at, second + third)


async def test_small_steps_read_the_same(database_url: str) -> None:
    chance = random.Random(5)
    async with connections(database_url, 2) as (writer, reading):
        expected = []
        for _ in range(5):
            expected += [*await store(writer, chance, 3), await store_control_event(writer)]
        for limit in (1, 2, 3, 7, len(expected), len(expected) + 1):
            tail, at, found = LogTail(reading), START, list[int]()
            while at.position != expected[-1]:
                events, at = await tail.read(at, limit)
                assert 0 < len(events) <= limit
                found += [event.position for event in events]
            assert found == expected


async def read_all(tail: LogTail, at: Checkpoint, expected: list[int]) -> Checkpoint:
    """Read once; exactly these positions must come, in this order."""
    events, end = await tail.read(at, 1000)
    assert [event.position for event in events] == expected
    assert end.position >= at.position
    return end
