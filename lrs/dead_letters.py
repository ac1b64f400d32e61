"""What may be decided of dead letters, and by which event of the log. docs/dead-letters.md.

The rule of this file: whoever decides only says so, in the log; the processor does it, in the log's order. What is
parked can be tried again or discarded; what waits is decided of by what it waits for.
"""

from typing import Final

from msgspec.structs import asdict
from psycopg import AsyncConnection

from lrs.database import Pool
from lrs.statement_log.control_events import append_control_event
from lrs.statement_log.rereading import LogRereader
from projections.dead_letter import State
from projections.dead_letter_queries import LetterTold, read_one
from schemas.dead_letter import LETTER_DISCARDED, Decision
from schemas.errors import LetterUndecidable, NotFound
from schemas.log_event import StatementEvent

LARGEST: Final = 2**63 - 1
"""The highest position that there may be."""


async def letter_with_statement(pool: Pool, tenant: int, position: int) -> tuple[LetterTold, StatementEvent | None]:
    """The letter at a position, and its statement as far as the log still has it. Raises NotFound."""
    async with pool.connection() as connection:
        letter = await _found(connection, tenant, position)
    statements = await LogRereader(pool).at(tenant, [position])
    return letter, statements[0] if statements else None


async def decide(pool: Pool, tenant: int, kind: str, decision: Decision) -> int:
    """Record the decision; answers its position. Raises NotFound, LetterUndecidable."""
    _, statement = await letter_with_statement(pool, tenant, decision.position)
    async with pool.connection() as connection, connection.transaction():
        letter = await _found(connection, tenant, decision.position)
        if letter.state == State.WAITING:
            raise LetterUndecidable(f"It waits for the letter at position {letter.waits_for}: decide of that one.")
        if kind == LETTER_DISCARDED and letter.state == State.DISCARDED:
            raise LetterUndecidable("It is discarded already.")
        if kind == LETTER_DISCARDED and statement is not None and statement.voids_position is not None:
            raise LetterUndecidable("It voids another statement, and what voids cannot be undone.")
        return (await append_control_event(connection, tenant, kind, asdict(decision))).position


async def _found(connection: AsyncConnection, tenant: int, position: int) -> LetterTold:
    letter = await read_one(connection, tenant, position) if position <= LARGEST else None
    if letter is None:
        raise NotFound(f"There is no dead letter at position {position} here.")
    return letter
