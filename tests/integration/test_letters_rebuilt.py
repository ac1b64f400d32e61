"""Dead letters where read models are built again: what is parked, waits or is discarded stays so."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from lrs.database import rebuild_pool
from lrs.rebuild_course import rebuild_course
from lrs.worlds.builder import Builder
from lrs.worlds.building import WorldIndigestible
from lrs.worlds.world import World
from lrs.worlds.worlds import find
from projections import checkpoint, digestion
from projections.fact import name_of
from schemas.dead_letter import LETTER_DISCARDED, LETTER_RETRIED
from schemas.errors import NotReadYet
from streams.rebuild import turn
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.poison import poisoned
from tests.integration.aged_log import age
from tests.integration.test_checkpoint import identity, statement
from tests.integration.test_rebuild import course, dropped, rebuilt, rows

pytestmark = pytest.mark.anyio
COURSE = "http://course.example/"
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def number_of(number: int) -> UUID:
    """The id of one of the statements."""
    return UUID(identity(number))


async def test_letters_of_a_course_stay_what_they_are(database_url: str) -> None:
    """What is discarded does not come back, and who waits goes on waiting, when one course is built again."""
    faults: dict[UUID, Any] = {number_of(0): "fold", number_of(11): "write"}
    async with CourseLog.open(database_url) as log:
        with poisoned(faults):
            await log.append([statement(number) for number in range(60)])
            await log.project()
            first = min(log.letters())
            log.configure(NOW, LETTER_DISCARDED, {"position": first})
            await log.project()
        before = rows(database_url)
        assert {one.split()[0] for one in log.letters().values()} == {"parked", "waiting", "discarded"}
        async with rebuild_pool(database_url) as pool, turn(pool):
            found = await rebuild_course(pool, TENANT, COURSE, check=False)
        assert found.differences == 0
        assert rows(database_url) == before


async def test_letters_of_dropped_statements_are_kept(database_url: str) -> None:
    """A rebuild finds them nowhere else; who waits behind one goes on waiting, and can be set free."""
    faults: dict[UUID, Any] = {number_of(0): "fold", number_of(11): "write", number_of(22): "fold"}
    async with CourseLog.open(database_url) as log:
        with poisoned(faults):
            await log.append([statement(number) for number in range(60)])
            await log.project()
            parked = [position for position, one in log.letters().items() if one.startswith("parked")]
            for kind, position in ((LETTER_RETRIED, parked[2]), (LETTER_DISCARDED, parked[1])):
                log.configure(datetime.now(UTC), kind, {"position": position})
            await log.project()
        age(database_url, [identity(number) for number in range(40)])
        assert sum([number async for number in dropped(database_url)]) == 40
        await log.append([statement(number) for number in range(60, 80)])
        for decisions in ([(LETTER_RETRIED, parked[2])], [], [(LETTER_DISCARDED, parked[0])]):
            for kind, position in decisions:
                log.configure(datetime.now(UTC), kind, {"position": position})
            await log.project()
            before = rows(database_url)
            found = await rebuilt(database_url)
            assert found is not None
            assert [one for one in found.tables if one.differences] == []
            assert rows(database_url) == before
        assert {one.split()[0] for one in log.letters().values()} == {"parked", "waiting", "discarded"}
        assert "StatementGone" in str(log.letters())


async def test_what_is_set_free_is_committed_piece_by_piece(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside too: one transaction for all that have waited would hold up the log, and the live pages with it."""
    ids: list[int] = []
    move = checkpoint.move

    async def moved(connection: AsyncConnection, *rest: Any) -> checkpoint.Moved:
        row = await (await connection.execute("SELECT pg_current_xact_id()::text::bigint")).fetchone()
        assert row is not None
        ids.append(row[0])
        return await move(connection, *rest)

    async with CourseLog.open(database_url) as log:
        with poisoned({number_of(0): "fold"}):
            await log.append([statement(number) for number in range(60)])
            await log.project()
            log.configure(NOW, LETTER_DISCARDED, {"position": 1})
            await log.project()
            monkeypatch.setattr(checkpoint, "move", moved)
            monkeypatch.setattr(digestion, "AT_ONCE", 3)
            found = await rebuilt(database_url)
        assert found is not None
        assert found.differences == 0
        assert len(set(ids)) == len(ids) > 10


async def test_a_course_with_a_new_fault_is_left_as_it_is(database_url: str) -> None:
    """What was digested, and cannot be digested again, would be missing where the rows of one course are built."""
    async with course(database_url) as log, rebuild_pool(database_url) as pool, turn(pool):
        before = rows(database_url)
        with poisoned({number_of(12): "fold"}):
            with pytest.raises(WorldIndigestible, match=r"position 13\b"):
                await rebuild_course(pool, TENANT, COURSE, check=False)
            world = World(TENANT, name_of(COURSE), await log.position())
            await find(pool, world, 0)
            assert await Builder(pool).build_next()
            with pytest.raises(NotReadYet, match="log says why"):
                await find(pool, world, 0)
        assert rows(database_url) == before
