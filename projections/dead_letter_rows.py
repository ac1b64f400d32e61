"""Keeps the letters of a batch: who has to wait is held back, and a letter is told what voids its statement.

The rule of this file: a learner's statements behind the first parked one of theirs are not applied, whatever batch
they come in; statements of everybody else are. Where there are no letters the database is asked for nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiosql
from psycopg import AsyncConnection

from projections.dead_letter import NOTHING, Failure, Letter, Letters, State, letter_of, sender_of
from projections.fact import Derived
from projections.kept_letter_rows import kept_letters
from projections.memory import Memory
from projections.names import Name
from projections.packed_rows import columns, run
from projections.read_model_tables import DEAD_LETTER
from schemas.dead_letter import Decision
from schemas.log_event import ControlEvent, StatementEvent

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("dead_letter_rows.sql"), "psycopg", mandatory_parameters=False)

LAST = 2**63 - 1
"""No position is higher."""


async def hold_back(
    connection: AsyncConnection,
    tenant: int,
    found: list[Derived],
    events: Sequence[StatementEvent],
    memory: Memory,
    version: int,
) -> list[Derived]:
    """What of a batch's facts, which these events gave, is not held back."""
    if kept := kept_letters(events):
        await DEAD_LETTER.upsert(connection, tenant, kept)
        memory.letters = None
    if memory.letters is None:
        rows = await run(connection, QUERIES.first_letters.sql, {"tenant": tenant})
        memory.letters = Letters({key: first for key, first in rows if key and first}, bool(rows))
    if not memory.letters.exist:
        return found
    first = memory.letters.first
    derived = {one.fact.position for one in found}
    senders = {event.position: sender_of(event) for event in events if first and event.position in derived}
    behind = {
        position: sender
        for position, sender in senders.items()
        if sender.person is not None and position > first.get(sender.person, LAST)
    }
    rows = [
        letter_of(event, behind[event.position], State.WAITING, NOTHING, version)
        for event in events
        if event.position in behind
    ]
    await DEAD_LETTER.upsert(connection, tenant, rows)
    voids = [(event.voids_position, event.position) for event in events if event.voids_position is not None]
    if voids:
        earliest = sorted(dict(sorted(voids, reverse=True)).items())
        asked = columns({"positions": "bigint", "voided_by": "bigint"}, earliest)
        await run(connection, QUERIES.void_letters.sql, {"tenant": tenant, **asked})
    return [one for one in found if one.fact.position not in behind]


async def read_letter(connection: AsyncConnection, tenant: int, position: int) -> Letter | None:
    """The letter of the statement at this position."""
    rows = await run(connection, QUERIES.letter.sql, {"tenant": tenant, "position": position})
    return Letter(*rows[0]) if rows else None


async def set_free(connection: AsyncConnection, tenant: int, key: Name | None, limit: int) -> list[int]:
    """Positions of letters, of a key or of any, that wait for nothing any more."""
    asked = {"tenant": tenant, "key": key, "limit": limit}
    rows = await run(connection, QUERIES.letters_set_free.sql, asked)
    return [position for (position,) in rows]


async def take_letters(connection: AsyncConnection, tenant: int, positions: Sequence[int]) -> dict[int, int | None]:
    """Removes letters; answers what voids each of those that were there."""
    asked = {"tenant": tenant, "positions": list(positions)}
    return dict(await run(connection, QUERIES.take_letters.sql, asked))


async def fail_letters(
    connection: AsyncConnection, event: ControlEvent, positions: Sequence[int], failure: Failure, version: int
) -> None:
    """These were tried because of the event, and could not be digested."""
    asked = {"tenant": event.tenant, "positions": list(positions), "at": event.recorded, "version": version}
    await run(connection, QUERIES.fail_letters.sql, {**asked, **failure._asdict()})


async def discard_letter(connection: AsyncConnection, event: ControlEvent, decision: Decision) -> None:
    """It never counts."""
    asked = {"tenant": event.tenant, "position": decision.position, "at": event.recorded}
    await run(connection, QUERIES.discard_letter.sql, {**asked, "by": decision.by, "reason": decision.reason})


async def voided_fact(connection: AsyncConnection, tenant: int, position: int) -> int | None:
    """What voids the fact of the statement at this position; None also where there is no fact."""
    rows = await run(connection, QUERIES.voided_fact.sql, {"tenant": tenant, "position": position})
    return rows[0][0] if rows else None
