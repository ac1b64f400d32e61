"""A log whose statements refer to one another, with what settles the references and what searches it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection

from lrs.database import Pool, read_pool, write_pool
from lrs.statement_log.new_row import Row, columns
from lrs.statement_log.references import Left, References, target_of
from lrs.statement_log.safe_bound import SafeBound
from lrs.statement_log.search import Search
from lrs.statement_log.search_keys import elements_of, search_terms
from lrs.statement_log.sql import QUERIES
from schemas.statement import NewStatement, read_statements
from schemas.statement_query import StatementQuery
from schemas.version import XapiVersion
from tests.acceptance.course_log import TENANT, CourseLog


def verb(number: int) -> str:
    """The verb of statement `number`, and of no other."""
    return f"http://example.com/verbs/{number}"


def statement(number: int, target: int | None = None) -> NewStatement:
    """Statement `number`, which refers to another or not."""
    value: dict[str, Any] = {
        "id": str(UUID(int=number)),
        "actor": {"mbox": "mailto:learner@example.com"},
        "verb": {"id": verb(number)},
        "object": {"id": "http://example.com/it"},
    }
    if target is not None:
        value["object"] = {"objectType": "StatementRef", "id": str(UUID(int=target))}
    (read,) = read_statements(msgspec.json.encode(value), XapiVersion.V1_0_3)
    return read


@dataclass
class Stage:
    """A log with what settles its references and what searches it."""

    course: CourseLog
    references: References
    search: Search
    reading: Pool
    salt: bytes

    async def append(self, *batch: NewStatement) -> None:
        """Store as a request would."""
        await self.course.log.append(TENANT, self.course.authority, batch)

    async def found(self, number: int) -> list[int]:
        """The statements that are found by the verb of one, in the order of their numbers."""
        query = StatementQuery(verb=verb(number))
        page = await self.search.page(TENANT, self.salt, query, None, 1000)
        assert page.next is None
        return sorted(one.id.int for one in page.statements)

    async def settled(self) -> None:
        """Return once everything is; the server's own transactions are waited for too."""
        async with asyncio.timeout(20):
            while True:
                if await self.references.settle() is Left.NOTHING:
                    return
                await asyncio.sleep(0.01)

    async def held_back(self) -> bool:
        """Whether the log claims less than that it is whole, though every statement in it is surely there."""
        newest, bound = self.newest_stored(), SafeBound()
        async with self.reading.connection() as connection, asyncio.timeout(20):
            while True:
                if (await bound.advance(connection)).stored_floor > newest:
                    break
                await asyncio.sleep(0.01)
        return await self.search.consistent_through() <= newest

    async def until_whole(self) -> None:
        """Until somebody has settled everything."""
        async with asyncio.timeout(20):
            while True:
                if not await self.held_back():
                    return
                await asyncio.sleep(0.01)

    def newest_stored(self) -> datetime:
        """When the newest statement was stored."""
        with psycopg.connect(self.course.url) as connection:
            row = connection.execute("SELECT max(stored) FROM statement").fetchone()
        assert row is not None
        newest: datetime = row[0]
        return newest

    async def append_in(self, connection: AsyncConnection, *batch: NewStatement) -> None:
        """The SQL of `append`, in whatever transaction the connection is in."""
        agent = self.course.authority.agent
        number = self.course.authority.number
        rows = [
            Row(
                TENANT,
                one.id,
                one.digest,
                one.timestamp,
                number,
                elements_of(search_terms(one.value, agent), self.salt),
                one.payload,
                one.voids,
                refers=target_of(one.value),
            )
            for one in batch
        ]
        await connection.execute(QUERIES.append.sql, columns(rows))


@asynccontextmanager
async def stage(url: str) -> AsyncIterator[Stage]:
    """Over a migrated database, in which there is a chunk already: who makes one keeps others out until he commits."""
    async with CourseLog.open(url) as course, write_pool(url, size=1) as write, read_pool(url) as read:
        made = Stage(course, References(write), Search(read), read, await course.log.salt(TENANT))
        await made.append(statement(10_000))
        yield made
