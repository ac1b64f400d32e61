"""Applies a batch of the log to the read models: rows and checkpoint in one transaction, so never twice, never half.

The order of the steps: facts, then outlines (which decide the rules), then learners' rows on nodes, then enrolments,
then what the passing of time changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from projections import checkpoint
from projections.checkpoint import Checkpoint, Moved
from projections.fact import Derived, derive
from projections.fact_rows import KnownTexts, write_facts, write_texts
from projections.learner_rows import Pair, write_aged, write_enrollments, write_names, write_nodes, write_resized
from projections.outline_rows import write_outlines
from projections.payload import parse
from projections.sql import QUERIES
from schemas.log_event import CLOCK_TICK, ControlEvent, LogEvent, StatementEvent

PROJECTION = "live"
VERSION = 1
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
    """Applies batches; remembers which dictionary entries are in the database already."""

    def __init__(self, shard: int = 0) -> None:
        self._shard = shard
        self._iris = KnownTexts()
        self._claims = KnownTexts()

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
        learnt: list[tuple[KnownTexts, list[tuple[UUID, str]]]] = []
        async with connection.transaction():
            held = await checkpoint.lock(connection, PROJECTION, self._shard, VERSION)
            if held.position != begin.position:
                raise OutOfTurn
            for tenant, group in groupby(sorted(events, key=_tenant), key=_tenant):
                changes += await self._apply(connection, tenant, list(group), learnt)
            if await checkpoint.move(connection, PROJECTION, self._shard, begin, end) is Moved.TAKEN:
                raise OutOfTurn
        for known, entries in learnt:
            known.learn(entries)
        return changes

    async def _apply(
        self,
        connection: AsyncConnection,
        tenant: int,
        events: list[LogEvent],
        learnt: list[tuple[KnownTexts, list[tuple[UUID, str]]]],
    ) -> list[CourseChange]:
        statements = [event for event in events if isinstance(event, StatementEvent)]
        derived = [one for one in map(_derive, statements) if one is not None]
        voids = [(event.voids_position, event.position) for event in statements if event.voids_position is not None]
        new_iris, new_claims = await write_texts(connection, tenant, derived, self._iris, self._claims)
        learnt += [(self._iris, new_iris), (self._claims, new_claims)]
        touched = await write_facts(connection, tenant, derived, voids)
        texts = {one.fact.claim: one.claims for one in derived if one.fact.claim and one.claims}
        outline = await write_outlines(connection, tenant, touched, texts)
        keys = touched.keys | outline.keys
        if keys:
            await write_nodes(connection, tenant, keys, outline.outlines)
        before, now = await _move_clock(connection, tenant, events)
        pairs: set[Pair] = {(course, person) for course, person, _ in keys}
        if pairs:
            await write_enrollments(connection, tenant, pairs, now)
        if outline.resized:
            pairs |= await write_resized(connection, tenant, outline.resized, now)
        if now is not None and now != before:
            pairs |= await write_aged(connection, tenant, before or datetime.min.replace(tzinfo=UTC), now)
        if touched.named:
            await write_names(connection, tenant, touched.named)
        return _changes(tenant, pairs, outline.courses | touched.courses, outline.recounted)


def _derive(event: StatementEvent) -> Derived | None:
    statement: dict[str, Any] = parse(event.payload)
    return derive(event.position, event.id, event.stored, event.timestamp, statement, event.voided_position)


async def _move_clock(
    connection: AsyncConnection, tenant: int, events: Sequence[LogEvent]
) -> tuple[datetime | None, datetime | None]:
    """The clock before and after this batch."""
    row = await (await connection.execute(QUERIES.clock.sql, {"tenant": tenant})).fetchone()
    before: datetime | None = row[0] if row else None
    ticks = [
        msgspec.convert(event.payload["now"], datetime)
        for event in events
        if isinstance(event, ControlEvent) and event.kind == CLOCK_TICK
    ]
    now = max([*ticks, *([before] if before else [])], default=None)
    if now is not None and now != before:
        await connection.execute(QUERIES.set_clock.sql, {"tenant": tenant, "now": now})
    return before, now


def _changes(tenant: int, pairs: set[Pair], courses: set[UUID], recounted: set[UUID]) -> list[CourseChange]:
    persons: dict[UUID, set[UUID]] = {course: set() for course in courses}
    for course, person in pairs:
        persons.setdefault(course, set()).add(person)
    return [CourseChange(tenant, course, frozenset(found), course in recounted) for course, found in persons.items()]


def _tenant(event: LogEvent) -> int:
    return event.tenant
