"""PgBouncer in transaction mode before a server of the tests, as strict as it can be.

Every transaction gets another connection of the database than the one before (server_round_robin), so whatever is left
in a session is missing, or somebody else's, the next time.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.services.missing import ServiceMissingError
from tests.services.postgres import PostgresServer, tied_to_us
from tests.services.timescaledb import free_port

START_SECONDS = 10.0
SERVER_CONNECTIONS = 12
STATEMENT_TIMEOUT = "31s"
"""Another than ours, so that a test sees whose it is."""

CONFIGURATION = """
[databases]
* = {target} user=postgres connect_query='SET statement_timeout = {timeout}'

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_round_robin = 1
default_pool_size = {size}
min_pool_size = {size}
max_client_conn = 200
server_login_retry = 1
"""


def pgbouncer() -> Path:
    """The program to start; raises ServiceMissingError where there is none."""
    if found := shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return Path(found)
    raise ServiceMissingError("there is no pgbouncer: run `make services`")


@contextmanager
def pooled(server: PostgresServer, url: str, folder: Path) -> Iterator[str]:
    """The URL of the same database through a PgBouncer of its own, whose configuration is kept in `folder`."""
    port = free_port()
    configuration = folder / "pgbouncer.ini"
    written = CONFIGURATION.format(
        target=_target(server), timeout=f"''{STATEMENT_TIMEOUT}''", port=port, size=SERVER_CONNECTIONS
    )
    configuration.write_text(written)
    user = _account(server) if os.geteuid() == 0 else None
    through = f"postgresql://postgres@127.0.0.1:{port}{urlsplit(url).path}"
    with configuration.open() as given, (folder / "pgbouncer.log").open("wb") as log:
        command = [*tied_to_us(user), str(pgbouncer()), f"/dev/fd/{given.fileno()}"]
        process = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=[given.fileno()], start_new_session=True)
    try:
        _until_it_answers(process, through, folder / "pgbouncer.log")
        yield through
    finally:
        process.kill()
        process.wait(10)


def _target(server: PostgresServer) -> str:
    return f"host={_host(server)} port={urlsplit(server.url).port or 5432}"


def _host(server: PostgresServer) -> str:
    parts = urlsplit(server.url)
    return parts.hostname or parse_qs(parts.query)["host"][0]


def _account(server: PostgresServer) -> str:
    """Whom it runs as: it refuses to be root, and a socket is in a folder of the database's own account."""
    folder = Path(_host(server))
    return folder.owner() if folder.is_absolute() else "daemon"


def _until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise RuntimeError(f"PgBouncer did not start:\n{log.read_text(errors='replace')[-2000:]}")
