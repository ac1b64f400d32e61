"""Dead letters for who looks after the store: a page of them, one, and how many. docs/dead-letters.md."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from msgspec import Struct
from psycopg import AsyncConnection
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    String,
    Uuid,
    bindparam,
    column,
    func,
    literal_column,
    select,
    table,
)

from projections.keyset_queries import Order, Pages, Place, Wanted

QUERIES: Any = aiosql.from_path(
    Path(__file__).with_name("dead_letter_queries.sql"), "psycopg", mandatory_parameters=False
)
_LETTER = table(
    "dead_letter",
    column("tenant", Integer),
    column("position", BigInteger),
    column("statement", Uuid),
    column("stored", DateTime(timezone=True)),
    column("key", Uuid),
    column("learner", String),
    column("state", String),
    column("attempts", Integer),
    column("version", Integer),
    column("error", String),
    column("message", String),
    column("last_at", DateTime(timezone=True)),
    column("decided_by", String),
    column("reason", String),
)


class LetterLine(Struct, frozen=True):
    """A statement that is parked, waits, or is discarded. waits_for: the position of the letter before it.

    version: of the folds that tried it last. last_at: when that was, in the log's time.
    """

    position: int
    statement: UUID
    stored: datetime
    learner: str | None
    state: str
    waits_for: int | None
    attempts: int
    version: int
    error: str
    message: str
    last_at: datetime
    decided_by: str | None
    reason: str | None


class LetterTold(LetterLine, frozen=True):
    """One of them. frames: where in the code it went wrong, innermost last. voided: whether another statement voids
    this one.
    """

    frames: str
    voided: bool


class LetterCounts(Struct, frozen=True):
    """How many there are, and where the oldest parked one is."""

    parked: int
    waiting: int
    discarded: int
    oldest: int | None


_L = _LETTER.alias("l").c
_P = _LETTER.alias("p").c
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "state": _L.state == bindparam("state", type_=String),
    "learner": _L.key == bindparam("learner", type_=Uuid),
}
_WAITS_FOR = (
    select(func.min(_P.position))
    .where(
        _L.state == literal_column("'waiting'", String),
        _P.tenant == _L.tenant,
        _P.key == _L.key,
        _P.state == literal_column("'parked'", String),
    )
    .scalar_subquery()
    .label("waits_for")
)


def _lines(filters: frozenset[str]) -> Select[Any]:
    columns = (_WAITS_FOR if name == "waits_for" else _L[name] for name in LetterLine.__struct_fields__)
    here = _L.tenant == bindparam("tenant", type_=Integer)
    return select(*columns).where(here, *(_CONDITIONS[name] for name in sorted(filters)))


LETTERS = Pages(_lines, {"position": Order((_L.position,))})


async def read_letters(
    connection: AsyncConnection, tenant: int, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[LetterLine], Place | None]:
    """A page of letters, and where the next begins. filters: state; learner, by name."""
    page = await LETTERS.read(connection, {"tenant": tenant}, filters, wanted)
    return [LetterLine(*row) for row in page.rows], page.next


async def read_one(connection: AsyncConnection, tenant: int, position: int) -> LetterTold | None:
    """The letter of the statement at this position."""
    asked = {"tenant": tenant, "position": position}
    row = await (await connection.execute(QUERIES.letter_told.sql, asked)).fetchone()
    return LetterTold(*row) if row else None


async def count_letters(connection: AsyncConnection, tenant: int) -> LetterCounts:
    """Of a tenant."""
    row = await (await connection.execute(QUERIES.count_letters.sql, {"tenant": tenant})).fetchone()
    assert row is not None
    return LetterCounts(*row)
