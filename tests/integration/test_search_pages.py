"""Pages of a log of years, of one that is being written, and of a large one: whole, in order, by way of an index."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, product, repeat
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.database import read_pool
from lrs.statement_log.search import FIRST_WINDOW, Search
from lrs.statement_log.search_keys import keys_of, search_terms
from schemas.statement_query import StatementQuery
from tests.acceptance.course_log import TENANT, CourseLog

pytestmark = pytest.mark.anyio

TICK = timedelta(microseconds=1)
VERBS = ("http://example.com/did", "http://example.com/saw")
NOTHING: Sequence[Any] = ()
NEVER_ENDS = 1000
LARGE = 20_000
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
    """How far from where it begins a search looks, step by step, up to some six years."""
    return list(accumulate(FIRST_WINDOW * 4**step for step in range(5)))


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


# --- plans -------------------------------------------------------------------------------------------------------


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's node and all below it."""
    yield plan
    for below in plan.get("Plans", NOTHING):
        yield from nodes(below)


async def plans_of(
    pool: Any, log: CourseLog, query: StatementQuery, size: int, monkeypatch: pytest.MonkeyPatch
) -> list[list[dict[str, Any]]]:
    """The nodes of what PostgreSQL does for the second page of a query, window by window; it is run for that."""
    asked = list[tuple[str, Any]]()
    execute: Any = AsyncConnection.execute

    async def remembering(self: AsyncConnection, sql: str, values: Any = None, **options: Any) -> Any:
        asked.append((sql, values))
        return await execute(self, sql, values, **options)

    search, salt = Search(pool), await log.log.salt(TENANT)
    first = await search.page(TENANT, salt, query, None, size)
    assert first.next is not None
    with monkeypatch.context() as patched:
        patched.setattr(AsyncConnection, "execute", remembering)
        await search.page(TENANT, salt, query, first.next, size)
    found = []
    async with pool.connection() as connection:
        for sql, values in asked:
            if "statement_void" in sql:
                cursor = await connection.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, values)
                ((plan,),) = await cursor.fetchall()
                found.append(list(nodes(plan[0]["Plan"])))
    assert found
    return found


async def test_a_large_log_is_read_by_its_indexes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)
    now = datetime.now(UTC)
    moments = sorted(now - timedelta(days=5) * chance.random() for _ in range(LARGE))
    values = [statement(identity, number) for number, identity in enumerate(identities(LARGE, 6))]
    learner = {"mbox": "mailto:learner77@example.com"}
    async with CourseLog.open(database_url) as log, read_pool(database_url) as pool:
        await store(log, values, moments)
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE statement")
            parts = {row[0] for row in connection.execute("SELECT DISTINCT tableoid::regclass::text FROM statement")}
            parts = {part.rpartition(".")[2] for part in parts}
            indexes = {
                name: definition.partition(" USING ")[2].replace('"', "")
                for name, definition in connection.execute("SELECT indexname, indexdef FROM pg_indexes")
            }

        def used(plan: list[dict[str, Any]]) -> set[str]:
            return {indexes[node["Index Name"]].partition(" WITH")[0] for node in plan if "Index Name" in node}

        for ascending in (False, True):
            newest = StatementQuery(ascending=ascending)
            for plan in await plans_of(pool, log, newest, 100, monkeypatch):
                assert "btree (stored, position)" in used(plan)
                assert "gin (keys)" not in used(plan)
                assert not [node for node in plan if "Sort" in node["Node Type"]]
                assert touched(plan, parts) <= 110
            for query in (
                replace(newest, agent=learner),
                replace(newest, agent=learner, related_agents=True),
                replace(newest, agent=learner, verb=VERBS[0]),
            ):
                for plan in await plans_of(pool, log, query, 10, monkeypatch):
                    assert "gin (keys)" in used(plan)
                    assert touched(plan, parts) <= LARGE / LEARNERS


def touched(plan: list[dict[str, Any]], parts: set[str]) -> float:
    """How many rows of the log were read; none of them by reading all."""
    scans = [node for node in plan if node.get("Relation Name") in parts]
    assert scans
    assert not [node for node in scans if node["Node Type"] == "Seq Scan"]
    return sum(
        float((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]) for node in scans
    )
