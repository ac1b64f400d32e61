"""Searching the log: one page for a query, and a cursor to the next that stays valid while writers write.

Windowed reads: from the near end of the time range, 7 days first, then four times as long each step, so that what a
page costs does not grow with the log. A page shows what is committed, an ascending one up to the safe bound only. Its
place in (stored, position) is the cursor, so following `more` neither misses nor repeats a statement that was there at
the start; up to when the log is surely whole is said beside it: not further than where references are unsettled.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from lrs.database import Pool
from lrs.statement_log import search_keys
from lrs.statement_log.log import CLOCK_SLACK, Authority
from lrs.statement_log.recorded import RecordedStatement
from lrs.statement_log.references import Target, target_of, targets_of, unsettled_since
from lrs.statement_log.safe_bound import EPOCH, Bound, SafeBound
from lrs.statement_log.search_keys import Term, authority_terms, key_of, search_terms
from lrs.statement_log.sql import QUERIES
from lrs.statement_log.statement_queries import page_query
from projections.payload import parse
from schemas.identity import inverse_functional_identifier
from schemas.statement_query import StatementQuery

SETTLE_SECONDS = 1.0
FIRST_WINDOW = timedelta(days=7)
READ_ON = 200
"""Statements read at a time where many have the keys that are asked for, and not what the keys stand for."""
_TICK = timedelta(microseconds=1)
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """Where a page ended: the next begins behind this place."""

    stored: datetime
    position: int


class _Sight(NamedTuple):
    """What the log is just now: see `SafeBound` and the query range_of_stored; whole_through: consistent_through."""

    bound: Bound
    whole_through: datetime
    oldest: datetime | None
    now: datetime
    unsettled: datetime | None
    has_references: bool


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
        self._known_through = EPOCH

    @property
    def known_through(self) -> datetime:
        """As consistent_through, as of the last time somebody looked: without asking the database."""
        return self._known_through

    async def consistent_through(self) -> datetime:
        """Every statement stored before this instant is visible, and found by what it refers to.

        X-Experience-API-Consistent-Through.
        """
        async with self._pool.connection() as connection:
            bound = await self._bound.advance(connection)
            return self._whole_through(bound, await unsettled_since(connection))

    def _whole_through(self, bound: Bound, unsettled: datetime | None) -> datetime:
        """unsettled: asked after the bound, for what is unsettled below it is there to be seen by then."""
        through = bound.stored_floor if unsettled is None else min(bound.stored_floor, unsettled)
        self._known_through = max(self._known_through, through)  # what was whole stays whole
        return through

    async def _look(self, connection: AsyncConnection, tenant: int) -> _Sight:
        bound = await self._bound.advance(connection)
        row = await (await connection.execute(QUERIES.range_of_stored.sql, {"tenant": tenant})).fetchone()
        assert row is not None
        oldest, now, unsettled, has_references = row
        return _Sight(bound, self._whole_through(bound, unsettled), oldest, now, unsettled, has_references)

    async def _settled(self, tenant: int, *, with_references: bool) -> _Sight:
        """The log once the safe bound has passed all that was appended until now, or as it is after SETTLE_SECONDS;
        with_references: once all that has been settled, too. Whoever waits holds no connection meanwhile.
        """
        sight = await self._look_alone(tenant)
        wanted, begin, clock = self._bound.newest, sight.now, asyncio.get_running_loop().time
        give_up = clock() + SETTLE_SECONDS
        while clock() < give_up:
            is_unsettled = with_references and sight.unsettled is not None and sight.unsettled < begin
            if sight.bound.position >= wanted and not is_unsettled:
                break
            await asyncio.sleep(0.005)
            sight = await self._look_alone(tenant)
        return sight

    async def _look_alone(self, tenant: int) -> _Sight:
        async with self._pool.connection() as connection:
            return await self._look(connection, tenant)

    async def page(
        self,
        tenant: int,
        salt: bytes,
        query: StatementQuery,
        cursor: Cursor | None,
        limit: int,
        vouched_by: Authority | None = None,
    ) -> Page:
        """The statements that match, from the cursor on; where `vouched_by` is given, those of that authority only."""
        terms = terms_of(query)
        if vouched_by is not None:
            terms |= {term for term in authority_terms(vouched_by.agent) if term[0] == search_keys.AUTHORITY}
        sight = await self._settled(tenant, with_references=bool(terms)) if query.ascending else None
        async with self._pool.connection() as connection:
            sight = sight or await self._look(connection, tenant)
            low = max(query.since or EPOCH, (sight.oldest or sight.now) - _TICK)
            high = min(query.until or _FAR, sight.now + CLOCK_SLACK)
            if query.ascending:  # whoever goes on from the last one must not have missed one that commits later
                high = min(high, (sight.whole_through if terms else sight.bound.stored_floor) - _TICK)
            values: dict[str, Any] = {"tenant": tenant}
            if vouched_by is not None:
                values["authority"] = vouched_by.number
            if terms:
                values["keys"] = sorted({key_of(term, salt) for term in terms})
            if cursor is not None:
                values |= {"after_stored": cursor.stored, "after_position": cursor.position}
                if query.ascending:
                    low = max(low, cursor.stored - _TICK)
                else:
                    high = min(high, cursor.stored)
            sql, on = (
                page_query(
                    ascending=query.ascending,
                    with_keys=bool(terms),
                    with_cursor=with_cursor,
                    with_authority=vouched_by is not None,
                    with_references=sight.has_references,
                )
                for with_cursor in (cursor is not None, True)
            )
            statements: list[RecordedStatement] = []
            for window_low, window_high in _windows(low, high, ascending=query.ascending):
                wanted = limit + 1 - len(statements)
                asked = values | {"low": window_low, "high": window_high, "limit": wanted}
                statements += await _read(connection, sql, on, asked, terms)
                if len(statements) > limit:
                    break
        more = len(statements) > limit
        page = statements[:limit]
        end = Cursor(page[-1].stored, page[-1].position) if more else None
        return Page(page, end, sight.whole_through)


async def _read(
    connection: AsyncConnection, sql: str, on: str, values: dict[str, Any], terms: set[Term]
) -> list[RecordedStatement]:
    """The matching rows of one window; keys can collide, so the terms are compared again. on: sql with a cursor."""
    limit = values["limit"]
    kept: list[RecordedStatement] = []
    while True:
        rows = [RecordedStatement(*row) for row in await (await connection.execute(sql, values)).fetchall()]
        kept += await _having(connection, rows, terms, values) if terms else rows
        if len(rows) < values["limit"] or len(kept) >= limit:
            return kept[:limit]
        last = rows[-1]  # others took places: read on behind them
        values = values | {"after_stored": last.stored, "after_position": last.position, "limit": READ_ON}
        sql = on


async def _having(
    connection: AsyncConnection, rows: list[RecordedStatement], terms: set[Term], values: dict[str, Any]
) -> list[RecordedStatement]:
    """Those that have the terms, or lack some that what they refer to has.

    Where values name an authority, what others vouch for counts no more than if it were not there.
    """
    lacking: dict[UUID, set[Term]] = {}
    referring: list[UUID] = []
    for row in rows:
        statement = parse(row.payload)
        missing = terms - search_terms(statement, msgspec.json.decode(row.authority))
        if missing:
            lacking[row.id] = missing
            if target_of(statement) is not None:
                referring.append(row.id)
    if referring:
        authority = values.get("authority")
        found: dict[Target, set[Term]] = {}
        for referrer, targets in (await targets_of(connection, values["tenant"], referring)).items():
            for target in takewhile(lambda one: authority is None or one.authority == authority, targets):
                if target not in found:
                    found[target] = terms & search_terms(parse(target.payload), msgspec.json.decode(target.agent))
                lacking[referrer] -= found[target]
    return [row for row in rows if not lacking.get(row.id)]


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
