"""Whoever reads in ascending order misses nothing that a slow writer commits late: pages end at the safe bound."""

import asyncio
import random
from dataclasses import replace

import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.access.authorities import authority_of
from lrs.database import read_pool
from lrs.statement_log import search
from lrs.statement_log.search import Search
from schemas.statement_query import StatementQuery
from tests.acceptance.course_log import TENANT
from tests.integration.log_under_load import connections, store
from tests.integration.referring_log import Stage, stage, statement

pytestmark = pytest.mark.anyio

EVERYTHING = StatementQuery(ascending=True)
OF_THE_LEARNER = StatementQuery(ascending=True, agent={"mbox": "mailto:learner@example.com"})
PAGE = 3


class Reader:
    """Follows `more` to the end, and where there is none, asks for what was stored since the last one he saw."""

    def __init__(self, here: Stage, query: StatementQuery) -> None:
        self._here = here
        self._query = query
        self.seen: list[int] = []

    async def read_on(self) -> None:
        """Up to where the pages end."""
        cursor = None
        while True:
            page = await self._here.search.page(TENANT, self._here.salt, self._query, cursor, PAGE)
            self.seen += [one.id.int for one in page.statements]
            cursor = page.next
            if cursor is None:
                if page.statements:
                    self._query = replace(self._query, since=page.statements[-1].stored)
                return


@pytest.mark.parametrize("query", [EVERYTHING, OF_THE_LEARNER], ids=["everything", "filtered"])
async def test_a_writer_that_commits_late(
    database_url: str, query: StatementQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He has drawn his positions before others, who are done already; what the reader has not come to, he may not pass.

    One reader begins before him and one while he is at it.
    """
    monkeypatch.setattr(search, "SETTLE_SECONDS", 0.05)
    async with stage(database_url) as here, await AsyncConnection.connect(database_url) as slow:
        await here.append(*(statement(number) for number in range(1, 9)))
        first, second = Reader(here, query), Reader(here, query)
        await first.read_on()
        before = [10_000, *range(1, 9)]
        await here.append_in(slow, statement(20), statement(21))
        for number in range(30, 36):
            await here.append(statement(number))
        for _ in range(2):
            await first.read_on()
            await second.read_on()
        assert first.seen == before[: len(first.seen)]
        assert second.seen == before[: len(second.seen)]
        await slow.commit()
        await here.append(statement(40))
        with psycopg.connect(database_url) as connection:
            rows = connection.execute("SELECT id FROM statement ORDER BY stored, position").fetchall()
        whole = [one.int for (one,) in rows]
        assert whole == [*before, 20, 21, *range(30, 36), 40]
        async with asyncio.timeout(20):
            for reader in (first, second):
                while len(reader.seen) < len(whole):
                    await reader.read_on()
                assert reader.seen == whole


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)  # TimescaleDB makes one writer wait: its chunk
@pytest.mark.parametrize("ascending", [False, True])
async def test_the_first_of_all_is_committed_late(database_url: str, *, ascending: bool) -> None:
    """Where the log begins is not known before everything below the safe bound is there."""
    async with read_pool(database_url) as pool, connections(database_url, 2) as (slow, quick):
        await authority_of(quick, TENANT, {"mbox": "mailto:lms@example.com"})
        pages, chance = Search(pool), random.Random(1)
        async with slow.transaction():
            (first,) = await store(slow, chance)
            (second,) = await store(quick, chance)
            seen = await pages.page(TENANT, b"", StatementQuery(), None, PAGE)
            assert [one.position for one in seen.statements] == [second]
        page = await pages.page(TENANT, b"", StatementQuery(ascending=ascending), None, PAGE)
    assert [one.position for one in page.statements] == ([first, second] if ascending else [second, first])
