"""The projector parks what cannot be digested, and nothing else, and can be interrupted anywhere on the way."""

import errno
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from projections import apply, checkpoint, moved_rows
from projections.checkpoint import Moved
from projections.digestion import Indigestible, is_poison
from projections.fact import derived
from projections.fact_rows import write_facts
from schemas.dead_letter import LETTER_DISCARDED, LETTER_RETRIED
from tests.acceptance.course_log import CourseLog
from tests.acceptance.poison import poisoned
from tests.acceptance.read_back import read_models
from tests.integration.test_checkpoint import statement

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def number_of(statement_number: int) -> UUID:
    """The id of one of the statements."""
    return UUID(int=statement_number + 1)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyError("x"), True),
        (AssertionError(), True),
        (RecursionError(), True),
        (OverflowError(), True),
        (psycopg.DataError(), True),
        (psycopg.errors.UniqueViolation(), True),
        (psycopg.errors.ProgramLimitExceeded(), True),
        (psycopg.OperationalError("the server has gone"), False),
        (psycopg.InterfaceError("the connection is closed"), False),
        (psycopg.errors.ReadOnlySqlTransaction(), False),
        (psycopg.errors.DiskFull(), False),
        (psycopg.errors.DeadlockDetected(), False),
        (psycopg.errors.QueryCanceled(), False),
        (psycopg.errors.UndefinedTable(), False),
        (psycopg.errors.InsufficientPrivilege(), False),
        (PoolTimeout(), False),
        (TimeoutError(), False),
        (OSError(errno.ENOSPC, "no space"), False),
        (MemoryError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_is_a_fault_of_the_statement(error: Exception, expected: bool) -> None:
    assert is_poison(error) is expected


@pytest.mark.parametrize("failing", [0, 2, 4])
async def test_interrupted_anywhere_it_is_as_if_it_had_not_been(
    database_url: str, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """A processor ends before its so manieth commit of what was decided; the next one goes on."""
    faults: dict[UUID, Any] = {number_of(0): "fold", number_of(11): "write", number_of(25): "fold"}
    async with CourseLog.open(database_url) as log:
        with poisoned(faults):
            await log.append([statement(number) for number in range(60)])
            await log.project()
            first, second, _ = (position for position, one in log.letters().items() if one.startswith("parked"))
            del faults[number_of(0)]
            log.configure(NOW, LETTER_RETRIED, {"position": first})
            log.configure(NOW, LETTER_DISCARDED, {"position": second})
            commits = Commits(failing)
            monkeypatch.setattr(checkpoint, "move", commits.move)
            with pytest.raises(psycopg.OperationalError):
                await log.project()
            monkeypatch.undo()
            log.start_anew()
        with poisoned(faults):
            await log.project()
            letters = log.letters()
            assert {"parked", "waiting", "discarded"} == {one.split()[0] for one in letters.values()}
            assert all("KeyError" in one for one in letters.values() if one.startswith("parked"))
            assert log.differences(but_for=letters) == []
            live = read_models(database_url)
            await log.forget_read_models()
            await log.project()
            assert log.letters().keys() == letters.keys()
            assert read_models(database_url) == live


class Commits:
    """Counts how often the checkpoint moves; the database goes at one of them."""

    def __init__(self, failing: int) -> None:
        self._left = failing
        self._move: Callable[..., Any] = checkpoint.move

    async def move(self, connection: AsyncConnection, *arguments: Any) -> Moved:
        self._left -= 1
        if self._left < 0:
            raise psycopg.OperationalError("the power went out")
        moved: Moved = await self._move(connection, *arguments)
        return moved


async def test_a_batch_full_of_poison_moves_on(database_url: str) -> None:
    told = [number for number in range(50) if number % 10 != 9]
    async with CourseLog.open(database_url) as log:
        with poisoned({number_of(number): "fold" for number in told}):
            await log.append([statement(number) for number in range(50)])
            await log.tick(NOW)
            await log.project()
        letters = log.letters()
        assert len(letters) == len(told)
        assert log.differences(but_for=letters) == []


async def test_a_voiding_statement_that_cannot_be_digested(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it; tried again it voids, and discarding it changes nothing."""
    write = write_facts

    async def fail(connection: AsyncConnection, tenant: int, found: Any, voids: Any, *rest: Any) -> Any:
        if voids:
            raise KeyError("of a planted fault")
        return await write(connection, tenant, found, voids, *rest)

    async with CourseLog.open(database_url) as log:
        await log.append([statement(number) for number in range(12)])
        monkeypatch.setattr(apply, "write_facts", fail)
        await log.project()
        ((position, standing),) = log.letters().items()
        assert standing.startswith("parked 1 None KeyError")
        assert log.differences(but_for=[position]) == []
        monkeypatch.undo()
        log.configure(NOW, LETTER_DISCARDED, {"position": position})
        await log.project()
        assert list(log.letters().values()) == [standing]
        log.configure(NOW, LETTER_RETRIED, {"position": position})
        await log.project()
        assert log.differences() == []


async def test_what_is_set_and_cannot_be_taken_in_is_waited_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It concerns everybody, so the read models stand still rather than go on without it; nothing is parked."""

    async def fail(*_: Any) -> Any:
        raise KeyError("of a planted fault")

    async with CourseLog.open(database_url) as log:
        await log.append([statement(number) for number in range(5)])
        await log.project()
        monkeypatch.setattr(apply, "write_aged", fail)
        await log.tick(NOW)
        await log.append([statement(number) for number in range(5, 9)])
        with pytest.raises(Indigestible):
            await log.project()
        monkeypatch.undo()
        log.start_anew()
        await log.project()
        assert log.differences() == []


async def test_a_mapping_of_what_is_parked(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set of an activity is followed by its other statements, and by the parked one once it is digested."""
    faulty = {number_of(0)}

    def derived_but(position: int, statement_id: UUID, *rest: Any) -> Any:
        if statement_id in faulty:
            raise KeyError("of a planted fault")
        return derived(position, statement_id, *rest)

    monkeypatch.setattr(moved_rows, "derived", derived_but)
    async with CourseLog.open(database_url) as log:
        await log.append([statement(number) for number in range(9)])
        await log.project()
        assert len(log.letters()) == 2
        log.configure(
            NOW, "mapping.set", {"activity": statement(0)["object"]["id"], "course": "http://course.example/b"}
        )
        await log.project()
        assert log.differences(but_for=log.letters()) == []
        faulty.clear()
        log.configure(NOW, LETTER_RETRIED, {"position": min(log.letters())})
        await log.project()
        assert log.differences() == []
