"""Whoever appends waits for others at the id gate and nowhere else: no two wait for each other."""

import asyncio
import random
from itertools import pairwise
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.database import read_pool, write_pool
from lrs.statement_log.log import StatementLog
from schemas.statement import NewStatement, read_statements
from schemas.version import XapiVersion
from tests.acceptance.course_log import TENANT, CourseLog

pytestmark = pytest.mark.anyio

WRITERS = 8
TURNS = 20
WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def batch(*ids: UUID) -> list[NewStatement]:
    """Statements with these ids, which differ in nothing else."""
    values = [
        {
            "id": str(one),
            "actor": {"mbox": "mailto:learner@example.com"},
            "verb": {"id": "http://example.com/did"},
            "object": {"id": "http://example.com/it"},
        }
        for one in ids
    ]
    return read_statements(msgspec.json.encode(values), XapiVersion.V1_0_3)


async def until_somebody_waits(connection: AsyncConnection) -> None:
    """Until a connection to this database waits for a lock."""
    async with asyncio.timeout(10):
        while True:
            if (await connection.execute(WAITING)).rowcount:
                return
            await asyncio.sleep(0.01)


async def test_who_waits_at_the_gate_keeps_nobody_from_the_log(database_url: str) -> None:
    """On TimescaleDB the first row of a new chunk locks the log for whoever else needs that chunk.

    So a batch must be through the gate, all of it, before its first row goes into the log. Here one writer holds an id
    that the other waits for, while neither has written to the log and there is no chunk yet.
    """
    low, mid, high = UUID(int=1), UUID(int=2), UUID(int=3)
    (held,) = batch(mid)
    async with (
        CourseLog.open(database_url) as course,
        await AsyncConnection.connect(database_url, autocommit=True) as looking,
        await AsyncConnection.connect(database_url) as holder,
    ):
        await holder.execute(
            "INSERT INTO statement_id (tenant, id, stored, position, digest) VALUES (%s, %s, now(), 0, %s)",
            [TENANT, mid, held.digest],
        )
        waiting = asyncio.create_task(course.log.append(TENANT, course.authority, batch(low, mid, high)))
        await until_somebody_waits(looking)
        async with asyncio.timeout(10):
            await holder.execute(
                "INSERT INTO statement (tenant, position, stored, id, authority, keys, payload)"
                " VALUES (%s, 0, now(), %s, %s, '{}', '{}')",
                [TENANT, mid, course.authority.number],
            )
        assert not waiting.done()
        await holder.commit()
        assert len(await waiting) == 2
        stored = await (await looking.execute("SELECT id FROM statement ORDER BY id")).fetchall()
    assert stored == [(low,), (mid,), (high,)]


async def test_positions_go_up(database_url: str) -> None:
    """Each writer's from batch to batch, and within a batch in the order of its statements, whoever else writes."""

    async def write(log: StatementLog, course: CourseLog, chance: random.Random) -> list[tuple[list[UUID], list[int]]]:
        done = []
        for _ in range(TURNS):
            ids = [UUID(int=chance.getrandbits(128), version=4) for _ in range(chance.choice((1, 2, 40)))]
            done.append((ids, await log.append(TENANT, course.authority, batch(*ids))))
        return done

    async with (
        CourseLog.open(database_url) as course,
        write_pool(database_url, size=WRITERS) as pool,
        read_pool(database_url) as read,
    ):
        logs = [StatementLog(pool, read) for _ in range(WRITERS)]  # as so many servers
        written = await asyncio.gather(*(write(log, course, random.Random(at)) for at, log in enumerate(logs)))
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT id, position, stored FROM statement ORDER BY position").fetchall()
    position_of = {identity: position for identity, position, _ in rows}
    for batches in written:
        drawn = [position for _, positions in batches for position in positions]
        assert drawn == sorted(set(drawn))
        assert drawn == [position_of[one] for ids, _ in batches for one in ids]
    assert len(rows) == sum(len(ids) for batches in written for ids, _ in batches)
    whose = {one: writer for writer, batches in enumerate(written) for ids, _ in batches for one in ids}
    turns = [whose[identity] for identity, _, _ in rows]
    assert sum(before != after for before, after in pairwise(turns)) > WRITERS  # they did race
