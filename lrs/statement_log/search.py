"""Searching the log: one page for a query, and a cursor to the next that stays valid while writers write.

Windowed reads: from the near end of the time range, at first as long as the log takes for a few thousand statements.
Each next one is as long as what is still wanted takes where it lies as thick as what the last one found, and
MOST_GROWTH times as long where that found nothing: so a page takes few windows, and none of them holds much more than
a page, however large the log. A page shows what is committed, an ascending one up to the safe bound only. Its place in
(stored, position) is the cursor, so following `more` neither misses nor repeats a statement that was there at the
start; up to when the log is surely whole is said beside it: not further than where references are unsettled.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from psycopg import AsyncConnection

from lrs.database import Pool
from lrs.statement_log import search_keys
from lrs.statement_log.log import CLOCK_SLACK, Authority
from lrs.statement_log.recorded import RecordedStatement
from lrs.statement_log.safe_bound import EPOCH, Bound, SafeBound
from lrs.statement_log.search_keys import Term, authority_terms, key_of
from lrs.statement_log.sql import QUERIES
from lrs.statement_log.window import Wanted, Windows
from schemas.identity import inverse_functional_identifier
from schemas.statement_query import StatementQuery

SETTLE_SECONDS = 1.0
FRESH_SECONDS = 0.01
"""How long what was seen of the log serves those who ask for newest first: it says when it was seen."""
OLDEST_SECONDS = 60.0
"""How long the begin of the log is taken for what it was: it moves only when the oldest statements are dropped."""
FIRST_WINDOW = timedelta(days=7)
"""The longest first window."""
LONGEST_WINDOW = timedelta(days=36_525)
FIRST_STATEMENTS = 5_000
"""How many statements the first window has, were they spread evenly."""
MARGIN = 1.5
"""How much longer a window is than what is wanted should take: what lies no thicker than before still fills it."""
MOST_GROWTH = 64
"""What none of 5,000 statements is will hardly be more than a few pages of the 320,000 behind them."""
_TICK = timedelta(microseconds=1)
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """Where a page ended: the next begins behind this place."""

    stored: datetime
    position: int


class _Sight(NamedTuple):
    """What the log is just now: see `SafeBound` and the query now_and_unsettled; whole_through: consistent_through.

    server: where it was seen. Another may be behind it, and what is said of one is not true of the other.
    """

    bound: Bound
    whole_through: datetime
    oldest: datetime | None
    now: datetime
    unsettled: datetime | None
    server: tuple[bytes, ...]

    def first_window(self) -> timedelta:
        """How long the first window is."""
        if self.oldest is None or self.bound.position <= FIRST_STATEMENTS:
            return FIRST_WINDOW
        return min(FIRST_WINDOW, (self.now - self.oldest) * FIRST_STATEMENTS / self.bound.position + _TICK)


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

    def __init__(self, pool: Pool, bound: SafeBound | None = None) -> None:
        self._pool = pool
        self._bound = bound or SafeBound()
        self._known_through = EPOCH
        self._windows = Windows()
        self._looking: asyncio.Task[_Sight] | None = None
        self._seen: tuple[float, _Sight] | None = None
        self._oldest: tuple[float, datetime] | None = None

    @property
    def known_through(self) -> datetime:
        """As consistent_through, as of the last time somebody looked: without asking the database."""
        return min(self._known_through, self._bound.reached.stored_floor)  # a replica may be further behind now

    async def consistent_through(self) -> datetime:
        """Every statement stored before this instant is visible, and found by what it refers to.

        X-Experience-API-Consistent-Through.
        """
        return (await self._sight()).whole_through

    async def _sight(self) -> _Sight:
        """The log as it was FRESH_SECONDS ago, or is now: one looks for all who ask meanwhile."""
        if self._seen is not None and time.monotonic() - self._seen[0] < FRESH_SECONDS:
            return self._seen[1]
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(self._looked)
        return await asyncio.shield(self._looking)

    def _looked(self, look: asyncio.Task[_Sight]) -> None:
        self._looking = None
        if not look.cancelled():
            look.exception()  # whoever asked may have left: an error that nobody takes is no error of the program

    async def _look(self) -> _Sight:
        """The log as it is from now on."""
        async with self._pool.connection() as connection:
            return await self._look_through(connection)

    async def _look_through(self, connection: AsyncConnection) -> _Sight:
        began = time.monotonic()
        bound = await self._bound.advance(connection)
        # What is unsettled below the bound is there to be seen by now.
        row = await (await connection.execute(QUERIES.now_and_unsettled.sql)).fetchone()
        assert row is not None
        now, unsettled = row
        if self._oldest is None or began - self._oldest[0] > OLDEST_SECONDS:
            first = await (await connection.execute(QUERIES.oldest_stored.sql)).fetchone()
            # Above the floor an older one may yet be committed.
            self._oldest = None if first is None or first[0] >= bound.stored_floor else (began, first[0])
        oldest = None if self._oldest is None else self._oldest[1]
        through = bound.stored_floor if unsettled is None else min(bound.stored_floor, unsettled)
        self._known_through = max(self._known_through, through)  # what was whole stays whole
        sight = _Sight(bound, through, oldest, now, unsettled, _server(connection))
        self._seen = began, sight
        return sight

    async def _settled(self, *, with_references: bool) -> _Sight:
        """The log once the safe bound has passed all that was appended until now, or as it is after SETTLE_SECONDS;
        with_references: once all that has been settled, too. Whoever waits holds no connection meanwhile.
        """
        sight = await self._look()
        wanted, begin, clock = self._bound.newest, sight.now, asyncio.get_running_loop().time
        give_up = clock() + SETTLE_SECONDS
        while clock() < give_up:
            is_unsettled = with_references and sight.unsettled is not None and sight.unsettled < begin
            if sight.bound.position >= wanted and not is_unsettled:
                break
            await asyncio.sleep(0.005)
            sight = await self._look()
        return sight

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
        keys = sorted({key_of(term, salt) for term in terms})
        wanted = Wanted(
            tenant, frozenset(terms), keys, query.ascending, None if vouched_by is None else vouched_by.number
        )
        sight = await (self._settled(with_references=bool(terms)) if query.ascending else self._sight())
        statements: list[RecordedStatement] = []
        async with self._pool.connection() as connection:
            if sight.server != _server(connection):  # one stands in for the other
                sight = await self._look_through(connection)
            windows = _Windowed(query, cursor, sight, with_terms=bool(terms))
            while len(statements) <= limit and (window := windows.next()) is not None:
                left = limit + 1 - len(statements)
                found = await self._windows.read(connection, wanted, window, cursor, left)
                windows.grow(len(found), left)
                statements += found
        more = len(statements) > limit
        page = statements[:limit]
        end = Cursor(page[-1].stored, page[-1].position) if more else None
        return Page(page, end, sight.whole_through)


def _server(connection: AsyncConnection) -> tuple[bytes, ...]:
    line = connection.pgconn
    return line.host, line.port, line.db


class _Windowed:
    """The time to search, low excluded and high included, in pieces, near end first."""

    def __init__(self, query: StatementQuery, cursor: Cursor | None, sight: _Sight, *, with_terms: bool) -> None:
        self._ascending = query.ascending
        self._low = max(query.since or EPOCH, EPOCH if sight.oldest is None else sight.oldest - _TICK)
        self._high = min(query.until or _FAR, sight.now + CLOCK_SLACK)
        self._length = sight.first_window()
        if query.ascending:  # whoever goes on from the last one must not have missed one that commits later
            self._high = min(self._high, (sight.whole_through if with_terms else sight.bound.stored_floor) - _TICK)
            self._low = self._low if cursor is None else max(self._low, cursor.stored - _TICK)
        else:
            self._high = self._high if cursor is None else min(self._high, cursor.stored)
        self._near = min(self._high, sight.now)  # what the clock may be set back by is no part of the first window

    def next(self) -> tuple[datetime, datetime] | None:
        """The next piece; None: there is no more."""
        if self._low >= self._high:
            return None
        if self._ascending:
            window = self._low, min(self._high, self._low + self._length)
            self._low = window[1]
        else:
            window = max(self._low, self._near - self._length), self._high
            self._high = self._near = window[0]
        return window

    def grow(self, found: int, wanted: int) -> None:
        """Take the length of the next piece from what the last one held of what was wanted."""
        times = MOST_GROWTH if found == 0 else MARGIN * (wanted - found) / found
        self._length = min(self._length * min(max(times, 1), MOST_GROWTH), LONGEST_WINDOW)
