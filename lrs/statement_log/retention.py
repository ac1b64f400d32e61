"""Retention: whole parts of the log are dropped, oldest first, and nothing else of it ever is.

A part is a chunk of TimescaleDB or a partition. It goes when every statement of it was stored before an instant, the
read models have taken what it gives, and no reference to it is unsettled. What stays: the ids, which are refused for
ever; what is voided; what the statements gave to the read models; and a control event that says what was dropped. The
dropping itself is one SQL function (migrations/sql/retention), a transaction a part, so that it may be interrupted.
"""

import asyncio
import re
from calendar import monthrange
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import aiosql
import psycopg
from psycopg import AsyncConnection

from lrs.statement_log.safe_bound import EPOCH
from lrs.table_walk import walk
from schemas.errors import LrsError

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("retention.sql"), "psycopg", mandatory_parameters=False)

YOUNGEST = timedelta(days=1)
"""No statement of the last day is dropped."""
TOGETHER = 10_000
"""Rows that are looked at in one transaction."""
PATIENCE = 10
"""How often a part is asked for that somebody else is using, a second between."""
_KEPT_BACK = "LR425"
_AGE = re.compile(r"([1-9][0-9]{0,4})([dwmy])")


class RetentionRefused(LrsError):
    """Statements cannot be dropped now; the message says why."""


class Part(NamedTuple):
    """A chunk or partition; every statement was stored in [begins, ends). position: the last in it, if it has any."""

    name: str
    begins: datetime
    ends: datetime
    statements: int
    position: int | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What dropping before an instant comes to.

    parts: what goes. kept_back: why it may not go yet. reaching: the part that stays because it reaches over `before`,
    if there is one; its statements are those from before. gone_before: whatever was stored before is gone afterwards.
    """

    before: datetime
    parts: list[Part]
    kept_back: str | None
    reaching: Part | None
    gone_before: datetime


class Swept(NamedTuple):
    """Rows that meant something only beside statements that are gone."""

    references: int
    repairs: int


def instant_of(text: str, now: datetime) -> datetime:
    """`400d`, `8w`, `18m`, `3y` before now, by the calendar; or a date, at midnight UTC, or an instant with its zone.

    Raises RetentionRefused for anything else, and for what lies in the last day.
    """
    found = _before(text, now.astimezone(UTC))
    if found is None:
        raise RetentionRefused(f"{text[:50]!r} is none of 400d, 8w, 18m, 3y, 2024-01-31, 2024-01-31T12:00:00Z")
    if found > now - YOUNGEST:
        raise RetentionRefused("Statements of the last day are not dropped.")
    return found


def _before(text: str, now: datetime) -> datetime | None:
    age = _AGE.fullmatch(text)
    try:
        if age is None:
            given = datetime.fromisoformat(text)
            if given.tzinfo is None:
                return given.replace(tzinfo=UTC) if len(text) == len("2024-01-31") else None
            return given.astimezone(UTC)
        count, unit = int(age[1]), age[2]
        if unit in "dw":
            return now - timedelta(days=count * (7 if unit == "w" else 1))
        year, month = divmod(now.year * 12 + now.month - 1 - count * (12 if unit == "y" else 1), 12)
        return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))
    except (ValueError, OverflowError):
        return None


async def instant_before(connection: AsyncConnection, older_than: str) -> datetime:
    """As instant_of, by the clock of the database. Raises RetentionRefused."""
    (now,) = await _row(connection, QUERIES.time.sql)
    return instant_of(older_than, now)


async def plan(connection: AsyncConnection, older_than: str) -> Plan:
    """What there is to drop; older_than: see instant_of. Raises RetentionRefused."""
    before = await instant_before(connection, older_than)
    rows = await (await connection.execute(QUERIES.parts_before.sql, {"before": before})).fetchall()
    parts = [await _counted(connection, *row) for row in rows]
    reason = None
    if parts:
        last = max((part.position for part in parts if part.position is not None), default=None)
        (reason,) = await _row(connection, QUERIES.kept_back.sql, {"position": last, "before": parts[-1].ends})
    over = await (await connection.execute(QUERIES.part_that_reaches_over.sql, {"before": before})).fetchone()
    reaching = None
    if over is not None:
        name, begins, ends = over
        reaching = (await _counted(connection, name, begins, before, 0))._replace(ends=ends)
    (dropped,) = await _row(connection, QUERIES.dropped_until.sql)
    ends = [dropped or EPOCH, *(part.ends for part in parts)]
    return Plan(before, parts, reason, reaching, max(ends))


async def drop(connection: AsyncConnection, before: datetime) -> AsyncIterator[Part]:
    """Drop part by part, each in a transaction of its own. Raises RetentionRefused: those before are dropped."""
    while True:
        row = await _drop_oldest(connection, before)
        if row is None:
            return
        yield Part(*row)


async def _drop_oldest(connection: AsyncConnection, before: datetime) -> tuple[Any, ...] | None:
    for again in range(PATIENCE):
        if again:
            await asyncio.sleep(1)  # whoever waits for the lock makes all others wait: let them pass
        try:
            return await (await connection.execute(QUERIES.drop_oldest.sql, {"before": before})).fetchone()
        except psycopg.errors.LockNotAvailable:
            pass
        except psycopg.DatabaseError as error:
            if error.sqlstate == _KEPT_BACK:
                raise RetentionRefused(error.diag.message_primary) from error
            raise
    raise RetentionRefused("Somebody else is using the oldest part of the log, a backup say; try again.")


async def sweep(connection: AsyncConnection) -> Swept:
    """Remove what belonged to statements that are gone and is of no use without them."""
    (until,) = await _row(connection, QUERIES.dropped_until.sql)
    if until is None:
        return Swept(0, 0)
    asked = {"until": until, "most": TOGETHER}
    first: dict[str, Any] = {"tenant": 0, "stored": EPOCH, "position": 0}
    references = await walk(connection, QUERIES.sweep_references.sql, first, **asked)
    first = {"tenant": 0, "id": UUID(int=0), "digest": b""}
    return Swept(references, await walk(connection, QUERIES.sweep_repairs.sql, first, **asked))


async def _counted(connection: AsyncConnection, name: str, begins: datetime, ends: datetime, size: int) -> Part:
    values = {"begins": begins, "ends": ends}
    statements, position = await _row(connection, QUERIES.statements_between.sql, values)
    return Part(name, begins, ends, statements, position, size)


async def _row(connection: AsyncConnection, sql: str, values: dict[str, Any] | None = None) -> tuple[Any, ...]:
    row = await (await connection.execute(sql, values)).fetchone()
    assert row is not None
    return row
