"""Builds a world: one course's read models, by the projector that builds the live ones, from what it was told by then.

The rule of this file: whatever order things come in, the read models are the same (docs/read-models.md). So what is set
goes first, then statements, learner by learner, and every row is computed once. Many small transactions: one that
writes for long holds up whoever reads the log in order. A world is ready when its checkpoint stands at its position.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from psycopg import AsyncConnection

from lrs.database import Pool
from lrs.statement_log.sql import QUERIES as LOG_QUERIES
from lrs.worlds.world import World
from lrs.worlds.worlds import QUERIES
from projections import course_view_queries, side_schema
from projections.apply import Projector
from projections.checkpoint import Checkpoint
from projections.course_statements import Place, count_statements, statements_of
from projections.fact import name_of
from projections.kept_fact_rows import read_kept_at
from projections.log_reader import LogReader
from schemas.course_configuration import KINDS, read_recorded_event
from schemas.errors import LrsError
from schemas.log_event import ControlEvent, LogEvent, StatementEvent

PAGE = 20
"""Events of what is set that are read at once; each may be an outline."""


class WorldUnbuildable(LrsError):
    """This course cannot be shown as of this position."""


class WorldIndigestible(LrsError):
    """Folds that fail on what they have digested live: what is beside lacks a statement that the live tables have."""


class _NothingBefore:
    """What was set comes before all statements here: none is ever read again."""

    async def at(self, tenant: int, positions: Sequence[int]) -> list[StatementEvent]:
        """None."""
        return []

    async def about(self, tenant: int, activities: Collection[str], until: int) -> list[int]:
        """None."""
        return []


async def build(world: World, reading: AsyncConnection, pool: Pool, log: LogReader) -> None:
    """Fill the schema of a world, which is there and empty.

    reading: in a transaction that keeps one snapshot. pool: lends a connection to write on, while none is asked of the
    log. Raises WorldUnbuildable and WorldIndigestible.
    """
    row = await (await reading.execute(QUERIES.begin.sql)).fetchone()
    assert row is not None
    standing, dropped = row
    if world.position > standing:
        raise WorldUnbuildable(f"must not be behind position {standing}, at which the read models stand")
    projector = Projector(log=_NothingBefore())
    async with pool.connection() as writing, side_schema.inside(writing, world.name):
        begin = await projector.checkpoint(writing)
    done, of = 0, await count_statements(reading, world.tenant, world.course, world.position)

    async def apply(events: Sequence[LogEvent], end: Checkpoint, state: str = "building") -> None:
        async with pool.connection() as writing, side_schema.inside(writing, world.name):
            await projector.apply(writing, events, begin, end)
            await must_be_digested(writing)
            values = {"state": state, "done": done, "of": max(done, of), "reason": None}
            await writing.execute(QUERIES.mark.sql, {"tenant": world.tenant, "name": world.name, **values})

    async for events in _set(reading, world):
        await apply(events, begin)
    said = [read_recorded_event(*one) for one in world.said]
    async for places in statements_of(reading, log, world.tenant, world.course, world.position, said):
        statements = await _statements(reading, world, places)
        if len(statements) < len(places):
            await _must_be_where_they_were(reading, world, dropped)
            statements += await _kept(reading, places, statements, world)
        done += len(statements)
        await apply(statements, begin)
    await apply([], begin._replace(position=world.position), "ready")


async def must_be_digested(writing: AsyncConnection) -> None:
    """Within a world: what is parked is missing there, and nobody would be told. Raises WorldIndigestible."""
    row = await (await writing.execute("SELECT min(position) FROM dead_letter")).fetchone()
    if row is not None and row[0] is not None:
        raise WorldIndigestible(f"the statement at position {row[0]} was digested, and cannot be digested again")


async def _set(reading: AsyncConnection, world: World) -> AsyncIterator[list[ControlEvent]]:
    """The clock, and what is set of the course and of whatever is of no one course."""
    tenant, until = world.tenant, world.position
    asked = {"tenant": tenant, "until": until, "kinds": list(KINDS)}
    ticks = await reading.execute(QUERIES.last_tick.sql, asked)
    yield [ControlEvent(*row) for row in await ticks.fetchall()]
    async with reading.cursor("set_by_then") as cursor:
        await cursor.execute(QUERIES.set_by_then.sql, asked)
        while rows := await cursor.fetchmany(PAGE):
            yield [event for row in rows if _concerns(event := ControlEvent(*row), world)]
    now = datetime.now(UTC)
    yield [ControlEvent(until + number, tenant, now, *one) for number, one in enumerate(world.said, 1)]


def _concerns(event: ControlEvent, world: World) -> bool:
    """What is set of another course decides nothing here, but which statements belong there."""
    course = event.payload.get("course")
    return event.kind in ("mapping.set", "outline.set") or course is None or name_of(course) == world.course


async def _statements(reading: AsyncConnection, world: World, places: Sequence[Place]) -> list[LogEvent]:
    """The statements, voided by what had come by then."""
    voided = _voided(world, places)
    values = {"tenant": world.tenant, "positions": list(voided)}
    rows = await (await reading.execute(LOG_QUERIES.statements_again.sql, values)).fetchall()
    found = (StatementEvent(*row) for row in rows)
    return [replace(one, voided_position=voided[one.position], voids_position=None) for one in found]


def _voided(world: World, places: Sequence[Place]) -> dict[int, int | None]:
    """By position, what had voided it by then."""
    return {position: by if by is not None and by <= world.position else None for position, by in places}


async def _must_be_where_they_were(reading: AsyncConnection, world: World, dropped: int) -> None:
    """What is left of statements that were dropped says where they belong now, and not where they did."""
    values = {"tenant": world.tenant, "until": world.position}
    row = await (await reading.execute(QUERIES.moved_since.sql, values)).fetchone()
    assert row is not None
    since = "outline.set" if any(kind == "outline.set" for kind, _ in world.said) else row[0]
    if since is not None:
        raise WorldUnbuildable(
            f"must not be before a {since} where statements of the course were dropped, those up to position {dropped}"
            " (docs/data-life.md): they cannot be moved"
        )


async def _kept(
    reading: AsyncConnection, places: Sequence[Place], found: Sequence[LogEvent], world: World
) -> list[LogEvent]:
    """The facts of statements that were dropped, as if they were derived anew."""
    voided = _voided(world, places)
    gone = voided.keys() - {one.position for one in found}
    kept: list[LogEvent] = []
    for one in await read_kept_at(reading, world.tenant, sorted(gone)):
        fact = one.derived.fact._replace(voided_position=voided[one.position])
        if fact.voided_position is None and fact.person is not None and one.derived.ifi is None:
            raise WorldUnbuildable("must not be before all that was left of a learner's dropped statements was voided")
        kept.append(replace(one, derived=one.derived._replace(fact=fact)))
    return kept


async def begin_reading(reading: AsyncConnection) -> None:
    """All that a world is built from is read in one snapshot."""
    await reading.execute(course_view_queries.QUERIES.begin_reading.sql)
