"""A log and its read models without a server in between: append, project in any batches, compare with the naive
ones.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, Self

import msgspec
import psycopg

from lrs.access.authorities import HOME_PAGE
from lrs.database import Pool, projection_pool, read_pool, write_pool
from lrs.statement_log.log import Authority, StatementLog
from lrs.statement_log.rereading import LogRereader
from projections.apply import Projector
from schemas.course_configuration import KINDS
from schemas.log_event import CLOCK_TICK
from schemas.statement import read_statements
from schemas.version import XapiVersion
from streams.log_tail import LogTail
from tests.acceptance.naive import LoggedEvent, LoggedStatement, compute
from tests.acceptance.read_back import differences, read_models

TENANT = 1
_PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
_REBUILD = _PAGE.read_text(encoding="utf-8").rpartition("```sql\n")[2].partition("```")[0]
_AGENT = {"objectType": "Agent", "account": {"homePage": HOME_PAGE, "name": "test"}}


class CourseLog:
    """One database; `append` and `project` may be mixed at will."""

    def __init__(self, url: str, log: StatementLog, tables: Pool, authority: Authority) -> None:
        self.url = url
        self.log = log
        self._tables = tables
        self.authority = authority
        self._clock: datetime | None = None
        self.start_anew()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Over a migrated database."""
        async with write_pool(url) as write, read_pool(url) as read, projection_pool(url) as tables:
            text = msgspec.json.encode(_AGENT).decode()
            async with write.connection() as connection:
                cursor = await connection.execute(
                    "INSERT INTO authority (tenant, agent) VALUES (1, %s) ON CONFLICT (tenant, agent)"
                    " DO UPDATE SET agent = excluded.agent RETURNING authority",
                    [text],
                )
                row = await cursor.fetchone()
            assert row is not None
            yield cls(url, StatementLog(write, read), tables, Authority(row[0], text, _AGENT))

    async def append(self, statements: Sequence[dict[str, Any]], version: XapiVersion = XapiVersion.V1_0_3) -> None:
        """Store a batch as a request would."""
        await self.log.append(TENANT, self.authority, read_statements(msgspec.json.encode(statements), version))

    async def tick(self, now: datetime) -> None:
        """Store a clock event."""
        await self.log.append_control_event(TENANT, CLOCK_TICK, {"now": now.isoformat()})
        self._clock = now if self._clock is None else max(self._clock, now)

    def configure(self, recorded: datetime, kind: str, payload: dict[str, Any]) -> None:
        """Store what somebody sets as if it were set at this instant."""
        with psycopg.connect(self.url) as connection:
            connection.execute(
                "INSERT INTO control_event SELECT nextval('event_position'), %s, %s, %s, %s::json"
                " FROM pg_current_xact_id()",
                [TENANT, recorded, kind, msgspec.json.encode({"by": "test"} | payload).decode()],
            )

    async def project(self, sizes: Iterable[int] = (1000,)) -> int:
        """Bring the read models up to the log, in batches of these sizes, over and over; answers how many events."""
        done = 0
        async with self._tables.connection() as log, self._tables.connection() as tables:
            at = await self._projector.checkpoint(tables)
            tail = LogTail(log)
            for size in cycle(sizes):
                events, end = await tail.read(at, size)
                if end.position == at.position:
                    return done
                await self._projector.apply(tables, events, at, end)
                done += len(events)
                at = end
        raise AssertionError

    def start_anew(self) -> None:
        """Go on as a processor that has just been started."""
        self._projector = Projector(log=LogRereader(self._tables))

    async def forget_read_models(self) -> None:
        """Back to position 0, as a rebuild begins: with the very words of docs/architecture.md."""
        async with self._tables.connection() as connection:
            await connection.execute(_REBUILD.encode())

    def differences(self) -> list[str]:
        """Where the read models differ from the naive computation over what the log holds; empty when nowhere."""
        return differences(compute(self.logged(), self._clock, self.configured()), read_models(self.url))

    def logged(self) -> Iterator[LoggedStatement]:
        """What the log holds."""
        with psycopg.connect(self.url) as connection:
            for position, stored, payload in connection.execute("SELECT position, stored, payload FROM statement"):
                yield LoggedStatement(position, stored, payload)

    def configured(self) -> Iterator[LoggedEvent]:
        """What is set, as the log holds it."""
        asked = "SELECT position, recorded, kind, payload FROM control_event WHERE kind = ANY (%s)"
        with psycopg.connect(self.url) as connection:
            for position, recorded, kind, payload in connection.execute(asked, [list(KINDS)]):
                yield LoggedEvent(position, recorded.astimezone(UTC), kind, payload)
