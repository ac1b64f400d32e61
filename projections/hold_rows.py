"""What a worker holds while it writes a tenant's rows beside other workers. docs/architecture.md, "Many workers".

The rule of this file: every lock is taken before what it protects is read, in one order (tenant, slots of courses,
merged persons), and none is made stronger afterwards. Where a batch turns out to need more than it holds, it is given
up and begun again with that from the start. What is held alone is read again: it is of learners of all shards, and of
those that are no longer the worker's nobody tells it what others write.

- The tenant: shared by all, alone for what is set and the clock, which concern anybody.
- A slot, which many courses share, so that their number is bounded: shared by whoever writes rows of learners of its
  courses, alone by whoever changes an outline, and with it the rows of everybody in the course.
- A merged person, whose facts come from several shards: alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import aiosql
from psycopg import AsyncConnection

from projections.fact import Derived
from projections.fact_rows import Touched
from projections.known import SLOTS, Known, slot_of
from projections.memory import Memory
from projections.names import Name
from projections.outline_rows import Said, When, heard, recall_outlines, say, says_nothing_new
from projections.packed_rows import columns, run
from projections.sql import QUERIES as PROJECTION_QUERIES
from schemas.course_configuration import KINDS
from schemas.log_event import CLOCK_TICK, ControlEvent

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("hold_rows.sql"), "psycopg", mandatory_parameters=False)
CONTROLLING = frozenset({*KINDS, CLOCK_TICK})
"""Kinds of events that change rows of anybody."""


class Needs(NamedTuple):
    """What else a batch has to hold. alone, shared: slots; persons: the ends of merges."""

    shared: frozenset[int] = frozenset()
    alone: frozenset[int] = frozenset()
    persons: frozenset[Name] = frozenset()

    def and_(self, other: "Needs") -> "Needs":
        """Both."""
        return Needs(self.shared | other.shared, self.alone | other.alone, self.persons | other.persons)


class NotHeld(Exception):
    """A batch needs more than it holds."""

    def __init__(self, tenant: int, needs: Needs) -> None:
        self.tenant = tenant
        self.needs = needs


class Voided(NamedTuple):
    """Whose a voided fact is: own is the person that its statement names. is_last: an outline may follow from it."""

    position: int
    statement: UUID
    own: Name | None
    course: Name | None
    person: Name | None
    is_last: bool


class Hold:
    """Of one tenant, for one transaction."""

    def __init__(self, connection: AsyncConnection, tenant: int, known: Known, needs: Needs) -> None:
        self._connection = connection
        self.tenant = tenant
        self._known = known
        self._needs = needs
        self._persons: frozenset[Name] = frozenset()
        self._shared: frozenset[int] = frozenset()
        self._alone: frozenset[int] = frozenset()
        self._whole = False
        self._heard: dict[Said, When] = {}
        self._later: list[tuple[Said, When]] = []
        self._changed: set[int] = set()
        self.voided: list[Voided] = []
        self.has_entered = False
        """Whether anything may be written."""

    async def begin(self, events: Iterable[object]) -> list[ControlEvent]:
        """Hold the tenant; answers what is set anew by these events, and was not yet applied by anybody."""
        until = max(
            (one.position for one in events if isinstance(one, ControlEvent) and one.kind in CONTROLLING), default=0
        )
        self._whole = until > await self._configured()
        await self._lock([(_key("tenant", self.tenant), self._whole)])
        self._known.configured, before = await self._configured(), self._known.configured
        if self._known.configured != before:
            self._known.forget()
        if not self._whole:
            return []
        self._known.forget_learners()
        await self._check_versions(range(SLOTS))
        asked = {"tenant": self.tenant, "after": self._known.configured, "until": until, "kinds": [*CONTROLLING]}
        cursor = await self._connection.execute(QUERIES.control_events.sql, asked)
        return [ControlEvent(*row) for row in await cursor.fetchall()]

    @property
    def configured(self) -> int:
        """Up to which position what is set is in the rows."""
        assert self._known.configured is not None
        return self._known.configured

    async def places_of_voided(self, positions: Sequence[int]) -> list[Voided]:
        """Whose the facts and letters at these positions are."""
        asked = {"tenant": self.tenant, "positions": list(positions)}
        rows = await run(self._connection, QUERIES.places_of_voided.sql, asked)
        return [Voided(position, UUID(bytes=statement), *rest) for position, statement, *rest in rows]

    async def enter(self, found: Sequence[Derived], memory: Memory) -> None:
        """Hold what these facts concern, as far as it can be told before they are written; `voided` is what is voided.

        Raises NotHeld.
        """
        if not self._whole:
            await self._enter(found, memory)
        self.has_entered = True

    async def _enter(self, found: Sequence[Derived], memory: Memory) -> None:
        facts = [one.fact for one in found]
        courses = {fact.course for fact in facts if fact.course is not None}
        courses |= await self._by_registration(found)
        courses |= {one.course for one in self.voided if one.course is not None}
        unsaid = {one.course for one in self.voided if one.course is not None and one.is_last}
        persons = {fact.person for fact in facts} | {one.person for one in self.voided}
        self._persons = self._needs.persons | {one for one in memory.places.merged if one in persons}
        self._alone = self._needs.alone | {slot_of(course) for course in unsaid}
        self._shared = (self._needs.shared | {slot_of(course) for course in courses}) - self._alone
        slots = sorted([(slot, True) for slot in self._alone] + [(slot, False) for slot in self._shared])
        await self._lock(
            [(_key("slot", self.tenant, slot), alone) for slot, alone in slots]
            + [(_key("person", self.tenant, person), True) for person in sorted(self._persons)]
        )
        self._known.forget_slots(self._alone)
        await self._check_versions([slot for slot, _ in slots])
        await self._foresee(found, memory)

    async def _by_registration(self, found: Sequence[Derived]) -> set[Name]:
        """Courses that these facts may be given by their registrations."""
        asked = {
            (fact.person, fact.registration)
            for fact, *_ in found
            if fact.course is None and fact.registration is not None and fact.claim is not None
        }
        if not asked:
            return set()
        values = columns({"persons": "uuid", "registrations": "uuid"}, sorted(asked))
        values["tenant"] = self.tenant  # type: ignore[assignment]
        return {row[2] for row in await run(self._connection, PROJECTION_QUERIES.registration_courses.sql, values)}

    async def _foresee(self, found: Sequence[Derived], memory: Memory) -> None:
        """Before much is written: do these facts say something new of an outline that is not held alone?"""
        said: dict[Said, When] = {}
        for one in found:
            fact = one.fact
            if fact.voided_position is None and fact.course is not None and fact.claim is not None:
                key, when = (fact.course, fact.claim), (fact.at, fact.id)
                said[key] = max(when, said.get(key, when))
        texts = {one.fact.claim: one.claims for one in found}
        await recall_outlines(self._connection, self.tenant, {course for course, _ in said}, memory)
        new = await self._hear([key for key in said if slot_of(key[0]) not in self._alone])
        self.must_be_alone(
            course
            for course, claim in said
            if (course, claim) in new or not says_nothing_new(course, texts[claim], memory)
        )

    async def say(self, said: Sequence[tuple[Said, When]]) -> set[Said]:
        """Keep who said what last; answers what is new. What others may say too is written at the end: they wait."""
        alone = [one for one in said if self._is_alone(one[0][0])]
        shared = [one for one in said if not self._is_alone(one[0][0])]
        new = await say(self._connection, self.tenant, alone) if alone else set()
        new |= await self._hear([key for key, _ in shared])
        self._later = [(key, when) for key, when in shared if key in self._heard and when > self._heard[key]]
        return new

    def must_cover(self, touched: Touched, memory: Memory) -> None:
        """Raises NotHeld where more has been touched than could be told before."""
        if self._whole:
            return
        persons = (touched.seen.keys() | touched.renamed) & memory.places.merged.keys()
        slots = {slot_of(course) for course in touched.courses}
        missing = Needs(frozenset(slots - self._alone - self._shared), frozenset(), frozenset(persons - self._persons))
        if any(missing):
            raise NotHeld(self.tenant, missing)

    def must_be_alone(self, courses: Iterable[Name]) -> None:
        """The outlines of these courses may be about to change. Raises NotHeld."""
        slots = frozenset(slot_of(course) for course in courses)
        if not self._whole and slots - self._alone:
            raise NotHeld(self.tenant, Needs(alone=slots))

    def has_changed(self, courses: Iterable[Name]) -> None:
        """The outlines of these courses are others now, and with them the rows of everybody there."""
        self._changed |= {slot_of(course) for course in courses}

    async def end(self, configured: Collection[ControlEvent]) -> None:
        """When all is written: what is said again, and what others have to know. Forgets what others may write."""
        if self._later:
            await say(self._connection, self.tenant, self._later)
        known = self._known
        if self._changed:
            asked = {"tenant": self.tenant, "slots": sorted(self._changed)}
            known.versions.update(await run(self._connection, QUERIES.raise_versions.sql, asked))
        if configured:
            known.configured = max(one.position for one in configured)
            asked = {"tenant": self.tenant, "position": known.configured}
            await self._connection.execute(QUERIES.apply_configuration.sql, asked)
        if self._whole:
            known.forget_learners()
        else:
            known.forget_slots(self._changed)
            if self._persons:
                known.forget_persons(self._persons)

    def _is_alone(self, course: Name) -> bool:
        return self._whole or slot_of(course) in self._alone

    async def _hear(self, sayings: Sequence[Said]) -> set[Said]:
        """Those among these sayings that are new; of the others it is known then when they were last made."""
        if asked := sorted(key for key in sayings if key not in self._heard):
            self._heard |= await heard(self._connection, self.tenant, asked)
        return {key for key in sayings if key not in self._heard}

    async def _configured(self) -> int:
        asked = {"tenant": self.tenant}
        row = await (await self._connection.execute(QUERIES.configuration_applied.sql, asked)).fetchone()
        return 0 if row is None else int(row[0])

    async def _check_versions(self, slots: Sequence[int]) -> None:
        """Forget what is known of slots whose outlines have changed."""
        asked = {"tenant": self.tenant, "slots": list(slots)}
        found: Mapping[int, int] = dict(await run(self._connection, QUERIES.outline_versions.sql, asked))
        now = {slot: found.get(slot, 0) for slot in slots}
        known = self._known.versions
        stale = {slot for slot, version in now.items() if slot in known and known[slot] != version}
        if stale:
            self._known.forget_slots(stale)
        known.update(now)

    async def _lock(self, locks: Sequence[tuple[int, bool]]) -> None:
        if locks:
            asked = columns({"keys": "bigint", "alone": "boolean"}, locks)
            await run(self._connection, QUERIES.lock_all.sql, asked)


def _key(kind: str, tenant: int, which: object = "") -> int:
    digest = blake2b(f"{kind} {tenant} {which!r}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
