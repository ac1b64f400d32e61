"""A course whose read models a test writes itself, at positions of its choice, and a server that shows it.

What is committed and what is then said on the bus are two steps, so that a test can stand between them.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from psycopg import AsyncConnection

from lrs.access.credentials import Credentials
from lrs.api import courses, live, problems
from lrs.api.services import Services
from lrs.attachments.store import Attachments
from lrs.configuration.store import Configurations
from lrs.dashboard import pages
from lrs.database import read_pool
from lrs.documents.store import Documents
from lrs.health.standing import Watch
from lrs.metrics.meter import Meter
from lrs.settings import Settings
from lrs.statement_log.log import StatementLog
from lrs.statement_log.repairs import Repairs
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
MODULE_IRI = "https://example.org/module"
VIDEO_IRI = "https://example.org/video"
QUIZ_IRI = "https://example.org/quiz"
COURSE, MODULE, VIDEO, QUIZ = map(name_of, (COURSE_IRI, MODULE_IRI, VIDEO_IRI, QUIZ_IRI))
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
        for iri, title, kind, parent, rule, graded in (
            (COURSE_IRI, "A <course>", "course", None, "content", False),
            (MODULE_IRI, "First", "module", COURSE, "content", False),
            (QUIZ_IRI, None, "unit", MODULE, "assessment", True),
            (VIDEO_IRI, "Watch", "unit", MODULE, "media", False),
        ):
            values = {"iri": iri, "title": title, "kind": kind, "parent": parent, "rule": rule, "graded": graded}
            await self._write(OUTLINE_NODE, course=COURSE, node=name_of(iri), required=kind == "unit", **values)
        for iri in (QUIZ_IRI, ANSWERED):
            await self._write(IRI, id=name_of(iri), iri=iri)
        await self.commit([], 0)
        self.bus.start(0)

    async def enroll(self, number: int, *, status: str = "active", done: int = 0, idle_days: int = 0) -> UUID:
        """Write a learner's rows. done: 1 for the video, 2 for the quiz (with a score of 0.8) too."""
        person = learner(number)
        enrolled = NOW - timedelta(days=30)
        last = NOW - timedelta(days=idle_days)
        both = {"course": COURSE, "person": person, "last_activity_at": last, "last_activity_id": statement(number)}
        await self._write(
            PERSON, person=person, ifi=f"mbox:mailto:learner{number}@example.org", name=f"Learner {number}"
        )
        await self._write(
            ENROLLMENT,
            **both,
            status=status,
            enrolled_at=enrolled,
            started_at=enrolled,
            completed_nodes=done,
            progress_sum=float(done),
            score_sum=0.8 if done == 2 else 0.0,
            scores=int(done == 2),
            by_policy=False,
        )
        for place, node in enumerate((VIDEO, QUIZ), 1):
            await self._write(
                NODE_PROGRESS,
                **both,
                node=node,
                state="completed" if done >= place else "in_progress",
                fraction=float(done >= place),
                first_at=enrolled + timedelta(hours=place),
                last_at=last,
                statements=1,
                visits=1,
                duration=0,
                late=False,
            )
        await RISK_STATE.delete(self.connection, TENANT, [(COURSE, person, "inactive")])
        if idle_days >= 7:
            days = 14 if idle_days >= 14 else 7
            await self._write(
                RISK_STATE,
                course=COURSE,
                person=person,
                rule="inactive",
                level="high" if days == 14 else "warn",
                since=last + timedelta(days=days),
                threshold_days=days,
                evidence=statement(number),
            )
        return person

    async def leave(self, number: int) -> UUID:
        """Take a learner's line off the roster, as when every statement is voided."""
        await ENROLLMENT.delete(self.connection, TENANT, [(COURSE, learner(number))])
        return learner(number)

    async def answer(self, number: int, position: int, *, voided: int | None = None) -> None:
        """Write the fact of an answered quiz at a position of the log."""
        await self._write(
            FACT,
            position=position,
            id=statement(position),
            at=NOW,
            person=learner(number),
            course=COURSE,
            activity=QUIZ,
            verb=name_of(ANSWERED),
            event="answered",
            placement="context",
            score=0.8,
            score_suspect=False,
            success=True,
            voided_position=voided,
        )

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

    async def _write(self, table: Table, **values: object) -> None:
        await table.upsert(self.connection, TENANT, [tuple(values.get(column) for column in table.columns)])


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
            documents=Documents(pool),
            attachments=Attachments(pool, None),
            repairs=Repairs(pool),
            credentials=credentials,
            configurations=Configurations(pool, pool),
            primary_search=Search(pool),
            bus=course.bus,
            watch=Watch(pool),
            meter=Meter(Path("nowhere"), "test"),
            wake=lambda: None,
        )
        app = FastAPI()
        problems.install(app)
        app.state.services = services
        for router in (courses.router, live.router, pages.router):
            app.include_router(router)
        app.mount("/static", StaticFiles(directory=pages.HERE / "static"))
        async with _serving(app) as url, httpx.AsyncClient(base_url=url, auth=ACCOUNT, timeout=10) as client:
            yield course, client


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_level="warning", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await running
