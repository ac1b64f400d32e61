"""A log under load: writers that hold their transactions open, and everybody who reads it meanwhile.

What they did and saw is recorded; what has to be true of it is for the tests to say.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection

from lrs.statement_log.arrays import bigint
from lrs.statement_log.new_row import Row, columns
from lrs.statement_log.safe_bound import EPOCH, Bound, SafeBound
from lrs.statement_log.sql import QUERIES
from projections.checkpoint import Checkpoint
from schemas.log_event import StatementEvent
from streams.log_tail import LogTail

WRITERS = 16
HELD_OPEN = 0.2
ROLLED_BACK = 0.05
CONTROL = 0.05
LONG_TRANSACTION = 3.0
START = Checkpoint(0, EPOCH)
LEARNERS = 40
PAYLOAD = b'{"actor":{"mbox":"mailto:learner-%d@x.example"},"verb":{"id":"http://x.example/v"},"object":{"id":"x:y"}}'
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
    """Connections in autocommit mode; a statement that waits for ever is given up."""
    options = "-c statement_timeout=20000"
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(await AsyncConnection.connect(url, autocommit=True, options=options))
            for _ in range(count)
        ]


async def store(connection: AsyncConnection, chance: random.Random, count: int = 1) -> list[int]:
    """New statements, in whatever transaction the connection is in; answers their positions in order."""
    ids = [UUID(int=chance.getrandbits(128), version=4) for _ in range(count)]
    keys = {bigint(1), bigint(2), bigint(3)}
    new = [Row(1, one, one.bytes, None, 1, keys, PAYLOAD % (one.int % LEARNERS), None) for one in ids]
    rows = await (await connection.execute(QUERIES.append.sql, columns(new))).fetchall()
    return sorted(row[0] for row in rows)


async def store_control_event(connection: AsyncConnection) -> list[int]:
    """A control event, in whatever transaction the connection is in; answers its position."""
    values = {"tenant": 1, "kind": "test", "payload": "{}"}
    return [row[0] for row in await (await connection.execute(QUERIES.append_control_event.sql, values)).fetchall()]


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
