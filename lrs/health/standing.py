"""How the database stands: one look for all who ask, at most one a second, and none that is waited for for long.

The rule of this file: whoever asks costs the database nothing more than who asked just before, so that anybody may ask.
"""

import asyncio
import logging
from functools import cache
from pathlib import Path
from typing import Any, Final

import aiosql
import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from lrs.migrate import revisions

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("standing.sql"), "psycopg", mandatory_parameters=False)

LOOK_SECONDS: Final = 1.0
"""For so long a look holds."""
PATIENCE_SECONDS: Final = 3.0
"""A database that does not answer for so long is away."""

_LOG = logging.getLogger("lrs.health")


class Relayed(msgspec.Struct, frozen=True):
    """How far a topic has been served. seconds: the age of what is beyond; quiet: since Kafka has acknowledged."""

    topic: str
    position: int
    lag_positions: int
    lag_seconds: float
    quiet_seconds: float


class Figures(msgspec.Struct, frozen=True):
    """What a database of our schema says. letters: dead letters by state; version: of the read models."""

    log_position: int
    position: int
    version: int | None
    lag_positions: int
    lag_seconds: float
    relayed: tuple[Relayed, ...]
    letters: dict[str, int]
    oldest_transaction_seconds: float


class Standing(msgspec.Struct, frozen=True):
    """Of a database that answers. figures: None where its schema is another than this code needs."""

    revision: str | None
    read_only: bool
    figures: Figures | None


@cache
def known_revisions() -> tuple[str, ...]:
    """Every revision that this code knows, the newest first."""
    return tuple(revisions())


class Watch:
    """Looks at one database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._looking: asyncio.Task[Standing | None] | None = None
        self._looked_at = -LOOK_SECONDS
        self._told = False

    async def look(self) -> Standing | None:
        """How it stood within the last second; None where it is away."""
        clock = asyncio.get_running_loop().time
        looking = self._looking
        if looking is None or (looking.done() and clock() - self._looked_at >= LOOK_SECONDS):
            looking = self._looking = asyncio.create_task(self._looked())
        return await asyncio.shield(looking)

    async def _looked(self) -> Standing | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._pool.connection(PATIENCE_SECONDS) as connection:
                found = await standing(connection)
            self._told = False
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            if not self._told:
                _LOG.warning("the database does not say how it stands: %r", error)
            self._told = True
            found = None
        self._looked_at = asyncio.get_running_loop().time()
        return found


async def standing(connection: AsyncConnection) -> Standing:
    """As of now, each figure for itself."""
    try:
        ((revision, read_only),) = await _rows(connection, QUERIES.revision.sql)
    except psycopg.errors.UndefinedTable:
        return Standing(None, read_only=False, figures=None)
    known = await asyncio.to_thread(known_revisions)
    if revision in known[1:]:
        return Standing(revision, read_only, figures=None)
    try:
        return Standing(revision, read_only, await _figures(connection))
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):  # a newer schema has others
        return Standing(revision, read_only, figures=None)


async def _figures(connection: AsyncConnection) -> Figures:
    ((log_position, position, version, seconds),) = await _rows(connection, QUERIES.standing.sql)
    relayed = await _rows(connection, QUERIES.relayed.sql)
    ((oldest,),) = await _rows(connection, QUERIES.oldest_transaction.sql)
    return Figures(
        log_position=log_position,
        position=position,
        version=version,
        lag_positions=max(log_position - position, 0),
        lag_seconds=max(seconds, 0.0),
        relayed=tuple(
            Relayed(topic, sent, max(log_position - sent, 0), max(lag, 0.0), max(quiet, 0.0))
            for topic, sent, lag, quiet in relayed
        ),
        letters=dict(await _rows(connection, QUERIES.letters.sql)),
        oldest_transaction_seconds=max(oldest, 0.0),
    )


async def _rows(connection: AsyncConnection, sql: str) -> list[tuple[Any, ...]]:
    return await (await connection.execute(sql)).fetchall()
