"""Dead letters where read models are built again: what is parked, waits or is discarded stays so."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from lrs.database import rebuild_pool
from lrs.rebuild_course import rebuild_course
from lrs.worlds.builder import Builder
from lrs.worlds.building import WorldIndigestible
from lrs.worlds.world import World
from lrs.worlds.worlds import find
from projections.fact import name_of
from schemas.dead_letter import LETTER_DISCARDED
from schemas.errors import NotReadYet
from streams.rebuild import turn
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.poison import poisoned
from tests.integration.test_checkpoint import COURSE, identity, statement
from tests.integration.test_rebuild import course, rows

pytestmark = pytest.mark.anyio
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
            found = await rebuild_course(pool, TENANT, str(COURSE["id"]), check=False)
        assert found.differences == 0
        assert rows(database_url) == before


async def test_a_course_with_a_new_fault_is_left_as_it_is(database_url: str) -> None:
    """What was digested, and cannot be digested again, would be missing where the rows of one course are built."""
    async with course(database_url) as log, rebuild_pool(database_url) as pool, turn(pool):
        before = rows(database_url)
        with poisoned({number_of(12): "fold"}):
            with pytest.raises(WorldIndigestible, match=r"position 13\b"):
                await rebuild_course(pool, TENANT, str(COURSE["id"]), check=False)
            world = World(TENANT, name_of(str(COURSE["id"])), await log.position())
            await find(pool, world, 0)
            assert await Builder(pool).build_next()
            with pytest.raises(NotReadYet, match="log says why"):
                await find(pool, world, 0)
        assert rows(database_url) == before
