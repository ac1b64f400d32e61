"""The statement log: append and read. The only owner of its tables; nothing in it is ever changed.

One order: every statement and every control event has a position, a plain integer. Positions have gaps (known
statements sent again, failed batches), and no meaning but their order.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from lrs.statement_log.coalescing import Coalescer, Key, Waiting
from lrs.statement_log.commits import Commits
from lrs.statement_log.control_events import append_control_event
from lrs.statement_log.definitions import Definitions
from lrs.statement_log.new_row import Row, columns
from lrs.statement_log.recorded import RecordedStatement
from lrs.statement_log.references import References, target_of
from lrs.statement_log.safe_bound import Bound
from lrs.statement_log.search_keys import authority_terms, elements_of, elements_of_new
from lrs.statement_log.sql import QUERIES
from schemas.errors import Overloaded, StatementConflict
from schemas.log_event import ControlEvent, LogEvent, StatementEvent
from schemas.statement import NewStatement

CLOCK_SLACK = timedelta(hours=1)
"""How far the database's clock may be set back without a reader's time bound missing a statement."""

WRITERS = 2
"""Round trips of `append` that go on at the same time: more make smaller groups and store less."""

MOST_VOUCHING = 10_000
"""Authorities whose keys are remembered."""

_CONFLICT = "LR409"
_LOST = (None, "57P01", "57P02", "57P03")
"""SQLSTATEs of a connection that is gone: none at all, or the server was shut down or has crashed."""


class Authority(NamedTuple):
    """Who vouches for a statement: number in the authority table, JSON text of the Agent, and the Agent."""

    number: int
    text: str
    agent: dict[str, Any]


class Place(NamedTuple):
    """Where a statement lies in the log, and whether it is voided."""

    stored: datetime
    position: int
    voided: bool


class StatementLog:
    """Append through one pool, read through another."""

    def __init__(self, write: Pool, read: Pool) -> None:
        self._write = write
        self._read = read
        self._salts: dict[int, bytes] = {}
        self._vouching: dict[int, set[bytes]] = {}
        self._coalescer = Coalescer(self._store, self._conflicts, WRITERS)
        self.definitions = Definitions(read)
        self._references = References(write)

    @property
    def commits(self) -> Commits:
        """What was written through this log."""
        return self._coalescer.commits

    @property
    def waiting(self) -> Waiting:
        """What waits to be written."""
        return self._coalescer.waiting

    async def salt(self, tenant: int) -> bytes:
        """The 32 bytes that key every hash of a tenant."""
        if tenant not in self._salts:
            async with self._read.connection() as connection:
                row = await (await connection.execute(QUERIES.tenant_salt.sql, {"tenant": tenant})).fetchone()
            assert row is not None
            self._salts[tenant] = row[0]
        return self._salts[tenant]

    def expect_room(self) -> None:
        """Before a batch is read, which costs more than refusing it: raises Overloaded where it would be refused."""
        if self._coalescer.is_full:
            raise Overloaded

    async def append(
        self, tenant: int, authority: Authority, batch: Sequence[NewStatement], *, defines: bool = True
    ) -> list[int]:
        """Store a batch, all or nothing; ids are distinct within it. Batches that come together share a round trip.

        Answers the positions of those that were new; known ones are left as they are. Raises StatementConflict where
        an id is known with other content (xAPI Data 2.3.1), races included, and Overloaded. defines: whether what they
        say of Activities counts (xAPI Communication 4.2).
        """
        if not batch:
            return []
        salt = await self.salt(tenant)
        vouching = self._vouching.get(authority.number)
        if vouching is None:
            vouching = elements_of(authority_terms(authority.agent), salt)
            if len(self._vouching) >= MOST_VOUCHING:
                self._vouching.clear()
            self._vouching[authority.number] = vouching
        return await self._coalescer.store(
            [
                Row(
                    tenant,
                    one.id,
                    one.digest,
                    one.timestamp,
                    authority.number,
                    elements_of_new(one, salt) | vouching,
                    one.payload,
                    one.voids,
                    self.definitions.new_in(tenant, one) if defines else (),
                    target_of(one.value),
                )
                for one in batch
            ]
        )

    async def _store(self, rows: Sequence[Row]) -> list[int | None]:
        """Rows of distinct keys, all or nothing, in one round trip; answers the position of each that was new."""
        values = columns(rows)
        try:
            positions, awaited = await self._append(values, rows)
        except psycopg.OperationalError as error:
            if error.sqlstate not in _LOST or isinstance(error, PoolTimeout):
                raise
            await self._write.check()  # the database was away; storing the same ids again is a no-op
            positions, awaited = await self._append(values, rows)
        if awaited or any(row.refers for row in rows):
            await self._references.settle()
        return positions

    async def _append(self, values: dict[str, Any], rows: Sequence[Row]) -> tuple[list[int | None], bool]:
        """The position of each row that was new, and whether others refer to one of them."""
        async with self._write.connection() as connection:
            try:
                if not any(row.definitions for row in rows):
                    return _told(await connection.execute(QUERIES.append.sql, values), rows)
                async with connection.transaction():
                    told = _told(await connection.execute(QUERIES.append.sql, values), rows)
                    new = zip(rows, told[0], strict=True)
                    said = [(row.tenant, row.definitions) for row, position in new if position is not None]
                    merged = await self.definitions.write(connection, said)
                self.definitions.remember(merged)
                return told
            except psycopg.DatabaseError as error:
                if error.sqlstate == _CONFLICT:
                    raise StatementConflict(UUID(error.diag.message_detail)) from error
                raise

    async def _conflicts(self, rows: Sequence[Row]) -> set[Key]:
        """Which of the rows are known with other content."""
        values = {
            "tenants": [row.tenant for row in rows],
            "ids": [row.id for row in rows],
            "digests": [row.digest for row in rows],
        }
        async with self._write.connection() as connection:
            return set(await (await connection.execute(QUERIES.conflicts.sql, values)).fetchall())

    async def append_control_event(self, tenant: int, kind: str, payload: dict[str, Any]) -> int:
        """Store one control event; answers its position."""
        async with self._write.connection() as connection:
            return (await append_control_event(connection, tenant, kind, payload)).position

    async def place_of(self, tenant: int, statement_id: UUID) -> Place | None:
        """Where the statement lies; None where there is none."""
        async with self._read.connection() as connection:
            cursor = await connection.execute(QUERIES.place_of.sql, {"tenant": tenant, "id": statement_id})
            row = await cursor.fetchone()
        return Place(*row) if row else None

    async def statement_at(self, place: Place) -> RecordedStatement | None:
        """The statement at a place that `place_of` gave; None where retention has dropped it."""
        async with self._read.connection() as connection:
            cursor = await connection.execute(
                QUERIES.statement_at.sql, {"stored": place.stored, "position": place.position}
            )
            row = await cursor.fetchone()
        return RecordedStatement(*row) if row else None


def _told(cursor: AsyncCursor[Any], rows: Sequence[Row]) -> tuple[list[int | None], bool]:
    """What `append` answered. Where all were new, as nearly always, the ids in it are not even looked at."""
    found = cursor.pgresult
    assert found is not None
    count = found.ntuples
    positions = [int(found.get_value(number, 0) or 0) for number in range(count)]
    awaited = any(found.get_value(number, 1) == b"t" for number in range(count))
    if count == len(rows):
        return list(positions), awaited
    by_key = {
        (found.get_value(number, 2), found.get_value(number, 3)): position for number, position in enumerate(positions)
    }
    return [by_key.get((b"%d" % row.tenant, str(row.id).encode())) for row in rows], awaited


async def read_after(
    connection: AsyncConnection, position: int, stored_floor: datetime, bound: Bound, limit: int
) -> list[LogEvent]:
    """Up to `limit` events with position < e ≤ bound, in order; statements and control events are one order.

    stored_floor: as in the checkpoint that `position` belongs to; what was loaded since is found all the same.
    """
    values: dict[str, Any] = {"after": position, "bound": bound.position, "limit": limit}
    loaded = await (await connection.execute(QUERIES.loaded_since.sql, values)).fetchone()
    past = stored_floor if loaded is None or loaded[0] is None else loaded[0]
    values["floor"] = min(stored_floor, past) - CLOCK_SLACK
    statements = await (await connection.execute(QUERIES.read_statements_after.sql, values)).fetchall()
    controls = await (await connection.execute(QUERIES.read_control_events_after.sql, values)).fetchall()
    events: list[LogEvent] = [StatementEvent(*row) for row in statements]
    events += [ControlEvent(*row) for row in controls]
    events.sort(key=lambda event: event.position)
    return events[:limit]
