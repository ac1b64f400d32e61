"""How many connections this server may open, and whether the database has so many to give.

The rule of this file: the pools of all processes together fit one database. The more API processes there are, the less
each is given, down to the least that it works with; a server whose pools do not fit is not started.
"""

import logging
from dataclasses import dataclass
from typing import Final, NamedTuple

import psycopg

from lrs.database import PROCESSOR_CONNECTIONS, WORLDS_CONNECTIONS
from lrs.settings import Settings
from lrs.statement_log.log import WRITERS
from schemas.errors import LrsError

PROCESSOR: Final = PROCESSOR_CONNECTIONS + WORLDS_CONNECTIONS + 1
"""Those of the processor, of what builds courses as of other positions, and one for clock events and references."""

_LOG = logging.getLogger("lrs.database")

_ROOM = """
SELECT least(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int,
    (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
    (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)),
    pg_backend_pid()
"""


class ConnectionsDoNotFit(LrsError):
    """This server may open more connections than the database allows."""


class Sizes(NamedTuple):
    """The pools of one API process. read: of the database that queries go to; stand_in: of the primary beside it."""

    write: int
    read: int
    documents: int
    attachments: int
    access: int
    stand_in: int


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """What every API process may open, and how many of those there are."""

    workers: int
    sizes: Sizes

    @property
    def of_database(self) -> int:
        """Connections of the database itself, by all processes together."""
        s = self.sizes
        read = s.stand_in or s.read
        return self.workers * (s.write + read + s.documents + s.attachments + s.access) + PROCESSOR

    @property
    def of_replica(self) -> int:
        """Connections of the replica; 0 where there is none."""
        return self.workers * self.sizes.read if self.sizes.stand_in else 0

    def __str__(self) -> str:
        s = self.sizes
        pools = {"write": s.write, "read": s.stand_in or s.read, "documents": s.documents}
        pools |= {"attachments": s.attachments, "access": s.access}
        each = ", ".join(f"{size} {name}" for name, size in pools.items())
        whole = f"{self.of_database} connections: {self.workers} × ({each}) and {PROCESSOR} of the processor"
        return f"{whole}; {self.of_replica} of the replica" if self.of_replica else whole


def connection_plan(settings: Settings) -> ConnectionPlan:
    """The plan of these settings."""
    workers = settings.workers

    def share(most: int, least: int) -> int:
        return max(least, min(most, -(-2 * most // workers)))

    return ConnectionPlan(
        workers,
        Sizes(
            write=settings.write_connections or share(4, WRITERS + 1),
            read=settings.read_connections or share(4, 2),
            documents=share(4, 2),
            attachments=share(2, 1),
            access=share(2, 1),
            stand_in=0 if settings.read_database_url is None else 2,
        ),
    )


def must_fit(plan: ConnectionPlan, url: str, replica_url: str | None = None) -> None:
    """Raises ConnectionsDoNotFit, and psycopg.OperationalError where the database is away; a replica may be away.

    What stands behind a pooler is for the pooler to share out.
    """
    _must_fit(url, plan.of_database, plan, "LRS_WORKERS, LRS_WRITE_CONNECTIONS or LRS_READ_CONNECTIONS")
    if replica_url is not None:
        try:
            _must_fit(replica_url, plan.of_replica, plan, "LRS_WORKERS or LRS_READ_CONNECTIONS")
        except psycopg.OperationalError as error:
            _LOG.warning("LRS_READ_DATABASE_URL cannot be reached now: %s", error)


def _must_fit(url: str, wanted: int, plan: ConnectionPlan, settings: str) -> None:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        row = connection.execute(_ROOM).fetchone()
        assert row is not None
        room, backend = row
        if backend == connection.info.backend_pid and wanted > room:
            raise ConnectionsDoNotFit(
                f"the database gives us {room} connections at most (max_connections less what is reserved, or a limit "
                f"of the role or the database), and this server may open {wanted} there; in all, {plan}. "
                f"Lower {settings}, or raise that limit"
            )
