"""A course whose read models a test writes itself, at positions of its choice, and a server that shows it.

What is committed and what is then said on the bus are two steps, so that a test can stand between them.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI
from psycopg import AsyncConnection

from lrs.access.credentials import Credentials
from lrs.api import courses, live, problems
from lrs.api.services import Services
from lrs.dashboard import pages
from lrs.database import read_pool
from lrs.settings import Settings
from lrs.statement_log.log import StatementLog
from lrs.statement_log.search import Search
from projections.fact import name_of
from projections.read_model_tables import (
    ENROLLMENT,
    FACT,
    IRI,
    NODE_PROGRESS,
    OUTLINE_NODE,
    PERSON,
    RISK_STATE,
    Table,
)
from streams.bus import Bus, Change

TENANT = 1
COURSE_IRI = "https://example.org/course"
COURSE = name_of(COURSE_IRI)
MODULE = name_of("https://example.org/module")
VIDEO = name_of("https://example.org/video")
QUIZ = name_of("https://example.org/quiz")
ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ACCOUNT = ("reader", "reader-secret")


def learner(number: int) -> UUID:
    """The person with this number."""
    return name_of(f"mbox:mailto:learner{number}@example.org")


def statement(number: int) -> UUID:
    """The id of the statement that brought a learner where he is."""
    return UUID(int=number + 1)


@dataclass
class LiveCourse:
    """The course, and the bus that tells of its changes."""

    connection: AsyncConnection
    bus: Bus
    position: int = 0

    async def begin(self) -> None:
        """The outline: a module with a video and a graded quiz."""
        rows: list[tuple[Any, ...]] = [
            (COURSE, COURSE, COURSE_IRI, None, "A <course>", "course", None, "content", False, False),
            (COURSE, MODULE, "https://example.org/module", None, "First", "module", COURSE, "content", False, False),
            (COURSE, QUIZ, "https://example.org/quiz", None, None, "unit", MODULE, "assessment", True, True),
            (COURSE, VIDEO, "https://example.org/video", None, "Watch", "unit", MODULE, "media", True, False),
        ]
        await self._write(OUTLINE_NODE, rows)
        iris = (COURSE_IRI, "https://example.org/quiz", ANSWERED)
        await self._write(IRI, [(name_of(iri), iri) for iri in iris])
        await self.commit([], 0)
        self.bus.start(0)

    async def enroll(self, number: int, *, status: str = "active", progress: float = 0.0, idle_days: int = 0) -> UUID:
        """Write a learner's rows; half of the course is the video, half the quiz, and `progress` is the sum of both."""
        person = learner(number)
        last = NOW - timedelta(days=idle_days)
        done = {VIDEO: progress >= 1, QUIZ: progress >= 2}
        await self._write(PERSON, [(person, f"mbox:mailto:learner{number}@example.org", f"Learner {number}")])
        enrolled = NOW - timedelta(days=30)
        grade = (0.8, 1) if done[QUIZ] else (0.0, 0)
        row = (
            (COURSE, person, status, enrolled, enrolled, last, statement(number), None, None)
            + (sum(done.values()), progress, None, *grade, None)
        )  # fmt: skip
        await self._write(ENROLLMENT, [row])
        await self._write(NODE_PROGRESS, [self._node(person, node, done[node], last, number) for node in done])
        await RISK_STATE.delete(self.connection, TENANT, [(COURSE, person, "inactive")])
        if idle_days >= 7:
            days = 14 if idle_days >= 14 else 7
            level = "high" if days == 14 else "warn"
            risk = (COURSE, person, "inactive", level, last + timedelta(days=days), days, statement(number))
            await self._write(RISK_STATE, [risk])
        return person

    async def leave(self, number: int) -> UUID:
        """Take a learner's line off the roster, as when every statement is voided."""
        await ENROLLMENT.delete(self.connection, TENANT, [(COURSE, learner(number))])
        return learner(number)

    async def answer(self, number: int, position: int, *, voided: int | None = None) -> None:
        """Write the fact of an answered quiz at a position of the log."""
        nothing = (None,) * 4
        fact = (
            (position, statement(position), NOW, learner(number), COURSE, QUIZ, name_of(ANSWERED), "answered", "context")
            + (None, None, *nothing, 0.8, False, True, None, None, None, None, None, None, voided)
        )  # fmt: skip
        await self._write(FACT, [fact])

    async def commit(self, persons: list[UUID], position: int) -> Change:
        """Move the checkpoint, say nothing."""
        self.position = position
        await self.connection.execute(
            "INSERT INTO projection_checkpoint (projection, shard, version, position, stored_floor)"
            " VALUES ('live', 0, 1, %s, now())"
            " ON CONFLICT (projection, shard) DO UPDATE SET position = excluded.position",
            [position],
        )
        return Change(position, TENANT, COURSE, frozenset(persons))

    async def tell(self, persons: list[UUID], position: int) -> None:
        """Commit, and say so on the bus."""
        change = await self.commit(persons, position)
        self.bus.publish(position, [change])

    async def _write(self, table: Table, rows: list[tuple[Any, ...]]) -> None:
        await table.upsert(self.connection, TENANT, sorted(rows, key=str))

    @staticmethod
    def _node(person: UUID, node: UUID, done: bool, last: datetime, number: int) -> tuple[Any, ...]:
        first = NOW - timedelta(days=30) + timedelta(hours=1 if node == VIDEO else 2)
        state = ("completed", 1.0) if done else ("in_progress", 0.0)
        end = (last, statement(number)) if done else (None, None)
        return (
            (COURSE, person, node, *state, first, last, first, last, statement(number), 1, None, *end, 1, 0)
            + (None, None, None)
        )  # fmt: skip


@asynccontextmanager
async def live_course(database_url: str) -> AsyncIterator[tuple[LiveCourse, httpx.AsyncClient]]:
    """The course without a learner, the clock at NOW, and a client of a server that shows it."""
    pool = read_pool(database_url)
    async with pool, await AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("INSERT INTO clock (tenant, now) VALUES (%s, %s)", [TENANT, NOW])
        credentials = Credentials(pool)
        await credentials.create(TENANT, *ACCOUNT)
        course = LiveCourse(connection, Bus())
        await course.begin()
        services = Services(
            settings=Settings(),
            read=pool,
            log=StatementLog(pool, pool),
            credentials=credentials,
            search=Search(pool),
            bus=course.bus,
            wake=lambda: None,
        )
        app = FastAPI()
        problems.install(app)
        app.state.services = services
        for router in (courses.router, live.router, pages.router):
            app.include_router(router)
        async with _serving(app) as url, httpx.AsyncClient(base_url=url, auth=ACCOUNT, timeout=10) as client:
            yield course, client


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_level="warning", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await running
