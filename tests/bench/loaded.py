"""Databases with a history in them, loaded as `lrs load` does it, and found again where they are kept.

The read models are left empty and told that they are up to date: what is measured here is the log.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from lrs.access.credentials import DEFAULT_TENANT
from lrs.database import projection_pool
from lrs.migrate import migrate
from lrs.statement_log.loading import load
from lrs.statement_log.log import CLOCK_SLACK
from projections import checkpoint
from projections.apply import PROJECTION, VERSION
from projections.checkpoint import Checkpoint, Moved
from tests.bench import history
from tests.services import embedded, external, timescaledb
from tests.services.databases import url_of
from tests.services.postgres import PostgresServer

HOUR = timedelta(hours=1)


class Loaded(NamedTuple):
    """A database with so many statements. seconds: of its load, wal_bytes: written by it; None: it was there."""

    url: str
    statements: int
    seconds: float | None
    wal_bytes: int | None
    disk_bytes: int


class LoadIncomplete(Exception):
    """Not every statement went into the database."""


@contextmanager
def cluster(kind: str, keep: str | None) -> Iterator[PostgresServer]:
    """A durable server of its own; keep: the folder of one that stays, a name in the Debian folder for TimescaleDB."""
    kept = None
    if keep is not None:
        kept = Path(keep).absolute() if kind == "embedded" else timescaledb.folder() / "var/lib/live-lrs-kept" / keep
        kept.mkdir(mode=0o755, parents=True, exist_ok=True)
    url = os.environ.get("LRS_TEST_TIMESCALE_URL")
    if kind == "embedded":
        running = embedded.running_server(durable=True, kept=kept)
    else:
        running = external.running_server(url) if url else timescaledb.running_server(durable=True, kept=kept)
    with running as server:
        yield server


def database_name(statements: int) -> str:
    """Of the database with a history of so many statements."""
    return f"bench_{statements}"


def database_of(server: PostgresServer, statements: int) -> Loaded:
    """The database of `server` with a history of so many statements, loaded where it is not there."""
    name = database_name(statements)
    label = f"{statements} statements of seed {history.SEED}, {history.STATEMENTS_EACH} a learner"
    url = url_of(server, name)
    with psycopg.connect(server.url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if found == (label,):
            migrate(url)
            _make_ready(url)
            return Loaded(url, statements, None, None, _bytes(url))
        identifier = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        migrate(url)
        before, began = _wal(connection), time.monotonic()
        chunks = history.chunks(statements, datetime.now(UTC) - HOUR)
        report = asyncio.run(load(url, chunks, tenant=DEFAULT_TENANT, workers=os.cpu_count() or 1))
        seconds, written = time.monotonic() - began, _wal(connection) - before
        if report.stored != statements:
            raise LoadIncomplete(f"{report.stored} of {statements}: {report.stopped} {report.refusals[:3]}")
        _make_ready(url)
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(identifier, sql.Literal(label)))
    return Loaded(url, statements, seconds, written, _bytes(url))


def _make_ready(url: str) -> None:
    """Nothing is left to do for anybody: pages are clean, and the read models have nothing to read."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) statement, statement_id, statement_reference, statement_void")
        connection.execute("CHECKPOINT")
        row = connection.execute("SELECT last_value, clock_timestamp() FROM event_position").fetchone()
    assert row is not None
    asyncio.run(_say_read(url, Checkpoint(row[0], row[1] - CLOCK_SLACK)))


async def _say_read(url: str, to: Checkpoint) -> None:
    async with projection_pool(url) as pool, pool.connection() as connection, connection.transaction():
        await connection.execute("DELETE FROM projection_checkpoint")  # of another version, where the log was kept
        at = await checkpoint.lock(connection, PROJECTION, 0, VERSION)
        moved = await checkpoint.move(connection, PROJECTION, 0, at, to)
        assert moved is Moved.MOVED


def _wal(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return int(row[0])


def _bytes(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])
