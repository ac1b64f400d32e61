"""Control events: one stored within a transaction, and a tenant's read back in order of position or newest first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiosql
import msgspec
from psycopg import AsyncConnection

from lrs.statement_log.sql import QUERIES as LOG_QUERIES
from schemas.log_event import ControlEvent

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("control_events.sql"), "psycopg", mandatory_parameters=False)
LAST: Final = 2**63 - 1
"""No position is higher."""


async def append_control_event(
    connection: AsyncConnection, tenant: int, kind: str, payload: dict[str, Any]
) -> ControlEvent:
    """Store one; it is there for others when the connection's transaction is committed."""
    values = {"tenant": tenant, "kind": kind, "payload": msgspec.json.encode(payload).decode()}
    row = await (await connection.execute(LOG_QUERIES.append_control_event.sql, values)).fetchone()
    assert row is not None
    return ControlEvent(*row)


async def read_control_events(
    connection: AsyncConnection, tenant: int, kinds: Sequence[str], *, after: int, limit: int, until: int = LAST
) -> list[ControlEvent]:
    """Up to `limit` events with after < position ≤ until, in order of position."""
    values = {"tenant": tenant, "kinds": list(kinds), "after": after, "until": until, "limit": limit}
    cursor = await connection.execute(QUERIES.control_events_after.sql, values)
    return [ControlEvent(*row) for row in await cursor.fetchall()]


async def read_course_events(
    connection: AsyncConnection, tenant: int, kinds: Sequence[str], course: str | None, *, before: int, limit: int
) -> list[ControlEvent]:
    """Up to `limit` events with position < before, the newest first; of a course (None: all of the tenant)."""
    values = {"tenant": tenant, "kinds": list(kinds), "course": course, "before": before, "limit": limit}
    cursor = await connection.execute(QUERIES.control_events_before.sql, values)
    return [ControlEvent(*row) for row in await cursor.fetchall()]


async def last_position(connection: AsyncConnection) -> int:
    """The highest position that was given to anything so far."""
    row = await (await connection.execute(LOG_QUERIES.last_position.sql)).fetchone()
    assert row is not None
    _, position, is_called = row
    return int(position) if is_called else 0
