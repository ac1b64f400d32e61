"""Chunks of TimescaleDB: as long as the volume asks for, and cold ones compressed where the edition does that.

The rule for their length: a chunk with its indexes takes about a quarter of the database's cache, for new statements go
into indexes that had better be in it. Planning grows with the number of chunks, so where a few years would take more
than a hundred of them, they may become four times as large. Plain PostgreSQL has a partition a month.
"""

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiosql
import psycopg
from psycopg import AsyncConnection

from schemas.errors import LrsError

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("chunks.sql"), "psycopg", mandatory_parameters=False)

DAY: Final = timedelta(days=1)
SHORTEST: Final = DAY
LONGEST: Final = timedelta(days=90)
UNKNOWN: Final = timedelta(days=7)
"""How long a chunk is at first; the log must have gone on for as long as a longer one lasts."""
LEAST_BYTES: Final = 1_000_000_000
"""A chunk need not be smaller than this, however small the cache."""
STRETCH: Final = 4
FEW_YEARS: Final = 3 * 365 * DAY
MOST_CHUNKS: Final = 100
WORTH_A_CHANGE: Final = 0.25
_UNSUPPORTED = "LR501"

_LOG = logging.getLogger("lrs.chunks")


class CompressionUnsupported(LrsError):
    """This database compresses nothing: that takes the community edition of TimescaleDB."""


class Compressed(NamedTuple):
    """A part of the log, and the bytes it took before and takes now."""

    name: str
    begins: datetime
    ends: datetime
    before: int
    after: int


def chunk_interval(bytes_a_day: float, cache_bytes: int, known: timedelta) -> timedelta:
    """How long a chunk shall be, in whole days; known: how long the log has gone on."""
    target = max(cache_bytes / 4, LEAST_BYTES)
    by_size = min(target / max(bytes_a_day, 1), LONGEST / DAY)
    by_number = min(FEW_YEARS / MOST_CHUNKS / DAY, STRETCH * by_size)
    days = min(max(by_size, by_number), max(known, UNKNOWN) / DAY)
    return max(SHORTEST, min(LONGEST, timedelta(days=round(days))))


async def keep_interval(connection: AsyncConnection, instant: datetime | None = None) -> timedelta | None:
    """Set the length of new chunks by what came lately; answers it where it was changed.

    instant: when that is; now, if not given. Less than a day's volume says nothing, and a small difference is none.
    """
    row = await (await connection.execute(QUERIES.is_hypertable.sql)).fetchone()
    if row is None or not row[0]:
        return None
    row = await (await connection.execute(QUERIES.volume.sql, {"instant": instant})).fetchone()
    if row is None:
        return None
    current, size, begins, oldest, now, cache = row
    if oldest is None or begins is None:
        return None
    since = max(begins, oldest)
    if now - since < DAY:
        return None
    wanted = chunk_interval(size / ((now - since) / DAY), cache, now - oldest)
    if abs(wanted - current) <= WORTH_A_CHANGE * current:
        return None
    await connection.execute(QUERIES.set_interval.sql, {"interval": wanted})
    _LOG.info(
        "new chunks of the log are %d days long, not %.3g: it grows by %.3g MB a day",
        wanted.days,
        current / DAY,
        size / ((now - since) / DAY) / 1e6,
    )
    return wanted


async def compress(connection: AsyncConnection, before: datetime) -> AsyncIterator[Compressed]:
    """Compress each part whose every statement was stored before an instant, in a transaction of its own.

    Raises CompressionUnsupported.
    """
    rows = await (await connection.execute(QUERIES.parts_to_compress.sql, {"before": before})).fetchall()
    for name, begins, ends, size, _ in rows:
        try:
            await connection.execute(QUERIES.compress.sql, {"part": name})
        except psycopg.DatabaseError as error:
            if error.sqlstate == _UNSUPPORTED:
                raise CompressionUnsupported from error
            raise
        row = await (await connection.execute(QUERIES.bytes_of.sql, {"part": name})).fetchone()
        assert row is not None
        yield Compressed(name, begins, ends, size, row[0])
