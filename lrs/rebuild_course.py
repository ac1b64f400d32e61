"""The rows of one course built again from the log, compared with the live ones, and exchanged, row by row.

The rule of this file: the live read models stand still from before the first statement is read until the rows are
exchanged, however long that takes; statements are stored meanwhile, and pages read.
"""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection

from lrs.database import Pool
from lrs.statement_log.control_events import append_control_event
from lrs.statement_log.rereading import LogRereader
from lrs.statement_log.safe_bound import EPOCH
from lrs.worlds.building import begin_reading, build, must_be_digested
from lrs.worlds.world import World
from projections import exchange_rows, side_schema
from projections.apply import PROJECTION, VERSION, Projector
from projections.checkpoint import Checkpoint
from projections.comparison_queries import OneCourse, compare
from projections.course_exchange_rows import exchange_course
from projections.fact import name_of
from projections.shard_rows import KeptByShards, shards_of
from schemas.errors import LrsError
from schemas.log_event import REBUILT
from streams.rebuild import SHARD, Comparison

SCHEMA = "read_models_of_course"
AT_ONCE: Final = 500
"""Statements that are read at once."""

_WITHOUT_FACT: Final = (
    "SELECT p.position FROM unnest(%(positions)s::bigint[]) AS p (position) WHERE NOT EXISTS"
    " (SELECT FROM fact WHERE tenant = %(tenant)s AND position = p.position) AND NOT EXISTS"
    " (SELECT FROM dead_letter WHERE tenant = %(tenant)s AND position = p.position) ORDER BY 1"
)
_VOIDED: Final = (
    "SELECT voided, min(position) FROM statement_void"
    " WHERE tenant = %(tenant)s AND voided = ANY (%(ids)s) AND position <= %(until)s GROUP BY voided"
)


class NotOfThisVersion(LrsError):
    """The live read models were written by another version: `lrs replay` without --course builds all of them again."""


@dataclass(frozen=True, slots=True)
class _Beside(World):
    """As the live read models stand, in a schema that nobody else knows."""

    @property
    def name(self) -> str:
        """Of the schema that it is in."""
        return SCHEMA


async def rebuild_course(pool: Pool, tenant: int, course: str, *, check: bool) -> Comparison:
    """What was found in the course with this IRI; exchanged unless this is a check.

    Whoever asks has the turn (streams.rebuild.turn). Raises NotOfThisVersion, KeptByShards, WorldUnbuildable where
    statements of the course were dropped, and WorldIndigestible.
    """
    one = OneCourse(tenant, name_of(course))
    async with pool.connection() as live, live.transaction():
        await live.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await exchange_rows.hold(live)
        standing = await exchange_rows.standing(live, PROJECTION, SHARD)
        if standing is None or standing.version != VERSION:
            raise NotOfThisVersion
        if (shards := await shards_of(live, PROJECTION)) is not None:
            raise KeptByShards(shards)
        await _build(pool, _Beside(one.tenant, one.course, standing.position), course)
        found = Comparison(standing.position, VERSION, await compare(live, SCHEMA, one))
        if found.differences and not check:
            await exchange_course(live, SCHEMA, one)
            names = {"projection": PROJECTION, "shard": SHARD, "version": VERSION, "position": standing.position}
            await live.execute(exchange_rows.QUERIES.renew.sql, names)
            told = {"version": VERSION, "position": standing.position, "course": str(one.course)}
            await append_control_event(live, one.tenant, REBUILT, told)
    async with pool.connection() as connection:
        await side_schema.drop(connection, SCHEMA)
    return found


async def _build(pool: Pool, world: World, course: str) -> None:
    async with pool.connection() as writing:
        await side_schema.drop(writing, world.name)
        await side_schema.make(writing, world.name, {"course": str(world.course), "position": world.position})
    log = LogRereader(pool)
    async with pool.connection() as reading, reading.transaction():
        await begin_reading(reading)
        await build(world, reading, pool, log)
        await _add_lost(world, course, reading, pool, log)


async def _add_lost(world: World, course: str, reading: AsyncConnection, pool: Pool, log: LogRereader) -> None:
    """What makes up a course is found by its facts: statements that name it and have none are read, too, but for
    those that have a letter: they are parked, wait, or never count.
    """
    values = {"tenant": world.tenant, "positions": await log.about(world.tenant, [course], world.position)}
    cursor = await reading.execute(_WITHOUT_FACT, values)
    lost = [position for (position,) in await cursor.fetchall()]
    projector, at = Projector(log=log), Checkpoint(world.position, EPOCH)
    for begin in range(0, len(lost), AT_ONCE):
        events = await log.at(world.tenant, lost[begin : begin + AT_ONCE])
        asked = {"tenant": world.tenant, "ids": [event.id for event in events], "until": world.position}
        voided: dict[UUID, int] = dict(await (await reading.execute(_VOIDED, asked)).fetchall())
        found = [replace(one, voided_position=voided.get(one.id), voids_position=None) for one in events]
        async with pool.connection() as writing, side_schema.inside(writing, world.name):
            await projector.apply(writing, found, at, at)
            await must_be_digested(writing)
