"""Gives facts the place and the person that they have by what is set now. docs/rules.md, section 9.

The rule of this file: a fact is moved as if it had been written where it belongs from the first: its old key loses it,
its new key gains it. Whatever has to be moved is moved a bounded number of rows at a time.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from psycopg import AsyncConnection

from projections.fact import Derived, derived
from projections.fact_rows import Touched, write_texts
from projections.kept_fact_rows import KeptFact
from projections.kept_letter_rows import KeptLetter
from projections.log_reader import LogReader
from projections.memory import Memory
from projections.names import Name, named
from projections.packed_rows import array, columns, run
from projections.placement_as_set import Moves, Places, Recount
from projections.read_model_tables import FACT
from schemas.log_event import StatementEvent

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("moved_rows.sql"), "psycopg", mandatory_parameters=False)
READ_AT_ONCE = 500
"""Statements that are read again at once."""
MOVED_AT_ONCE = 10_000
"""Facts that are moved at once."""


class NothingToReadAgain(Exception):
    """What is set moves statements that were read before, and this projector was given no log to read them from."""


def derive(event: StatementEvent, places: Places) -> Derived | None:
    """What a statement is, by itself and by what is set; one that is gone, what it was."""
    if isinstance(event, KeptFact):
        return event.derived
    if isinstance(event, KeptLetter):
        return None
    one = derived(event.position, event.id, event.stored, event.timestamp, event.payload, event.voided_position)
    return one if one is None or places.is_plain else places.placed(one, event.payload)


async def move_facts(
    connection: AsyncConnection, tenant: int, until: int, moves: Moves, memory: Memory, log: LogReader | None
) -> Touched:
    """Move what is written of the statements up to `until`; answers what lost and gained by that."""
    touched = Touched()
    for some in _parts(list(moves.persons), MOVED_AT_ONCE):
        await _move_persons(connection, tenant, some, touched)
    if moves.activities:
        if log is None:
            raise NothingToReadAgain
        await connection.execute(QUERIES.wait_for_the_log.sql)
        for part in _parts(await log.about(tenant, moves.activities, until), READ_AT_ONCE):
            await _derive_again(connection, tenant, await log.at(tenant, part), touched, memory)
    for nodes in _parts(list(moves.nodes), MOVED_AT_ONCE):
        await _place_by_outline(connection, tenant, nodes, touched)
    return touched


def _parts(all_: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for begin in range(0, len(all_), size):
        yield all_[begin : begin + size]


async def _move_persons(connection: AsyncConnection, tenant: int, moved: Sequence[Recount], touched: Touched) -> None:
    """Facts of an identifier count for another person from now on."""
    types = {"owns": "uuid", "olds": "uuid", "news": "uuid"}
    rows = [(named(own), named(old), named(new)) for own, old, new in moved]
    asked = {"tenant": tenant, "limit": MOVED_AT_ONCE, **columns(types, rows)}
    identifiers = {named(new): new for _, _, new in moved}
    touched.renamed.update(person for _, *both in rows for person in both)
    while found := await run(connection, QUERIES.move_persons.sql, asked):
        for course, node, old, new, registration, voided in found:
            touched.register(old, registration)
            touched.register(new, registration)
            if voided is not None:
                continue
            touched.seen[new] = identifiers[new]
            if course is not None:
                touched.courses.add(course)
                touched.disturbed |= {(course, old, node), (course, new, node)}
                touched.lost.add((course, old))
        if len(found) < MOVED_AT_ONCE:
            break


async def _derive_again(
    connection: AsyncConnection, tenant: int, events: Sequence[StatementEvent], touched: Touched, memory: Memory
) -> None:
    """Statements that are about what is mapped otherwise now; those that are parked, or wait, have no fact to move."""
    asked = {"tenant": tenant, "positions": array("bigint", [event.position for event in events])}
    before = {row[0]: row[1:] for row in await run(connection, QUERIES.places_of_facts.sql, asked)}
    written = [event for event in events if event.position in before]
    again = [one for one in (derive(event, memory.places) for event in written) if one is not None]
    facts = []
    for one in again:
        course, node, _, claim, placement, voided = before[one.fact.position]
        fact = one.fact._replace(voided_position=voided)
        if (fact.placement, placement) == ("unassigned", "registration") and (fact.activity, fact.claim) == (
            node,
            claim,
        ):
            fact = fact._replace(course=course, placement=placement)  # the registration still says so, or is asked
        facts.append(fact)
    await write_texts(connection, tenant, again, memory)
    changed = {position for (position,) in await FACT.upsert(connection, tenant, facts)}
    for fact in facts:
        if fact.position not in changed:
            continue
        touched.register(fact.person, fact.registration)
        if fact.voided_position is None:
            course, node, person, claim, *_ = before[fact.position]
            touched.lose(course, node, person, claim)
            touched.come(fact.course, fact.activity, fact.person, fact.claim, (fact.at, fact.id))


async def _place_by_outline(
    connection: AsyncConnection, tenant: int, nodes: Sequence[tuple[Name, Name | None]], touched: Touched
) -> None:
    """What says no course itself is in the course whose outline has its node."""
    asked = {"tenant": tenant, "limit": MOVED_AT_ONCE, **columns({"nodes": "uuid", "courses": "uuid"}, nodes)}
    while found := await run(connection, QUERIES.place_by_outline.sql, asked):
        for old, new, node, person, claim, registration, at, statement_id, voided in found:
            touched.register(person, registration)
            if voided is not None:
                continue
            touched.lose(old, node, person, claim)
            touched.come(new, node, person, claim, (at, UUID(bytes=statement_id)))
        if len(found) < MOVED_AT_ONCE:
            break


async def write_merged(
    connection: AsyncConnection, tenant: int, moves: Moves, touched: Touched, memory: Memory
) -> None:
    """person.merged_from of who may have another one now, or has a row that is new."""
    places = memory.places
    persons = {named(end) for _, *both in moves.persons for end in both}
    persons |= (touched.seen.keys() | touched.renamed) & places.merged.keys()
    if persons:
        merged = [(person, identifier) for person in sorted(persons) for identifier in places.merged.get(person, ())]
        asked = columns({"into": "uuid", "identifiers": "text"}, merged)
        asked["persons"] = array("uuid", sorted(persons))
        await run(connection, QUERIES.set_merged_from.sql, {"tenant": tenant, **asked})
