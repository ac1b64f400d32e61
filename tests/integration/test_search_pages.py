"""Pages of a log of years, and of one that is being written: whole and in order."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, product, repeat
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from lrs.database import read_pool
from lrs.statement_log.search import FIRST_WINDOW, MOST_GROWTH, Search
from lrs.statement_log.search_keys import keys_of, search_terms
from schemas.statement_query import StatementQuery
from tests.acceptance.course_log import TENANT, CourseLog

pytestmark = pytest.mark.anyio

TICK = timedelta(microseconds=1)
VERBS = ("http://example.com/did", "http://example.com/saw")
NEVER_ENDS = 1000
LEARNERS = 500


def statement(identity: UUID, number: int) -> dict[str, Any]:
    """Every third did something, the others saw something."""
    return {
        "id": str(identity),
        "actor": {"mbox": f"mailto:learner{number % LEARNERS}@example.com"},
        "verb": {"id": VERBS[number % 3 > 0]},
        "object": {"id": f"http://example.com/page/{number % 7}"},
    }


def identities(count: int, seed: int) -> list[UUID]:
    """The same ids for the same seed."""
    chance = random.Random(seed)
    return [UUID(int=chance.getrandbits(128), version=4) for _ in range(count)]


@dataclass(frozen=True)
class Row:
    """A statement of the log, and where it lies."""

    id: UUID
    stored: datetime
    position: int
    value: dict[str, Any]


async def store(log: CourseLog, values: Sequence[dict[str, Any]], moments: Sequence[datetime]) -> list[Row]:
    """Write into the log as it would have been at those moments; positions are drawn in the order given."""
    salt = await log.log.salt(TENANT)
    with psycopg.connect(log.url, autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").rowcount:
            month = datetime.now(UTC).strftime("%Y-%m-01Z")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS statement_before PARTITION OF statement"
                f" FOR VALUES FROM ('2000-01-01Z') TO ('{month}')"
            )
        connection.execute(
            """INSERT INTO statement (tenant, position, stored, id, authority, keys, payload)
            SELECT %s, nextval('event_position'), u.stored, u.id, %s, u.keys::bigint[], u.payload::json
            FROM unnest(%s::timestamptz[], %s::uuid[], %s::text[], %s::text[]) AS u (stored, id, keys, payload)""",
            [
                TENANT,
                log.authority.number,
                list(moments),
                [UUID(value["id"]) for value in values],
                [str(set(keys_of(search_terms(value, log.authority.agent), salt))) for value in values],
                [msgspec.json.encode(value).decode() for value in values],
            ],
        )
        rows = {one: (at, place) for one, at, place in connection.execute("SELECT id, stored, position FROM statement")}
    return [Row(UUID(value["id"]), *rows[UUID(value["id"])], value) for value in values]


def expected(rows: Sequence[Row], query: StatementQuery) -> list[UUID]:
    """What the query asks for, in its order."""
    found = [
        row
        for row in rows
        if (query.since is None or row.stored > query.since)
        and (query.until is None or row.stored <= query.until)
        and (query.verb is None or row.value["verb"]["id"] == query.verb)
    ]
    return [one.id for one in sorted(found, key=lambda row: (row.stored, row.position), reverse=not query.ascending)]


async def pages(search: Search, log: CourseLog, query: StatementQuery, size: int) -> list[list[UUID]]:
    """Page after page until there is none."""
    salt, cursor, found = await log.log.salt(TENANT), None, list[list[UUID]]()
    while len(found) < NEVER_ENDS:
        page = await search.page(TENANT, salt, query, cursor, size)
        found.append([one.id for one in page.statements])
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("there is always another page")


def window_ends() -> list[timedelta]:
    """How far from where it begins a search looks, step by step, up to more than a year; then comes all there is."""
    return list(accumulate(FIRST_WINDOW * MOST_GROWTH**step for step in range(2)))


async def test_a_log_of_years_is_found_whole(database_url: str) -> None:
    """With statements at, just before and just behind every place where one window ends and the next begins."""
    end = datetime.now(UTC) - timedelta(hours=1)
    begin = end - window_ends()[-1] - timedelta(days=400)
    edges = [end, begin, *(end - length for length in window_ends()), *(begin + length for length in window_ends())]
    moments = [edge + shift for edge in edges for shift in (-TICK, timedelta(0), TICK)]
    moments += [*repeat(begin + timedelta(days=700), 6), begin - timedelta(days=3000)]
    random.Random(1).shuffle(moments)
    values = [statement(identity, number) for number, identity in enumerate(identities(len(moments), 2))]
    middle, gap = begin + timedelta(days=700), end - timedelta(days=100)
    async with CourseLog.open(database_url) as log, read_pool(database_url) as pool:
        rows, search = await store(log, values, moments), Search(pool)
        for ascending in (False, True):
            for since in (None, begin - TICK, begin, begin + FIRST_WINDOW, middle, gap, end + TICK):
                for until in (None, end, end - FIRST_WINDOW, middle, gap):
                    for verb, size in ((None, 2), (None, 100), (VERBS[0], 3)):
                        query = StatementQuery(verb=verb, since=since, until=until, ascending=ascending)
                        wanted = expected(rows, query)
                        found = await pages(search, log, query, size)
                        assert [one for page in found for one in page] == wanted, query
                        assert [len(page) for page in found[:-1]] == [size] * (len(found) - 1), query
                        assert found[-1] or not wanted, query


async def test_pages_of_a_log_that_is_being_written(database_url: str) -> None:
    """What was there at the start comes once and in order; what comes later comes once or not at all.

    Meanwhile at least as many statements are stored as pages are read.
    """
    first = identities(150, 3)
    async with CourseLog.open(database_url) as log, read_pool(database_url) as pool:
        for at in range(0, 150, 10):
            await log.append([statement(first[number], number) for number in range(at, at + 10)])
        search, salt = Search(pool), await log.log.salt(TENANT)
        for seed, (ascending, verb) in enumerate(product((False, True), (None, VERBS[0]))):
            query = StatementQuery(verb=verb, ascending=ascending)
            wanted = [one for page in await pages(search, log, query, 50) for one in page]
            assert set(wanted) >= {one for number, one in enumerate(first) if verb is None or number % 3 == 0}
            seen, cursor = list[UUID](), None
            async with being_written(log, seed) as written:
                while True:
                    page = await search.page(TENANT, salt, query, cursor, 7)
                    await written.acquire()
                    seen += [one.id for one in page.statements]
                    cursor = page.next
                    if cursor is None or set(wanted) <= set(seen):
                        break
            assert [one for one in seen if one in set(wanted)] == wanted
            assert len(seen) == len(set(seen))


@asynccontextmanager
async def being_written(log: CourseLog, seed: int) -> AsyncIterator[asyncio.Semaphore]:
    """Three write as long as the block lasts; the semaphore is released for each statement."""
    enough, written = asyncio.Event(), asyncio.Semaphore(0)

    async def write(own: int) -> None:
        for number, identity in enumerate(identities(5000, own)):
            if enough.is_set():
                return
            await log.append([statement(identity, number)])
            written.release()
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(write(100 + 3 * seed + number))
        try:
            yield written
        finally:
            enough.set()
