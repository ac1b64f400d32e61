"""References are settled whoever came first, whatever goes on at the same time and wherever it was broken off; until
then the log does not claim to be whole.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

import migrations
from lrs.database import read_pool, write_pool
from lrs.statement_log import references
from lrs.statement_log.log import StatementLog
from lrs.statement_log.references import DEEPEST, Left, References
from schemas.statement_query import StatementQuery
from tests.acceptance.course_log import TENANT, CourseLog
from tests.integration.referring_log import stage, statement, verb
from tests.integration.test_append_locks import until_somebody_waits

pytestmark = pytest.mark.anyio

FILL = Path(migrations.__file__).parent / "sql" / "references" / "04_references_of_the_log.sql"
WRITERS = 6
TURNS = 12
SHARED = 60


# --- races -------------------------------------------------------------------------------------------------------


async def test_a_target_that_is_being_stored_at_the_same_time(database_url: str) -> None:
    """Its transaction began before the reference was there, and ends after the reference was looked after."""
    async with stage(database_url) as here, await AsyncConnection.connect(database_url) as slow:
        await here.append_in(slow, statement(1))
        await here.append(statement(2, 1), statement(3, 2))
        assert await here.found(1) == []
        assert await here.references.settle() is Left.WAITING
        through = await here.search.consistent_through()
        await slow.commit()
        assert through <= here.newest_stored()
        assert await here.found(1) == [1]
        assert await here.held_back()
        await here.settled()
        assert await here.found(1) == [1, 2, 3]
        await here.until_whole()


async def test_a_reference_that_is_being_stored_at_the_same_time(database_url: str) -> None:
    async with stage(database_url) as here, await AsyncConnection.connect(database_url) as slow:
        await here.append_in(slow, statement(3, 2), statement(2, 1))
        await here.append(statement(1))
        assert await here.references.settle() is Left.NOTHING
        await slow.commit()
        assert await here.held_back()
        await here.settled()
        assert await here.found(1) == [1, 2, 3]
        await here.until_whole()


async def test_a_link_between_two_that_do_not_see_each_other(database_url: str) -> None:
    async with (
        stage(database_url) as here,
        await AsyncConnection.connect(database_url) as first,
        await AsyncConnection.connect(database_url) as second,
    ):
        await here.append_in(first, statement(1))
        await here.append_in(second, statement(2, 1))
        await here.append(statement(3, 2))
        await first.commit()
        assert await here.references.settle() is Left.WAITING
        await second.commit()
        assert await here.held_back()
        await here.settled()
        assert await here.found(1) == [1, 2, 3]


async def test_whoever_waited_at_the_gate_sees_what_was_referred_to_meanwhile(database_url: str) -> None:
    """Its statement began before there was the reference; what it looks for, it looks for after it has waited."""
    async with (
        stage(database_url) as here,
        await AsyncConnection.connect(database_url) as holder,
        await AsyncConnection.connect(database_url, autocommit=True) as slow,
        await AsyncConnection.connect(database_url, autocommit=True) as looking,
    ):
        held = statement(5)
        await holder.execute(
            "INSERT INTO statement_id (tenant, id, stored, position, digest) VALUES (%s, %s, now(), 0, %s)",
            [TENANT, held.id, held.digest],
        )
        waiting = asyncio.create_task(here.append_in(slow, statement(1), held))
        await until_somebody_waits(looking)
        await here.append(statement(2, 1))
        await holder.rollback()
        await waiting
        unsettled = await (await looking.execute("SELECT id FROM reference_unsettled")).fetchall()
        assert (UUID(int=1),) in unsettled
        await here.settled()
        assert await here.found(1) == [1, 2]


# --- broken off --------------------------------------------------------------------------------------------------


@pytest.fixture
def broken_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Whoever stores does not come to settling."""

    async def no_more(_self: References, _seconds: float = 0) -> Left:
        return Left.MORE

    with monkeypatch.context() as patched:
        patched.setattr(References, "settle", no_more)
        yield patched


async def test_what_was_broken_off_is_held_back_and_taken_up_again(
    database_url: str, broken_off: pytest.MonkeyPatch
) -> None:
    async with stage(database_url) as here:
        await here.append(statement(2, 1))
        await here.append(statement(1))
        assert await here.found(1) == [1]
        assert await here.held_back()
        running = asyncio.create_task(here.references.run())
        await here.until_whole()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await here.found(1) == [1, 2]


async def test_a_restored_log_is_settled(database_url: str, broken_off: pytest.MonkeyPatch) -> None:
    """Its marks are transactions of another cluster, which may never come to such ids."""
    async with stage(database_url) as here:
        await here.append(statement(2, 1), statement(1))
        broken_off.undo()
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE reference_unsettled SET mark = 2 ^ 60")
        await here.settled()
        assert await here.found(1) == [1, 2]


async def test_ascending_pages_end_where_references_are_unsettled(
    database_url: str, broken_off: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has gone past a statement would never hear that it matches. Without filters there is nothing to hear."""
    monkeypatch.setattr("lrs.statement_log.search.SETTLE_SECONDS", 0.05)
    async with stage(database_url) as here:
        await here.append(statement(2, 1))
        await here.append(statement(1), statement(3))
        broken_off.undo()
        query = StatementQuery(verb=verb(1), ascending=True)
        assert not (await here.search.page(TENANT, here.salt, query, None, 10)).statements
        everything = await here.search.page(TENANT, here.salt, StatementQuery(ascending=True), None, 10)
        assert len(everything.statements) == 4
        await here.settled()
        page = await here.search.page(TENANT, here.salt, query, None, 10)
        assert [one.id.int for one in page.statements] == [2, 1]


async def test_a_log_from_before_there_were_references(database_url: str) -> None:
    """What the migration fills in is what `append` would have noted."""
    async with stage(database_url) as here:
        await here.append(statement(3, 2), statement(1), statement(4))
        await here.append(statement(2, 1))
        await here.settled()
        kept = "SELECT referrer, target, stored, position, authority, keys FROM statement_reference ORDER BY position"
        with psycopg.connect(database_url, autocommit=True) as connection:
            before = connection.execute(kept).fetchall()
            connection.execute("TRUNCATE statement_reference")
            assert await here.found(1) == [1]
            connection.execute(FILL.read_text(encoding="utf-8").encode())
            await here.settled()
            assert connection.execute(kept).fetchall() == before


# --- shapes ------------------------------------------------------------------------------------------------------


async def test_more_referrers_than_are_served_in_one_step(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two levels of them, each referred to by several; the target comes last."""
    monkeypatch.setattr(references, "EACH", 3)
    monkeypatch.setattr(references, "TOGETHER", 4)
    async with stage(database_url) as here:
        firsts = [statement(100 + number, 1) for number in range(10)]
        seconds = [statement(200 + number, 100 + number % 3) for number in range(12)]
        await here.append(*seconds, *firsts)
        await here.append(statement(1))
        await here.settled()
        assert await here.found(1) == [1, *range(100, 110), *range(200, 212)]
        assert await here.found(101) == [101, 201, 204, 207, 210]


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_chain_is_followed_so_far_and_no_further(database_url: str, backwards: bool) -> None:
    async with stage(database_url) as here:
        chain = [statement(1), *(statement(number, number - 1) for number in range(2, DEEPEST + 5))]
        for one in reversed(chain) if backwards else chain:
            await here.append(one)
        await here.settled()
        assert await here.found(1) == list(range(1, DEEPEST + 2))
        assert await here.found(4) == list(range(4, DEEPEST + 5))


async def test_circles_end(database_url: str) -> None:
    async with stage(database_url) as here:
        await here.append(statement(1, 3), statement(2, 1), statement(5, 5), statement(6, 5))
        await here.append(statement(3, 2), statement(4, 3))
        await here.settled()
        for number in (1, 2, 3):
            assert await here.found(number) == [1, 2, 3, 4]
        assert await here.found(4) == [4]
        assert await here.found(5) == [5, 6]


# --- many at once ------------------------------------------------------------------------------------------------


def some_targets() -> dict[int, int]:
    """What each of SHARED statements refers to; some refer to none."""
    chance = random.Random(7)
    drawn = {number: chance.choice([None, chance.randrange(SHARED), number - 1]) for number in range(1, SHARED)}
    return {number: target for number, target in drawn.items() if target is not None}


def reachable(targets: dict[int, int], number: int) -> set[int]:
    """A statement and all that it refers to, DEEPEST steps far."""
    found = {number}
    for _ in range(DEEPEST):
        if number not in targets:
            break
        number = targets[number]
        found.add(number)
    return found


async def test_racing_writers(database_url: str) -> None:
    """Statements that refer to one another, sent by several at once, in another order each: none waits for ever, and
    all is found.
    """
    targets = some_targets()

    async def write(log: StatementLog, course: CourseLog, writer: int) -> None:
        chance = random.Random(writer)
        batches = [chance.sample(range(SHARED), chance.choice((1, 2, 15))) for _ in range(TURNS)]
        batches.append(list(range(writer, SHARED, WRITERS)))  # so that each comes once at least
        for numbers in batches:
            batch = [statement(number, targets.get(number)) for number in numbers]
            await log.append(TENANT, course.authority, batch)

    async with (
        stage(database_url) as here,
        write_pool(database_url, size=WRITERS) as pool,
        read_pool(database_url) as read,
    ):
        logs = [StatementLog(pool, read) for _ in range(WRITERS)]  # as so many servers
        running = asyncio.create_task(here.references.run())
        async with asyncio.timeout(60):
            await asyncio.gather(*(write(log, here.course, number) for number, log in enumerate(logs)))
        await here.until_whole()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for number in range(SHARED):
            expected = [one for one in range(SHARED) if number in reachable(targets, one)]
            assert await here.found(number) == expected, number
