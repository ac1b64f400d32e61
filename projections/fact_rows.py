"""Writes facts: adds what is new, takes away what is voided, and gives a course to what only its registration can
place.

Answers which claims and keys gained or lost a live fact; nothing else decides what is computed again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection

from projections.fact import Derived
from projections.read_model_tables import CLAIM, FACT, IRI, PERSON
from projections.sql import QUERIES

Key = tuple[UUID, UUID, UUID]
"""Course, person, node."""


@dataclass(slots=True)
class Touched:
    """What gained (said) or lost (unsaid) a live fact.

    said: (course, claim) → the last (at, id) among the gained; unsaid: (course, claim, node). keys: course, person,
    node. courses: where anything happened. named: persons whose name may have changed.
    """

    said: dict[tuple[UUID, UUID], tuple[datetime, UUID]] = field(default_factory=dict)
    unsaid: set[tuple[UUID, UUID, UUID]] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)
    courses: set[UUID] = field(default_factory=set)
    named: set[UUID] = field(default_factory=set)
    registrations: set[tuple[UUID, UUID]] = field(default_factory=set)

    def gain(
        self,
        course: UUID | None,
        node: UUID | None,
        person: UUID | None,
        claim: UUID | None,
        when: tuple[datetime, UUID],
    ) -> None:
        """A live fact came to this place."""
        if course is None or node is None:
            return
        self.courses.add(course)
        if claim is not None:
            self.said[course, claim] = max(when, self.said.get((course, claim), when))
        if person is not None:
            self.keys.add((course, person, node))

    def lose(self, course: UUID | None, node: UUID | None, person: UUID | None, claim: UUID | None) -> None:
        """A live fact left this place."""
        if course is None or node is None:
            return
        self.courses.add(course)
        if claim is not None:
            self.unsaid.add((course, claim, node))
        if person is not None:
            self.keys.add((course, person, node))


class KnownTexts:
    """Which dictionary entries are surely in the database already, so that they need not be sent again."""

    def __init__(self, limit: int = 500_000) -> None:
        self._known: set[UUID] = set()
        self._limit = limit

    def unknown(self, entries: Iterable[tuple[UUID, str]]) -> list[tuple[UUID, str]]:
        """The entries not known yet, once each."""
        return list({name: (name, text) for name, text in entries if name not in self._known}.values())

    def learn(self, entries: Iterable[tuple[UUID, str]]) -> None:
        """After their commit."""
        if len(self._known) > self._limit:
            self._known.clear()
        self._known.update(name for name, _ in entries)


async def write_facts(
    connection: AsyncConnection,
    tenant: int,
    derived: Sequence[Derived],
    voids: Sequence[tuple[int, int]],
) -> Touched:
    """Write one batch: `voids` are (position of the voided, position of the voiding) statements."""
    touched = Touched()
    facts = [one.fact for one in derived]
    persons = {
        one.fact.person: one.ifi for one in derived if one.fact.person is not None and one.fact.voided_position is None
    }
    await PERSON.insert(connection, tenant, [(person, ifi, None) for person, ifi in persons.items()])
    await FACT.insert(connection, tenant, facts)
    for fact in facts:
        if fact.voided_position is None:
            touched.gain(fact.course, fact.activity, fact.person, fact.claim, (fact.at, fact.id))
            if fact.person is not None and fact.actor_name is not None:
                touched.named.add(fact.person)
            if fact.person is not None and fact.registration is not None:
                touched.registrations.add((fact.person, fact.registration))
    if voids:
        await _void(connection, tenant, voids, touched)
    if touched.registrations:
        await _place_by_registration(connection, tenant, touched)
    return touched


async def _void(connection: AsyncConnection, tenant: int, voids: Sequence[tuple[int, int]], touched: Touched) -> None:
    first = dict(sorted(voids, reverse=True))
    cursor = await connection.execute(
        QUERIES.void_facts.sql,
        {"tenant": tenant, "positions": list(first), "voided_by": list(first.values())},
    )
    for course, node, person, registration, claim, _ in await cursor.fetchall():
        touched.lose(course, node, person, claim)
        if person is not None:
            touched.named.add(person)
            if registration is not None:
                touched.registrations.add((person, registration))


async def _place_by_registration(connection: AsyncConnection, tenant: int, touched: Touched) -> None:
    persons, registrations = (list(column) for column in zip(*sorted(touched.registrations), strict=True))
    asked = {"tenant": tenant, "persons": persons, "registrations": registrations}
    unplaced = await (await connection.execute(QUERIES.unplaced_facts.sql, asked)).fetchall()
    if not unplaced:
        return
    pairs = sorted({(row[3], row[4]) for row in unplaced})
    asked = {"tenant": tenant, "persons": [p for p, _ in pairs], "registrations": [r for _, r in pairs]}
    found = await (await connection.execute(QUERIES.registration_courses.sql, asked)).fetchall()
    courses = {(person, registration): course for person, registration, course in found}
    moves: list[tuple[int, UUID | None, str]] = []
    for position, old, node, person, registration, claim, at, statement_id in unplaced:
        new = courses.get((person, registration))
        if new != old:
            moves.append((position, new, "unassigned" if new is None else "registration"))
            touched.lose(old, node, person, claim)
            touched.gain(new, node, person, claim, (at, statement_id))
    if moves:
        columns = [list(column) for column in zip(*moves, strict=True)]
        await connection.execute(
            QUERIES.move_facts.sql,
            {"tenant": tenant, "positions": columns[0], "courses": columns[1], "placements": columns[2]},
        )


async def write_texts(
    connection: AsyncConnection, tenant: int, derived: Sequence[Derived], iris: KnownTexts, claims: KnownTexts
) -> tuple[list[tuple[UUID, str]], list[tuple[UUID, str]]]:
    """Write the dictionaries; answers what was new to them, to be learnt after the commit."""
    new_iris = iris.unknown(pair for one in derived for pair in one.names())
    new_claims = claims.unknown(
        (one.fact.claim, one.claims) for one in derived if one.fact.claim is not None and one.claims is not None
    )
    await IRI.insert(connection, tenant, new_iris)
    await CLAIM.insert(connection, tenant, new_claims)
    return new_iris, new_claims
