"""What a load costs besides time: CPU of the server and of PostgreSQL apart, resident memory, bytes written ahead."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
import psycopg

_CPU, _MEMORY = 4, "pss"


@dataclass(slots=True)
class Usage:
    """Seconds of CPU, bytes of WAL; server_memory: of all processes of the server at the end, shared pages shared out.

    busiest_cpu: of that process of the server that had most. database_cpu: None where PostgreSQL is on another machine.
    """

    server_cpu: float = 0.0
    busiest_cpu: float = 0.0
    database_cpu: float | None = None
    server_memory: int = 0
    wal_bytes: int = 0


@contextmanager
def used(server_pid: int, url: str) -> Iterator[Usage]:
    """Around a load on the server whose parent process this is, over the database at `url`."""
    usage = Usage()
    with psycopg.connect(url, autocommit=True) as connection:
        server, postmaster = psutil.Process(server_pid), _postmaster(connection)
        wal, each = _wal(connection), {process: _own_cpu(process) for process in _tree(server)}
        database = None if postmaster is None else _cpu(postmaster)
        yield usage
        spent = [_own_cpu(process) - each.get(process, 0.0) for process in _tree(server)]
        usage.server_cpu, usage.busiest_cpu = sum(spent), max(spent)
        if postmaster is not None and database is not None:
            usage.database_cpu = _cpu(postmaster) - database
        usage.server_memory = sum(_memory(process) for process in _tree(server))
        usage.wal_bytes = _wal(connection) - wal


def _postmaster(connection: psycopg.Connection) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        backend = psutil.Process(connection.info.backend_pid)
        if backend.name().startswith("postgres"):
            return backend.parent()
    return None


def _wal(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return int(row[0])


def _tree(root: psutil.Process) -> list[psutil.Process]:
    return [root, *root.children(recursive=True)]


def _cpu(root: psutil.Process) -> float:
    """Of the process and all under it, those included that have ended and were waited for."""
    return sum(map(_own_cpu, _tree(root)))


def _own_cpu(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return float(sum(process.cpu_times()[:_CPU]))
    return 0.0


def _memory(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(getattr(process.memory_full_info(), _MEMORY))
    return 0
