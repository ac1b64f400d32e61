"""A streaming replica of a TimescaleDB server of the tests: the same programs, another port and data of its own."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from tests.services.databases import url_of
from tests.services.external import ExternalServer
from tests.services.missing import ServiceMissingError
from tests.services.postgres import NOT_DURABLE, PostgresServer
from tests.services.timescaledb import PROGRAMS, folder, owner, seat, server_over

PATIENCE = 30.0
_WRITTEN = "SELECT pg_current_wal_insert_lsn()"
_REPLAYED = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"


@contextmanager
def replica_of(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A replica that follows the primary, which may end and come back; raises ServiceMissingError where it cannot."""
    if isinstance(primary, ExternalServer):
        raise ServiceMissingError("a replica is made of a server of our own: run without LRS_TEST_TIMESCALE_URL")
    root = folder()
    with seat(root) as place:
        shutil.chown(place.folder, *owner(root))
        copy = [f"{PROGRAMS}/pg_basebackup", "--dbname", primary.url, f"--pgdata={place.inside}/data"]
        copy += ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        subprocess.run([*place.words, *copy], check=True, capture_output=True)
        server = server_over(place, {**NOT_DURABLE, "wal_retrieve_retry_interval": "100ms"})
        try:
            server.start()
            yield server
        finally:
            server.stop()


def on_replica(replica: PostgresServer, url: str) -> str:
    """The URL of the same database on the replica."""
    return url_of(replica, urlsplit(url).path[1:])


def catch_up(primary_url: str, replica: PostgresServer) -> None:
    """Wait until the replica has replayed all that is written by now; it must not be paused."""
    with psycopg.connect(primary_url, autocommit=True) as connection:
        connection.execute("SELECT pg_logical_emit_message(true, 'test', '')")  # writes out what was written before it
        row = connection.execute(_WRITTEN).fetchone()
    _until(replica, _REPLAYED, row)


@contextmanager
def standing_still(replica: PostgresServer) -> Iterator[None]:
    """The replica replays nothing for as long as the context lasts."""
    with psycopg.connect(replica.url, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        _until(replica, "SELECT pg_get_wal_replay_pause_state() = 'paused'", None)
        try:
            yield
        finally:
            connection.execute("SELECT pg_wal_replay_resume()")


def _until(server: PostgresServer, question: str, values: tuple[object, ...] | None) -> None:
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(server.url, autocommit=True) as connection:
        while True:
            row = connection.execute(question.encode(), values).fetchone()
            if row is not None and row[0]:
                return
            assert time.monotonic() < deadline, question
            time.sleep(0.01)
