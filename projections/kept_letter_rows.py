"""Dead letters whose statements retention has dropped: a rebuild takes them from the live tables, as they stand.

The rule of this file: a letter at or below log_begin() is read from the live tables whether its statement is still
there or not. What was decided of it by then it shows already (projections/digestion.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, sql

from projections.dead_letter import Letter
from projections.packed_rows import run
from projections.read_model_tables import DEAD_LETTER
from projections.side_schema import LIVE
from schemas.log_event import StatementEvent

_KEPT = (
    sql.SQL(
        "SELECT tenant, {columns} FROM {live} WHERE position > %(after)s AND position <= %(until)s"
        " ORDER BY position LIMIT %(limit)s"
    )
    .format(
        columns=sql.SQL(", ").join(map(sql.Identifier, DEAD_LETTER.columns)),
        live=sql.Identifier(LIVE, DEAD_LETTER.name),
    )
    .as_string()
)


@dataclass(frozen=True, slots=True)
class KeptLetter(StatementEvent):
    """A statement of which only its letter is left."""

    letter: Letter


async def read_kept_letters(connection: AsyncConnection, after: int, until: int, limit: int) -> list[KeptLetter]:
    """The first `limit` with after < position ≤ until, in order."""
    rows = await run(connection, _KEPT, {"after": after, "until": until, "limit": limit})
    return [_kept(tenant, Letter(*row)) for tenant, *row in rows]


def kept_letters(events: Sequence[StatementEvent]) -> list[tuple[Any, ...]]:
    """The rows of those among these."""
    return [event.letter for event in events if isinstance(event, KeptLetter)]


def _kept(tenant: int, letter: Letter) -> KeptLetter:
    return KeptLetter(letter.position, tenant, letter.statement, letter.stored, None, "", None, None, letter)
