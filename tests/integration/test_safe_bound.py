"""Whoever follows the log up to the safe bound gets every event once and in order, however its writers are
interleaved; whoever only remembers the last position loses some.
"""

import asyncio
import os
import random
from bisect import bisect_right
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import accumulate

import psycopg
import pytest
from psycopg import AsyncConnection

from projections.checkpoint import Checkpoint
from streams.log_tail import LogTail
from tests.integration.log_under_load import START, connections, run_soak, store, store_control_event

pytestmark = pytest.mark.anyio

SECONDS = float(os.environ.get("LRS_TEST_SOAK_SECONDS", 0))
"""How long the soak lasts; 0 means 30 on TimescaleDB and 8 on the embedded server."""

STALL = """
CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('test.stalls', true) = 'yes' THEN PERFORM pg_advisory_xact_lock(1); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stall BEFORE INSERT ON TABLE_NAME FOR EACH ROW EXECUTE FUNCTION stall()"""
STALLED = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"


@asynccontextmanager
async def stage(url: str) -> AsyncIterator[tuple[AsyncConnection, AsyncConnection, LogTail, Checkpoint]]:
    """Two writers, a tail, and where it stands after a first statement.

    The first statement matters on TimescaleDB: whoever makes a chunk keeps other writers out of it until he commits.
    """
    async with connections(url, 3) as (first, second, reading):
        tail = LogTail(reading)
        yield first, second, tail, await read_all(tail, START, await store(first, random.Random(0)))


async def read_all(tail: LogTail, at: Checkpoint, expected: list[int]) -> Checkpoint:
    """Read until these positions have come, in this order, and nothing else; none expected: read once.

    It may take more than one reading: the server's own transactions, of an autovacuum say, are waited for too.
    """
    found: list[int] = []
    async with asyncio.timeout(10):
        while True:
            events, at = await tail.read(at, 1000)
            found += [event.position for event in events]
            assert found == expected[: len(found)]
            if found == expected:
                return at
            await asyncio.sleep(0.01)


def committed(url: str) -> tuple[list[int], list[int]]:
    """The positions of the statements and of the control events that the log holds."""
    with psycopg.connect(url) as connection:
        statements, controls = (
            [row[0] for row in connection.execute(f"SELECT position FROM {table} ORDER BY position")]
            for table in ("statement", "control_event")
        )
        return statements, controls


@pytest.mark.timeout(SECONDS + 150)
@pytest.mark.one_database("embedded")
async def test_writers_that_commit_in_any_order(database_url: str) -> None:
    """Run with -rP, it says how much was written, and how much is lost without the bound."""
    with psycopg.connect(database_url) as connection:
        has_timescaledb = connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").rowcount
    soak = await run_soak(database_url, SECONDS or (30 if has_timescaledb else 8))
    statements, controls = committed(database_url)
    log = sorted(statements + controls)
    lost_naively = set(log) - set(soak.naive)
    print(
        f"{soak.transactions} transactions, {soak.rolled_back} rolled back; {len(statements)} statements,"
        f" {len(controls)} control events; {len(soak.checkpoints)} readings, {len(soak.answers)} questions;"
        f" {len(lost_naively)} events lost without the bound"
    )
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
    async with stage(database_url) as (first, second, tail, at):
        async with first.transaction():
            early = await store(first, chance, 2)
            late = [*await store(second, chance, 3), *await store_control_event(second)]
            assert max(early) < min(late)
            for _ in range(3):
                at = await read_all(tail, at, [])
        at = await read_all(tail, at, early + late)
        await read_all(tail, at, [])


async def test_what_is_rolled_back_is_passed_over(database_url: str) -> None:
    chance = random.Random(2)
    async with stage(database_url) as (first, second, tail, at):
        async with first.transaction(force_rollback=True):
            await store(first, chance, 2)
            late = await store(second, chance, 3)
            at = await read_all(tail, at, [])
        at = await read_all(tail, at, late)
        async with first.transaction(force_rollback=True):
            gone = await store(first, chance, 2)
            at = await read_all(tail, at, [])
        async with asyncio.timeout(10):
            while at.position != gone[-1]:  # the bound goes on even where nothing was stored
                at = await read_all(tail, at, [])


async def test_transactions_that_always_overlap_do_not_stop_the_tail(database_url: str) -> None:
    """There is never a moment without an open transaction, and yet all but the last are read."""
    chance = random.Random(3)
    async with stage(database_url) as (ending, beginning, tail, at):
        await ending.execute("BEGIN")
        waiting = await store(ending, chance)
        for _ in range(10):
            at = await read_all(tail, at, [])  # takes a mark before the other one begins
            await beginning.execute("BEGIN")
            drawn = await store(beginning, chance)
            at = await read_all(tail, at, [])
            await ending.execute("COMMIT")
            at = await read_all(tail, at, waiting)
            at = await read_all(tail, at, [])
            ending, beginning, waiting = beginning, ending, drawn
        await ending.execute("COMMIT")
        await read_all(tail, at, waiting)


async def test_a_position_drawn_late_in_an_old_transaction(database_url: str) -> None:
    """What counts is when the position was drawn, not when the transaction began or what it has read before."""
    chance = random.Random(4)
    async with stage(database_url) as (old, young, tail, at):
        async with old.transaction():
            await old.execute("SELECT count(*) FROM statement")
            before = await store(young, chance, 2)
            at = await read_all(tail, at, before)  # a transaction that only reads holds nobody up
            drawn_late = await store(old, chance, 2)
            after = await store(young, chance, 2)
            at = await read_all(tail, at, [])
        await read_all(tail, at, drawn_late + after)


@pytest.mark.parametrize("table", ["statement_id", "control_event"])
async def test_a_writer_that_has_drawn_positions_and_written_nothing(database_url: str, table: str) -> None:
    """Between the two a transaction can be invisible: PostgreSQL gives it an id when it first writes, or asks."""
    chance = random.Random(6)
    async with stage(database_url) as (slow, other, tail, at):
        await other.execute(STALL.replace("TABLE_NAME", table))
        await slow.execute("SET test.stalls = 'yes'")
        await other.execute("SELECT pg_advisory_lock(1)")
        writing = asyncio.create_task(store(slow, chance, 2) if table == "statement_id" else store_control_event(slow))
        async with asyncio.timeout(10):
            while True:
                if (await other.execute(STALLED)).rowcount:
                    break
                await asyncio.sleep(0.01)
        late = await store(other, chance, 2)
        for _ in range(3):
            at = await read_all(tail, at, [])
        await other.execute("SELECT pg_advisory_unlock(1)")
        early = await writing
        assert max(early) < min(late)
        await read_all(tail, at, early + late)


async def test_small_steps_read_the_same(database_url: str) -> None:
    chance = random.Random(5)
    async with connections(database_url, 2) as (writer, reading):
        expected = []
        for _ in range(5):
            expected += [*await store(writer, chance, 3), *await store_control_event(writer)]
        for limit in (1, 2, 3, 7, len(expected), len(expected) + 1):
            tail, at, found = LogTail(reading), START, list[int]()
            while at.position != expected[-1]:
                events, at = await tail.read(at, limit)
                assert 0 < len(events) <= limit
                found += [event.position for event in events]
            assert found == expected
