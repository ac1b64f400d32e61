"""The statement log: append and read. The only owner of its tables; nothing in it is ever changed.

One order: every statement and every control event has a position, a plain integer. Positions have gaps (known
statements sent again, failed batches), and no meaning but their order.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection

from lrs.database import Pool
from lrs.statement_log.recorded import RecordedStatement
from lrs.statement_log.safe_bound import Bound
from lrs.statement_log.search_keys import keys_of, search_terms
from lrs.statement_log.sql import QUERIES
from schemas.errors import StatementConflict
from schemas.log_event import ControlEvent, LogEvent, StatementEvent
from schemas.statement import NewStatement

CLOCK_SLACK = timedelta(hours=1)
"""How far the database's clock may be set back without a reader's time bound missing a statement."""

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

    async def salt(self, tenant: int) -> bytes:
        """The 32 bytes that key every hash of a tenant."""
        if tenant not in self._salts:
            async with self._read.connection() as connection:
                row = await (await connection.execute(QUERIES.tenant_salt.sql, {"tenant": tenant})).fetchone()
            assert row is not None
            self._salts[tenant] = row[0]
        return self._salts[tenant]

    async def append(self, tenant: int, authority: Authority, batch: Sequence[NewStatement]) -> list[int]:
        """Store a batch, all or nothing, in one round trip; ids are distinct within it.

        Answers the positions of those that were new; known ones are left as they are. Raises StatementConflict where
        an id is known with other content (xAPI Data 2.3.1), races included.
        """
        salt = await self.salt(tenant)
        values = {
            "tenant": tenant,
            "authority": authority.number,
            "ids": [one.id for one in batch],
            "digests": [one.digest for one in batch],
            "timestamps": [one.timestamp for one in batch],
            "keys": [_array(keys_of(search_terms(one.value, authority.agent), salt)) for one in batch],
            "payloads": [one.payload.decode() for one in batch],
            "voids": [one.voids for one in batch],
        }
        try:
            rows = await self._append(values)
        except psycopg.OperationalError as error:
            if error.sqlstate not in _LOST:
                raise
            await self._write.check()  # the database was away; storing the same ids again is a no-op
            rows = await self._append(values)
        return [row[2] for row in rows]

    async def _append(self, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._write.connection() as connection:
            try:
                return await (await connection.execute(QUERIES.append.sql, values)).fetchall()
            except psycopg.DatabaseError as error:
                if error.sqlstate == _CONFLICT:
                    raise StatementConflict(UUID(error.diag.message_detail)) from error
                raise

    async def append_control_event(self, tenant: int, kind: str, payload: dict[str, Any]) -> int:
        """Store one control event; answers its position."""
        values = {"tenant": tenant, "kind": kind, "payload": msgspec.json.encode(payload).decode()}
        async with self._write.connection() as connection:
            row = await (await connection.execute(QUERIES.append_control_event.sql, values)).fetchone()
        assert row is not None
        return int(row[0])

    async def place_of(self, tenant: int, statement_id: UUID) -> Place | None:
        """Where the statement lies; None where there is none."""
        async with self._read.connection() as connection:
            cursor = await connection.execute(QUERIES.place_of.sql, {"tenant": tenant, "id": statement_id})
            row = await cursor.fetchone()
        return Place(*row) if row else None

    async def statement_at(self, place: Place) -> RecordedStatement:
        """The statement at a place that `place_of` gave."""
        async with self._read.connection() as connection:
            cursor = await connection.execute(
                QUERIES.statement_at.sql, {"stored": place.stored, "position": place.position}
            )
            row = await cursor.fetchone()
        assert row is not None
        return RecordedStatement(*row)


async def read_after(
    connection: AsyncConnection, position: int, stored_floor: datetime, bound: Bound, limit: int
) -> list[LogEvent]:
    """Up to `limit` events with position < e ≤ bound, in order; statements and control events are one order.

    stored_floor: as in the checkpoint that `position` belongs to.
    """
    values = {
        "after": position,
        "bound": bound.position,
        "floor": stored_floor - CLOCK_SLACK,
        "limit": limit,
    }
    statements = await (await connection.execute(QUERIES.read_statements_after.sql, values)).fetchall()
    controls = await (await connection.execute(QUERIES.read_control_events_after.sql, values)).fetchall()
    events: list[LogEvent] = [StatementEvent(*row) for row in statements]
    events += [ControlEvent(*row) for row in controls]
    events.sort(key=lambda event: event.position)
    return events[:limit]


def _array(keys: list[int]) -> str:
    return "{" + ",".join(map(str, keys)) + "}"
