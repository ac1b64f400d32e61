"""Connections: every pool is opened here, with the settings its work needs.

The rule of this file: a pooler such as PgBouncer may stand between, and give every transaction another session. So
nothing is asked for when connecting, and a session is set up only where it is ours. A pooler is known by this: the
session that answers is another than the one that was connected to.
"""

import select
from typing import Any, Final, Literal

from psycopg import AsyncConnection
from psycopg.types.array import ListBinaryDumper
from psycopg_pool import AsyncConnectionPool

from lrs.stand_in import PoolWithStandIn, ReplicaPool

Pool = AsyncConnectionPool[AsyncConnection]
Prepared = Literal["auto", "on"]
"""Whether statements are prepared: auto where no pooler stands between, or always."""

PROCESSOR_CONNECTIONS = 4
REBUILD_CONNECTIONS = 5
WORLDS_CONNECTIONS = 2
RELAY_CONNECTIONS = 4
WORKER_CONNECTIONS = 7

_Settings = dict[str, str]
_QUERY: _Settings = {"statement_timeout": "30s"}
PLANNING: Final = {
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "random_page_cost": "1.1",
    "cpu_index_tuple_cost": "0.05",
}
"""Compiling a page's query takes thirty times as long as running it: what is thought to cost much has many chunks.

How many statements have a rare key is not known, and taken for far too many. So a whole chunk's places were read from
one index to save looking at some of the few dozen statements that another one gives: 11 ms instead of 0.4.
"""
_PLANNED_EACH_TIME: _Settings = {**_QUERY, **PLANNING}
_ACCESS: _Settings = {"statement_timeout": "5s"}
_LOG: _Settings = {"jit": "off"}
"""Of whoever reads on in the log: compiling what reads 8,000 statements takes five times as long as reading them."""
_PROJECTION: _Settings = {**_LOG, "idle_in_transaction_session_timeout": "60s"}

_SET_UP = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s (name, value)"


def write_pool(url: str, *, size: int = 4, prepared: Prepared = "auto") -> Pool:
    """For appending: more than four connections add little; a statement that hangs is given up after 30 s."""
    return AsyncConnectionPool(**_options(url, size, "lrs-write", _QUERY, prepared))


def read_pool(url: str, *, size: int = 4) -> Pool:
    """For queries: planned for their actual values, so that chunks are excluded when planning."""
    return AsyncConnectionPool(**_options(url, size, "lrs-read", _PLANNED_EACH_TIME))


def replica_pool(url: str, primary: Pool, *, size: int = 4) -> ReplicaPool:
    """For queries on a replica; where it is away, on the primary."""
    return ReplicaPool(primary, **_options(url, size, "lrs-replica", _PLANNED_EACH_TIME))


def document_pool(url: str, *, size: int = 4) -> Pool:
    """For documents: of its own, so that those who wait for a turn at one document hold up no statements."""
    return AsyncConnectionPool(**_options(url, size, "lrs-documents", _QUERY))


def attachment_pool(url: str, *, size: int = 2, stand_in: Pool | None = None) -> Pool:
    """For contents of attachments: of its own, so that large ones hold up nobody who has none."""
    return _standing(_options(url, size, "lrs-attachments", _QUERY), stand_in)


def access_pool(url: str, *, size: int = 2, stand_in: Pool | None = None) -> Pool:
    """For credentials: of its own, so that no slow query keeps anyone from signing in."""
    return _standing(_options(url, size, "lrs-access", _ACCESS), stand_in)


def projection_pool(url: str, *, prepared: Prepared = "auto") -> Pool:
    """For the processor: one connection writes read models, two read the log, on and again, and one holds the turn."""
    return AsyncConnectionPool(**_options(url, PROCESSOR_CONNECTIONS, "lrs-projection", _PROJECTION, prepared))


def rebuild_pool(url: str) -> Pool:
    """For `lrs replay`: one connection writes tables beside, two read the log, one looks at the live tables, and one
    holds the turn.
    """
    return AsyncConnectionPool(**_options(url, REBUILD_CONNECTIONS, "lrs-replay", _PROJECTION))


def worlds_pool(url: str, *, prepared: Prepared = "auto") -> Pool:
    """For building courses as of other positions: one connection reads, one writes."""
    return AsyncConnectionPool(**_options(url, WORLDS_CONNECTIONS, "lrs-worlds", _PROJECTION, prepared))


def relay_pool(url: str) -> Pool:
    """For the relay: two connections read the log, on and again, one keeps its checkpoint, and one holds the turn."""
    return AsyncConnectionPool(**_options(url, RELAY_CONNECTIONS, "lrs-relay", _LOG))


def worker_pool(url: str, *, size: int = WORKER_CONNECTIONS) -> Pool:
    """For a worker: one connection writes read models, two read the log, on and again, one holds its place beside other
    workers, two tell what has changed and hold the turn at that, and one keeps offsets.
    """
    return AsyncConnectionPool(**_options(url, size, "lrs-worker", _PROJECTION))


def _standing(options: dict[str, Any], stand_in: Pool | None) -> Pool:
    return AsyncConnectionPool(**options) if stand_in is None else PoolWithStandIn(stand_in, **options)


def _options(url: str, size: int, name: str, settings: _Settings, prepared: Prepared = "auto") -> dict[str, Any]:
    async def configure(connection: AsyncConnection) -> None:
        connection.adapters.register_dumper(list, ListBinaryDumper)  # as text every quote of a payload is escaped
        row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
        is_ours = row is not None and row[0] == connection.info.backend_pid
        if not is_ours and prepared == "auto":
            connection.prepare_threshold = None
        # The ends of the calendar fit no other zone. It is the one setting that a pooler keeps for each of its clients.
        given = {"TimeZone": "UTC", **(settings if is_ours else {})}
        await connection.execute(_SET_UP, [list(given), list(given.values())])

    return {
        "configure": configure,
        "conninfo": url,
        "min_size": min(2, size),
        "max_size": size,
        "open": False,
        "name": name,
        "timeout": 5,
        "reconnect_timeout": 5,  # else it asks ever more seldom, and an outage goes on for as long again
        "check": None if name == "lrs-write" else _still_there,
        "kwargs": {
            "autocommit": True,
            "application_name": name,
            "keepalives_idle": 30,
            "tcp_user_timeout": 30_000,
        },
    }


async def _still_there(connection: AsyncConnection) -> None:
    """Ask only where the server has said something of its own accord, as it does when it goes: a round trip for every
    query costs as much as a short one. Raises OperationalError.
    """
    line = select.poll()
    line.register(connection.fileno(), select.POLLIN)
    if line.poll(0):
        await AsyncConnectionPool.check_connection(connection)
