"""Rows and checkpoint move together or not at all: no event is applied twice, none half, whoever else is at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

from projections import checkpoint
from projections.apply import PROJECTION, VERSION, OutOfTurn, Projector
from projections.checkpoint import Checkpoint, Moved, OtherVersion
from schemas.log_event import LogEvent
from streams.log_tail import LogTail
from tests.acceptance.course_log import CourseLog
from tests.integration.log_under_load import START, connections

pytestmark = pytest.mark.anyio

CLOCK = datetime(2026, 9, 1, tzinfo=UTC)
ADL = "http://adlnet.gov/expapi/"
COURSE = {"id": "http://course.example/", "definition": {"type": ADL + "activities/course", "name": {"en": "Course"}}}
NODES = [(f"http://course.example/lesson/{number}", "lesson", "completed") for number in range(4)]
NODES += [(f"http://course.example/quiz/{number}", "assessment", "passed") for number in range(2)]
NODES += [("http://course.example/clip", "media", "initialized")]
TABLES = (
    "iri",
    "person",
    "fact",
    "claim",
    "outline_claim",
    "outline_node",
    "node_progress",
    "attempt",
    "gradebook",
    "media_coverage",
    "activity_daily",
    "enrollment",
    "risk_state",
    "clock",
)
Tables = dict[str, list[tuple[str]]]


def identity(number: int) -> str:
    """The id of the statement with this number."""
    return str(UUID(int=number + 1))


def statement(number: int) -> dict[str, Any]:
    """Five learners go through the course; every tenth statement voids the one six before, of the fourth of them."""
    if number % 10 == 9:
        return {
            "id": identity(number),
            "actor": {"mbox": "mailto:admin@example.com"},
            "verb": {"id": ADL + "verbs/voided"},
            "object": {"objectType": "StatementRef", "id": identity(number - 6)},
        }
    iri, kind, verb = NODES[number // 5 % len(NODES)]
    definition = {"type": f"{ADL}activities/{kind}", "name": {"en": f"{kind} {number % 7}"}}
    return {
        "id": identity(number),
        "actor": {"mbox": f"mailto:learner{number % 5}@example.com", "name": f"Learner {number % 3}"},
        "verb": {"id": f"{ADL}verbs/{verb}"},
        "object": {"id": iri, "definition": definition},
        "result": {"score": {"scaled": number % 11 / 10}, "success": True},
        "context": {"contextActivities": {"grouping": [COURSE]}},
        "timestamp": f"2026-05-{1 + number % 28:02}T10:00:00Z",
    }


@dataclass
class Batches:
    """A log that is read already, step by step, and what two projectors write with."""

    course: CourseLog
    steps: list[tuple[list[LogEvent], Checkpoint, Checkpoint]]
    one: AsyncConnection
    other: AsyncConnection

    def tables(self) -> Tables:
        """Every row of every read model as text, and the checkpoint."""
        with psycopg.connect(self.course.url) as connection:
            found: Tables = {
                one: connection.execute(f"SELECT t::text FROM {one} AS t ORDER BY 1").fetchall() for one in TABLES
            }
            found["checkpoint"] = connection.execute(
                "SELECT (projection, shard, version, position, stored_floor)::text FROM projection_checkpoint"
            ).fetchall()
        return found

    async def undisturbed(self) -> Tables:
        """The tables after the same steps, begun anew, with nobody else at work."""
        await self.course.forget_read_models()
        projector = Projector()
        for events, begin, end in self.steps:
            await projector.apply(self.one, events, begin, end)
        return self.tables()


@asynccontextmanager
async def batches(url: str, size: int = 12) -> AsyncIterator[Batches]:
    """A course in the log, in steps of so many events."""
    async with CourseLog.open(url) as course, connections(url, 3) as (one, other, log):
        await course.append([statement(number) for number in range(70)])
        await course.tick(CLOCK)
        await course.append([statement(number) for number in range(70, 100)])
        tail, at = LogTail(log), START
        steps: list[tuple[list[LogEvent], Checkpoint, Checkpoint]] = []
        while sum(len(events) for events, _, _ in steps) < 101:
            events, end = await tail.read(at, size)
            if events:
                steps.append((events, at, end))
            at = end
        yield Batches(course, steps, one, other)


async def test_out_of_turn_changes_nothing(database_url: str) -> None:
    async with batches(database_url) as given:
        projector = Projector()
        first, second, third, *_ = given.steps
        await projector.apply(given.one, *first)
        await projector.apply(given.one, *second)
        before = given.tables()
        for events, begin, end in (first, second, given.steps[-1], (third[0], START, third[2])):
            for attempting in (projector, Projector()):
                with pytest.raises(OutOfTurn):
                    await attempting.apply(given.one, events, begin, end)
        assert given.tables() == before
        for step in given.steps[2:]:
            await projector.apply(given.one, *step)
        assert given.course.differences() == []
        after = given.tables()
        assert after == await given.undisturbed()
    assert all(after.values())


async def test_what_is_remembered_changes_nothing(database_url: str) -> None:
    """A projector that has applied every batch, and one for each batch, which remembers nothing."""
    async with batches(database_url, size=5) as given:
        remembering = await given.undisturbed()
        await given.course.forget_read_models()
        for step in given.steps:
            await Projector().apply(given.one, *step)
        assert given.tables() == remembering
        assert given.course.differences() == []


@pytest.mark.parametrize("failing", [0, 3])
async def test_a_failure_between_rows_and_checkpoint(
    database_url: str, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """What fails after the rows are written, and before the checkpoint, is as if it had never begun."""
    written: list[int] = []

    async def fail(connection: AsyncConnection, *_: object) -> Moved:
        row = await (await connection.execute("SELECT count(*) FROM fact")).fetchone()
        assert row is not None
        written.append(row[0])
        raise RuntimeError("the power went out")

    async with batches(database_url) as given:
        projector = Projector()
        for step in given.steps[:failing]:
            await projector.apply(given.one, *step)
        before = given.tables()
        for _ in range(2):
            monkeypatch.setattr(checkpoint, "move", fail)
            with pytest.raises(RuntimeError, match="power"):
                await projector.apply(given.one, *given.steps[failing])
            monkeypatch.undo()
            assert given.tables() == before
        for step in given.steps[failing:]:
            await projector.apply(given.one, *step)
        assert given.course.differences() == []
        assert given.tables() == await given.undisturbed()
    assert min(written) > len(before["fact"])


async def test_a_lost_connection_between_rows_and_checkpoint(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends the connection in the middle: the same projector goes on with another one."""

    async def end(connection: AsyncConnection, *_: object) -> Moved:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError

    async with batches(database_url) as given:
        projector = Projector()
        await projector.apply(given.one, *given.steps[0])
        before = given.tables()
        monkeypatch.setattr(checkpoint, "move", end)
        with pytest.raises(psycopg.OperationalError):
            await projector.apply(given.one, *given.steps[1])
        monkeypatch.undo()
        assert given.tables() == before
        for step in given.steps[1:]:
            await projector.apply(given.other, *step)
        given.one = given.other
        assert given.tables() == await given.undisturbed()


async def test_two_projectors_race(database_url: str) -> None:
    """Each step is applied by one of them, even the first, for which there is no checkpoint yet."""
    async with batches(database_url, size=3) as given:
        projectors = Projector(), Projector()
        winners = set()
        for turn, step in enumerate(given.steps):
            order = (0, 1) if turn % 2 else (1, 0)
            outcomes = await asyncio.gather(
                *(projectors[one].apply((given.one, given.other)[one], *step) for one in order), return_exceptions=True
            )
            lost = [isinstance(one, OutOfTurn) for one in outcomes]
            assert sorted(lost) == [False, True], outcomes
            won = lost.index(False)
            assert not isinstance(outcomes[won], BaseException)
            winners.add(order[won])
        assert winners == {0, 1}
        assert given.course.differences() == []
        assert given.tables() == await given.undisturbed()


async def test_the_second_waits_for_the_first(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once: the second does not begin before the first has moved the checkpoint, and then loses its turn."""
    arrived, go_on = asyncio.Event(), asyncio.Event()
    move = checkpoint.move

    async def linger(*arguments: Any) -> Moved:
        arrived.set()
        await go_on.wait()
        return await move(*arguments)

    monkeypatch.setattr(checkpoint, "move", linger)
    async with batches(database_url) as given:
        first = asyncio.create_task(Projector().apply(given.one, *given.steps[0]))
        await arrived.wait()
        second = asyncio.create_task(Projector().apply(given.other, *given.steps[0]))
        await asyncio.sleep(0.2)
        assert not second.done()
        go_on.set()
        assert await first
        with pytest.raises(OutOfTurn):
            await second


async def test_a_locked_checkpoint_is_held_until_the_transaction_ends(database_url: str) -> None:
    free = "SELECT FROM projection_checkpoint FOR UPDATE SKIP LOCKED"
    async with connections(database_url, 2) as (one, other):
        for _ in range(2):  # the first time it is begun, the second time it is there
            async with one.transaction():
                await checkpoint.lock(one, PROJECTION, 0, VERSION)
                assert (await other.execute(free)).rowcount == 0
            assert (await other.execute(free)).rowcount == 1


async def test_moving_is_compare_and_set(database_url: str) -> None:
    async with connections(database_url, 1) as (connection,):
        at = await checkpoint.lock(connection, PROJECTION, 0, VERSION)
        assert at == START
        to = Checkpoint(5, CLOCK)
        assert await checkpoint.move(connection, PROJECTION, 0, at, to) is Moved.MOVED
        assert await checkpoint.move(connection, PROJECTION, 0, at, Checkpoint(9, CLOCK)) is Moved.TAKEN
        assert await checkpoint.move(connection, PROJECTION, 1, at, to) is Moved.TAKEN
        loaded = to._replace(stored_floor=to.stored_floor + timedelta(seconds=1))  # history was loaded meanwhile
        assert await checkpoint.move(connection, PROJECTION, 0, loaded, Checkpoint(9, CLOCK)) is Moved.TAKEN
        assert await checkpoint.lock(connection, PROJECTION, 0, VERSION) == to
        assert await checkpoint.lock(connection, PROJECTION, 1, VERSION) == START


async def test_tables_of_another_version_are_left_alone(database_url: str) -> None:
    async with batches(database_url) as given:
        projector = Projector()
        await projector.apply(given.one, *given.steps[0])
        await given.one.execute("UPDATE projection_checkpoint SET version = version + 1")
        before = given.tables()
        with pytest.raises(OtherVersion):
            await projector.apply(given.one, *given.steps[1])
        with pytest.raises(OtherVersion):
            await projector.checkpoint(given.one)
        assert given.tables() == before
