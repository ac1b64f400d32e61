"""Applies a batch of the log to the read models: rows and checkpoint in one transaction, so never twice, never half.

The order of the steps: what is set and the clock, what that moves, then facts, then outlines (which decide the rules),
then learners' rows on nodes, then enrolments, then what the passing of time changes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import Protocol
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from projections import checkpoint, side_schema
from projections.checkpoint import Checkpoint, Moved
from projections.configuration_rows import Reset, graded_anew, keys_of, learners_of, take_in_events, with_followers
from projections.day_rows import DayGains, write_days, write_days_anew
from projections.dead_letter_rows import LAST, hold_back
from projections.digestion import Digestion, Indigestible, Prepare, is_poison
from projections.enrollment_rows import write_aged, write_enrollments, write_resized
from projections.fact import Derived
from projections.fact_rows import Key, Touched, write_facts
from projections.learner_rows import write_names, write_nodes
from projections.log_reader import LogReader
from projections.memory import Memory, Pair
from projections.moved_rows import derive, move_facts, write_merged
from projections.names import Name
from projections.outline_rows import OutlineChange, SharedOutlines, recall_outlines, write_outlines
from projections.packed_rows import run
from projections.side_schema import LIVE
from projections.sql import QUERIES
from schemas.log_event import CLOCK_TICK, ControlEvent, LogEvent, StatementEvent

PROJECTION = "live"
MOST_TENANTS = 20
"""Whose tables are remembered."""
VERSION = 3
"""Raised whenever the folds give other rows for the same log."""
AT_ONCE = 20_000
"""Keys, or learners, whose rows are computed at once."""


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


class Shared(SharedOutlines, Protocol):
    """What has to be held of a tenant's tables where others write them too."""

    async def enter(self, found: Sequence[Derived], memory: Memory) -> None:
        """Hold what these facts concern."""

    def must_cover(self, touched: Touched, memory: Memory) -> None:
        """Raises where more has been touched than is held."""


class Projector:
    """Applies batches; remembers what it knows of the tables, as long as nobody else has been at work.

    log: where statements are read again that belong elsewhere by what is set. schema: whose tables it writes; every
    transaction enters it anew, for none may be as long as what is decided of dead letters takes.
    """

    def __init__(self, shard: int = 0, log: LogReader | None = None, schema: str = LIVE) -> None:
        self._shard = shard
        self._within: Callable[[AsyncConnection], AbstractAsyncContextManager[object]] = (
            AsyncConnection.transaction if schema == LIVE else partial(side_schema.inside, schema=schema)
        )
        self._log = log
        self._memories: dict[int, Memory] = {}
        self._remembered: int | None = None
        """The position that the memories hold at."""
        self._generation: int | None = None
        """Of the tables that the memories are of."""

    def _know(self, generation: int) -> None:
        if generation != self._generation:
            self._memories, self._generation = {}, generation

    async def checkpoint(self, connection: AsyncConnection) -> Checkpoint:
        """Where the read models stand."""
        async with self._within(connection):
            return await checkpoint.lock(connection, PROJECTION, self._shard, VERSION)

    async def apply(
        self, connection: AsyncConnection, events: Sequence[LogEvent], begin: Checkpoint, end: Checkpoint
    ) -> list[CourseChange]:
        """Apply the events after `begin` up to `end`, which are in order of position; a statement that cannot be
        digested is parked.

        Raises OutOfTurn, and changes nothing, when the read models do not stand at `begin`.
        """
        step = partial(self._step, connection)
        within = partial(self._within, connection)
        return await Digestion(step, connection, within, self._log, VERSION).digest(events, begin, end)

    async def _step(
        self,
        connection: AsyncConnection,
        begin: Checkpoint,
        end: Checkpoint,
        events: Sequence[LogEvent] = (),
        prepare: Prepare | None = None,
    ) -> list[CourseChange]:
        changes: list[CourseChange] = []
        if self._remembered != begin.position:
            self._memories = {}
        self._remembered = None
        async with self._within(connection):
            held, generation = await checkpoint.hold(connection, PROJECTION, self._shard, VERSION)
            self._know(generation)
            if held != begin:
                raise OutOfTurn
            if prepare is not None:
                prepared = await prepare(connection)
                if prepared is None:
                    raise OutOfTurn
                events = prepared
                for remembered in self._memories.values():
                    remembered.letters = None
            try:
                for tenant, group in groupby(sorted(events, key=tenant_of), key=tenant_of):
                    memory = self._memories.pop(tenant, None) or Memory()
                    changes += await apply_events(connection, tenant, begin.position, list(group), memory, self._log)
                    memory.bound()
                    self._memories[tenant] = memory  # the last one is that of the tenant that was at work last
            except Exception as error:
                if is_poison(error):
                    raise Indigestible from error
                raise
            while len(self._memories) > MOST_TENANTS:
                del self._memories[next(iter(self._memories))]
            if await checkpoint.move(connection, PROJECTION, self._shard, begin, end) is Moved.TAKEN:
                raise OutOfTurn
        self._remembered = end.position
        return changes


async def apply_events(
    connection: AsyncConnection,
    tenant: int,
    begin: int,
    events: Sequence[LogEvent],
    memory: Memory,
    log: LogReader | None,
    shared: Shared | None = None,
) -> list[CourseChange]:
    """Within a transaction, the events of a tenant. begin: up to where what is set is in the rows; shared: None where
    nobody else writes them.
    """
    reset = await take_in_events(connection, tenant, begin, events, memory)
    before = await _move_clock(connection, tenant, events, memory)
    statements = [event for event in events if isinstance(event, StatementEvent)]
    found = [one for one in (derive(event, memory.places) for event in statements) if one is not None]
    found = await hold_back(connection, tenant, found, statements, memory, VERSION)
    voids = [(event.voids_position, event.position) for event in statements if event.voids_position is not None]
    if shared is not None:
        await shared.enter(found, memory)
    touched = await move_facts(connection, tenant, LAST if shared else begin, reset.moves, memory, log)
    await write_facts(connection, tenant, found, voids, touched, memory)
    if shared is not None:
        shared.must_cover(touched, memory)
    texts = {one.fact.claim: one.claims for one in found if one.fact.claim and one.claims}
    outline = await write_outlines(connection, tenant, touched, texts, reset, memory, shared)
    keys = touched.fresh.keys() | touched.disturbed | outline.keys
    anew = touched.lost | {(course, person) for course, person, _ in outline.keys}
    if memory.rules:
        keys, set_anew = await _as_set(connection, tenant, keys, reset, outline, before, memory)
        anew |= set_anew
        touched.renamed |= reset.persons
    days = DayGains(touched)
    pairs: set[Pair] = set()
    for some, whose in _in_parts(keys, anew):
        gains = await write_nodes(connection, tenant, some, touched, days, memory)
        pairs |= await write_enrollments(connection, tenant, gains, whose, memory)
        await write_days(connection, tenant, days, memory)
    await write_days_anew(connection, tenant, days.anew, memory)
    if outline.resized:
        pairs |= await write_resized(connection, tenant, outline.resized, memory)
    if memory.clock is not None and memory.clock != before:
        pairs |= await write_aged(connection, tenant, before or datetime.min.replace(tzinfo=UTC), memory)
    if touched.seen or touched.renamed:
        await write_names(connection, tenant, touched, memory)
        await write_merged(connection, tenant, reset.moves, touched, memory)
    return _changes(tenant, pairs, outline.courses | touched.courses | reset.courses, outline.recounted | reset.graded)


async def _as_set(
    connection: AsyncConnection,
    tenant: int,
    keys: set[Key],
    reset: Reset,
    outline: OutlineChange,
    before: datetime | None,
    memory: Memory,
) -> tuple[set[Key], set[Pair]]:
    """These keys, and those that what is set or the clock adds to them; and who is to be summed up again."""
    keys = keys | (set_anew := await keys_of(connection, tenant, reset, memory))
    late: set[Name] = set()
    alone: set[Pair] = set()
    if memory.clock is not None and memory.clock != before:
        ended = {"tenant": tenant, "now": memory.clock}
        keys.update(await run(connection, QUERIES.keys_that_expire.sql, ended))
        for course, rules in memory.rules.items():
            everybody, persons = rules.due_between(before, memory.clock)
            late |= {course} if everybody else set()
            alone |= {(course, person) for person in persons}
    keys = with_followers(keys, memory)
    pairs = reset.pairs | alone | {(course, person) for course, person, _ in set_anew}
    pairs |= {key[:2] for key in keys if key[0] in memory.rules and key[1] in memory.rules[key[0]].spoken_of}
    pairs |= await learners_of(connection, tenant, reset.graded)
    pairs |= await graded_anew(connection, tenant, outline.regraded | late, memory)
    await recall_outlines(connection, tenant, {key[0] for key in keys} | {pair[0] for pair in pairs}, memory)
    return keys, pairs


def _in_parts(keys: set[Key], anew: set[Pair]) -> Iterator[tuple[set[Key], set[Pair]]]:
    """Keys and learners in parts of a size that fits into the memory; a learner of a course is in one of them."""
    if max(len(keys), len(anew)) <= AT_ONCE:
        if keys or anew:
            yield keys, anew
        return
    of_pair: dict[Pair, set[Key]] = {pair: set() for pair in anew}
    for key in keys:
        of_pair.setdefault(key[:2], set()).add(key)
    some: set[Key] = set()
    whose: set[Pair] = set()
    for pair in sorted(of_pair):
        some |= of_pair[pair]
        whose |= {pair} & anew
        if max(len(some), len(whose)) >= AT_ONCE:
            yield some, whose
            some, whose = set(), set()
    yield some, whose


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


def tenant_of(event: LogEvent) -> int:
    """Whose it is."""
    return event.tenant
