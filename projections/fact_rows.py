"""Writes facts: adds what is new, takes away what is voided, and gives a course to what only its registration can
place.

Answers which claims and keys gained or lost a live fact; nothing else decides what is computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection

from projections.fact import Derived, Fact
from projections.memory import Memory, Pair, Seen, unknown
from projections.names import Name
from projections.packed_rows import columns, run
from projections.read_model_tables import CLAIM, FACT, IRI, PERSON
from projections.sql import QUERIES

Key = tuple[Name, Name, Name]
"""Course, person, node."""


@dataclass(slots=True)
class Touched:
    """What gained (said) or lost (unsaid) a live fact.

    said: (course, claim) → the last (at, id) among the gained; unsaid: (course, claim, node). fresh: the gained facts
    by key, of this batch; disturbed: keys that lost facts, or gained others. courses: where anything happened. lost:
    who lost a fact in a course. seen: identifiers of persons with a gained fact; named: the last name of each among
    these; renamed: persons that lost a fact.
    """

    said: dict[tuple[Name, Name], tuple[datetime, UUID]] = field(default_factory=dict)
    unsaid: set[tuple[Name, Name, Name]] = field(default_factory=set)
    fresh: dict[Key, list[Fact]] = field(default_factory=dict)
    disturbed: set[Key] = field(default_factory=set)
    courses: set[Name] = field(default_factory=set)
    lost: set[Pair] = field(default_factory=set)
    seen: dict[Name, str] = field(default_factory=dict)
    named: dict[Name, Seen] = field(default_factory=dict)
    renamed: set[Name] = field(default_factory=set)
    registrations: set[tuple[Name, Name]] = field(default_factory=set)

    def gain(self, one: Derived) -> None:
        """A new live fact."""
        fact = one.fact
        if fact.person is not None and one.ifi is not None:
            self.seen[fact.person] = one.ifi
            if fact.actor_name is not None:
                seen = fact.at, fact.id, fact.actor_name
                self.named[fact.person] = max(seen, self.named.get(fact.person, seen))
        if fact.course is not None and fact.activity is not None:
            self.say(fact.course, fact.claim, (fact.at, fact.id))
            if fact.person is not None:
                self.fresh.setdefault((fact.course, fact.person, fact.activity), []).append(fact)

    def register(self, person: Name | None, registration: Name | None) -> None:
        """A fact came, went, or was moved, which may give its registration another course, or be given one by it."""
        if person is not None and registration is not None:
            self.registrations.add((person, registration))

    def say(self, course: Name, claim: Name | None, when: tuple[datetime, UUID]) -> None:
        """A live fact came to this course."""
        self.courses.add(course)
        if claim is not None:
            self.said[course, claim] = max(when, self.said.get((course, claim), when))

    def come(
        self,
        course: Name | None,
        node: Name | None,
        person: Name | None,
        claim: Name | None,
        when: tuple[datetime, UUID],
    ) -> None:
        """A live fact that was written before came to this place."""
        if course is None or node is None:
            return
        self.say(course, claim, when)
        if person is not None:
            self.disturbed.add((course, person, node))

    def lose(self, course: Name | None, node: Name | None, person: Name | None, claim: Name | None) -> None:
        """A live fact left this place."""
        if course is None or node is None:
            return
        self.courses.add(course)
        if claim is not None:
            self.unsaid.add((course, claim, node))
        if person is not None:
            self.disturbed.add((course, person, node))
            self.lost.add((course, person))


async def write_facts(
    connection: AsyncConnection,
    tenant: int,
    derived: Sequence[Derived],
    voids: Sequence[tuple[int, int]],
    touched: Touched,
    memory: Memory,
) -> None:
    """Write one batch: `voids` are (position of the voided, position of the voiding) statements; `touched`: what has
    been already.
    """
    for one in derived:
        touched.register(one.fact.person, one.fact.registration)
        if one.fact.voided_position is None:
            touched.gain(one)
    await write_texts(connection, tenant, derived, memory)
    new = [(person, ifi, None) for person, ifi in touched.seen.items() if person not in memory.names]
    await PERSON.insert(connection, tenant, new)
    await FACT.add(connection, tenant, [one.fact for one in derived])
    if voids:
        await _void(connection, tenant, voids, touched)
    if touched.registrations:
        await _place_by_registration(connection, tenant, touched)


async def _void(connection: AsyncConnection, tenant: int, voids: Sequence[tuple[int, int]], touched: Touched) -> None:
    first = sorted(dict(sorted(voids, reverse=True)).items())
    asked = columns({"positions": "bigint", "voided_by": "bigint"}, first)
    for course, node, person, registration, claim in await run(
        connection, QUERIES.void_facts.sql, {"tenant": tenant, **asked}
    ):
        touched.lose(course, node, person, claim)
        touched.register(person, registration)
        if person is not None:
            touched.renamed.add(person)


async def _place_by_registration(connection: AsyncConnection, tenant: int, touched: Touched) -> None:
    names = {"persons": "uuid", "registrations": "uuid"}
    asked = columns(names, sorted(touched.registrations))
    unplaced = await run(connection, QUERIES.unplaced_facts.sql, {"tenant": tenant, **asked})
    if not unplaced:
        return
    asked = columns(names, sorted({(row[3], row[4]) for row in unplaced}))
    found = await run(connection, QUERIES.registration_courses.sql, {"tenant": tenant, **asked})
    courses: dict[tuple[Name, Name], Name] = {(person, registration): course for person, registration, course in found}
    moves: list[tuple[int, Name | None, str]] = []
    for position, old, node, person, registration, claim, at, statement_id, voided in unplaced:
        new = courses.get((person, registration))
        if new != old:
            moves.append((position, new, "unassigned" if new is None else "registration"))
            if voided is not None:
                continue
            touched.lose(old, node, person, claim)
            touched.come(new, node, person, claim, (at, UUID(bytes=statement_id)))
    if moves:
        asked = columns({"positions": "bigint", "courses": "uuid", "placements": "text"}, moves)
        await run(connection, QUERIES.move_facts.sql, {"tenant": tenant, **asked})


async def write_texts(connection: AsyncConnection, tenant: int, derived: Sequence[Derived], memory: Memory) -> None:
    """The dictionaries."""
    iris = unknown(memory.iris, (entry for one in derived for entry in one.iris))
    said = ((one.fact.claim, one.claims) for one in derived)
    claims = unknown(memory.claims, ((claim, text) for claim, text in said if claim is not None and text is not None))
    await IRI.insert(connection, tenant, iris)
    await CLAIM.insert(connection, tenant, claims)
