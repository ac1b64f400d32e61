"""Applies a batch of the log to the read models: rows and checkpoint in one transaction, so never twice, never half.

The order of the steps: facts, then outlines (which decide the rules), then learners' rows on nodes, then enrolments,
then what the passing of time changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from projections import checkpoint
from projections.checkpoint import Checkpoint, Moved
from projections.enrollment_rows import write_aged, write_enrollments, write_resized
from projections.fact import Derived, derived
from projections.fact_rows import write_facts
from projections.learner_rows import write_names, write_nodes
from projections.memory import Memory, Pair
from projections.names import Name
from projections.outline_rows import write_outlines
from projections.sql import QUERIES
from schemas.log_event import CLOCK_TICK, ControlEvent, LogEvent, StatementEvent

PROJECTION = "live"
MOST_TENANTS = 20
"""Whose tables are remembered."""
VERSION = 2
"""Raised whenever the folds give other rows for the same log."""


@dataclass(frozen=True, slots=True)
class CourseChange:
    """What changed in one course: whose rows; recounted: how many of its nodes count, and so what everyone's rows
    mean.
    """

    tenant: int
    course: UUID
    persons: frozenset[UUID]
    recounted: bool


class OutOfTurn(Exception):
    """The checkpoint was not where this batch begins: another processor has been at work."""


class Projector:
    """Applies batches; remembers what it knows of the tables, as long as nobody else has been at work."""

    def __init__(self, shard: int = 0) -> None:
        self._shard = shard
        self._memories: dict[int, Memory] = {}
        self._remembered: int | None = None
        """The position that the memories hold at."""

    async def checkpoint(self, connection: AsyncConnection) -> Checkpoint:
        """Where the read models stand."""
        async with connection.transaction():
            return await checkpoint.lock(connection, PROJECTION, self._shard, VERSION)

    async def apply(
        self, connection: AsyncConnection, events: Sequence[LogEvent], begin: Checkpoint, end: Checkpoint
    ) -> list[CourseChange]:
        """Apply the events after `begin` up to `end`, which are in order of position.

        Raises OutOfTurn, and changes nothing, when the read models do not stand at `begin`.
        """
        changes: list[CourseChange] = []
        if self._remembered != begin.position:
            self._memories = {}
        self._remembered = None
        async with connection.transaction():
            held = await checkpoint.lock(connection, PROJECTION, self._shard, VERSION)
            if held != begin:
                raise OutOfTurn
            for tenant, group in groupby(sorted(events, key=_tenant), key=_tenant):
                memory = self._memories.pop(tenant, None) or Memory()
                changes += await _apply(connection, tenant, list(group), memory)
                memory.bound()
                self._memories[tenant] = memory  # the last one is that of the tenant that was at work last
            while len(self._memories) > MOST_TENANTS:
                del self._memories[next(iter(self._memories))]
            if await checkpoint.move(connection, PROJECTION, self._shard, begin, end) is Moved.TAKEN:
                raise OutOfTurn
        self._remembered = end.position
        return changes


async def _apply(
    connection: AsyncConnection, tenant: int, events: Sequence[LogEvent], memory: Memory
) -> list[CourseChange]:
    statements = [event for event in events if isinstance(event, StatementEvent)]
    found = [one for one in map(_derive, statements) if one is not None]
    voids = [(event.voids_position, event.position) for event in statements if event.voids_position is not None]
    touched = await write_facts(connection, tenant, found, voids, memory)
    texts = {one.fact.claim: one.claims for one in found if one.fact.claim and one.claims}
    outline = await write_outlines(connection, tenant, touched, texts, memory)
    keys = touched.fresh.keys() | touched.disturbed | outline.keys
    gains = await write_nodes(connection, tenant, keys, touched, memory.outlines) if keys else {}
    before = await _move_clock(connection, tenant, events, memory)
    anew = touched.lost | {(course, person) for course, person, _ in outline.keys}
    pairs: set[Pair] = await write_enrollments(connection, tenant, keys, gains, anew, memory) if keys else set()
    if outline.resized:
        pairs |= await write_resized(connection, tenant, outline.resized, memory)
    if memory.clock is not None and memory.clock != before:
        pairs |= await write_aged(connection, tenant, before or datetime.min.replace(tzinfo=UTC), memory)
    if touched.seen or touched.renamed:
        await write_names(connection, tenant, touched, memory)
    return _changes(tenant, pairs, outline.courses | touched.courses, outline.recounted)


def _derive(event: StatementEvent) -> Derived | None:
    return derived(event.position, event.id, event.stored, event.timestamp, event.payload, event.voided_position)


async def _move_clock(
    connection: AsyncConnection, tenant: int, events: Sequence[LogEvent], memory: Memory
) -> datetime | None:
    """Brings the memory's clock to what it is after this batch; answers what it was before."""
    if not memory.clock_read:
        row = await (await connection.execute(QUERIES.clock.sql, {"tenant": tenant})).fetchone()
        memory.clock, memory.clock_read = row[0] if row else None, True
    before = memory.clock
    ticks = [
        msgspec.convert(event.payload["now"], datetime)
        for event in events
        if isinstance(event, ControlEvent) and event.kind == CLOCK_TICK
    ]
    memory.clock = max([*ticks, *([before] if before else [])], default=None)
    if memory.clock is not None and memory.clock != before:
        await connection.execute(QUERIES.set_clock.sql, {"tenant": tenant, "now": memory.clock})
    return before


def _changes(tenant: int, pairs: set[Pair], courses: set[Name], recounted: set[Name]) -> list[CourseChange]:
    persons: dict[Name, set[UUID]] = {course: set() for course in courses}
    for course, person in pairs:
        persons.setdefault(course, set()).add(UUID(bytes=person))
    return [
        CourseChange(tenant, UUID(bytes=course), frozenset(found), course in recounted)
        for course, found in persons.items()
    ]


def _tenant(event: LogEvent) -> int:
    return event.tenant
