"""Searching the log: one page for a query, and a cursor to the next that stays valid while writers write.

Windowed reads: from the near end of the time range, 7 days first, then four times as long each step, so that what a
page costs does not grow with the log. A page shows what is committed, an ascending one up to the safe bound only. Its
place in (stored, position) is the cursor, so following `more` neither misses nor repeats a statement that was there at
the start; up to when the log is surely whole is said beside it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from psycopg import AsyncConnection

from lrs.database import Pool
from lrs.statement_log import search_keys
from lrs.statement_log.log import CLOCK_SLACK
from lrs.statement_log.recorded import RecordedStatement
from lrs.statement_log.safe_bound import EPOCH, Bound, SafeBound
from lrs.statement_log.search_keys import Term, key_of, search_terms
from lrs.statement_log.sql import QUERIES
from lrs.statement_log.statement_queries import page_query
from projections.payload import parse
from schemas.identity import inverse_functional_identifier
from schemas.statement_query import StatementQuery

SETTLE_SECONDS = 1.0
FIRST_WINDOW = timedelta(days=7)
_TICK = timedelta(microseconds=1)
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """Where a page ended: the next begins behind this place."""

    stored: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    """Statements in order, where the next page begins (None: there is none), and up to when the log is surely whole."""

    statements: list[RecordedStatement]
    next: Cursor | None
    consistent_through: datetime


def terms_of(query: StatementQuery) -> set[Term]:
    """What a statement must have to match (xAPI Communication 2.1.3)."""
    terms: set[Term] = set()
    if query.verb is not None:
        terms.add((search_keys.VERB, query.verb))
    if query.activity is not None:
        role = search_keys.RELATED_ACTIVITY if query.related_activities else search_keys.ACTIVITY
        terms.add((role, query.activity))
    if query.agent is not None:
        ifi = inverse_functional_identifier(query.agent)
        assert ifi is not None
        terms.add((search_keys.RELATED_AGENT if query.related_agents else search_keys.AGENT, ifi))
    if query.registration is not None:
        terms.add((search_keys.REGISTRATION, str(query.registration)))
    return terms


class Search:
    """Pages of one log; follows the safe bound for all of them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._bound = SafeBound()

    @property
    def known_through(self) -> datetime:
        """As consistent_through, as of the last time somebody looked: without asking the database."""
        return self._bound.reached.stored_floor

    async def consistent_through(self) -> datetime:
        """Every statement stored before this instant is visible (X-Experience-API-Consistent-Through)."""
        async with self._pool.connection() as connection:
            return (await self._bound.advance(connection)).stored_floor

    async def _settled(self, connection: AsyncConnection) -> Bound:
        """The safe bound once it has passed all that was appended until now, or what it is after SETTLE_SECONDS."""
        bound = await self._bound.advance(connection)
        wanted, clock = self._bound.newest, asyncio.get_running_loop().time
        give_up = clock() + SETTLE_SECONDS
        while bound.position < wanted and clock() < give_up:
            await asyncio.sleep(0.005)
            bound = await self._bound.advance(connection)
        return bound

    async def page(self, tenant: int, salt: bytes, query: StatementQuery, cursor: Cursor | None, limit: int) -> Page:
        """The statements that match, from the cursor on."""
        terms = terms_of(query)
        async with self._pool.connection() as connection:
            bound = await (self._settled(connection) if query.ascending else self._bound.advance(connection))
            row = await (await connection.execute(QUERIES.range_of_stored.sql)).fetchone()
            assert row is not None
            oldest, now = row
            low = max(query.since or EPOCH, (oldest or now) - _TICK)
            high = min(query.until or _FAR, now + CLOCK_SLACK)
            if query.ascending:  # whoever goes on from the last one must not have missed one that commits later
                high = min(high, bound.stored_floor - _TICK)
            values: dict[str, Any] = {"tenant": tenant}
            if terms:
                values["keys"] = sorted({key_of(term, salt) for term in terms})
            if cursor is not None:
                values |= {"after_stored": cursor.stored, "after_position": cursor.position}
                if query.ascending:
                    low = max(low, cursor.stored - _TICK)
                else:
                    high = min(high, cursor.stored)
            sql = page_query(ascending=query.ascending, with_keys=bool(terms), with_cursor=cursor is not None)
            statements: list[RecordedStatement] = []
            for window_low, window_high in _windows(low, high, ascending=query.ascending):
                wanted = limit + 1 - len(statements)
                asked = values | {"low": window_low, "high": window_high, "limit": wanted}
                statements += await _read(connection, sql, asked, terms)
                if len(statements) > limit:
                    break
        more = len(statements) > limit
        page = statements[:limit]
        end = Cursor(page[-1].stored, page[-1].position) if more else None
        return Page(page, end, bound.stored_floor)


async def _read(
    connection: AsyncConnection, sql: str, values: dict[str, Any], terms: set[Term]
) -> list[RecordedStatement]:
    """The matching rows of one window; keys can collide, so the terms are compared again."""
    limit = values["limit"]
    while True:
        rows = [RecordedStatement(*row) for row in await (await connection.execute(sql, values)).fetchall()]
        kept = [row for row in rows if not terms or _has(row, terms)]
        if len(rows) < values["limit"] or len(kept) >= limit:
            return kept[:limit]
        values = values | {"limit": values["limit"] * 10}  # collisions took places: read further


def _has(row: RecordedStatement, terms: set[Term]) -> bool:
    return terms <= search_terms(parse(row.payload), msgspec.json.decode(row.authority))


def _windows(low: datetime, high: datetime, *, ascending: bool) -> Iterator[tuple[datetime, datetime]]:
    """(low, high] in pieces, near end first."""
    length = FIRST_WINDOW
    while low < high:
        if ascending:
            end = min(high, low + length)
            yield low, end
            low = end
        else:
            start = max(low, high - length)
            yield start, high
            high = start
        length *= 4
