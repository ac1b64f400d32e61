"""Loading the history of another LRS: what `append` writes, by COPY, with `stored` as it came.

The rule of this file: positions rise with `stored`; reading and searching rely on it. So a statement is only taken if
it was not stored before the newest in the log, and nobody else writes meanwhile: the load has the processor's place
from its first chunk to its last, and each chunk locks the id gate. A load that was interrupted is run again: statements
that are there already are passed over.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec
from psycopg import AsyncConnection

from lrs.access.authorities import authority_of
from lrs.database import write_pool
from lrs.statement_log.chunks import keep_interval
from lrs.statement_log.definitions import Definitions
from lrs.statement_log.load_rows import Chunk, Judge, Rows, moment
from lrs.statement_log.load_transaction import LOADING, ChunkStore, OtherWriter, OutOfOrder
from lrs.statement_log.load_workers import WorkerEnded, Workers, judged_here
from lrs.statement_log.recorded import instant
from lrs.statement_log.references import References
from lrs.statement_log.sql import QUERIES
from schemas.errors import LrsError, NotFound, Violation
from streams.processor import LOCK

SETTLE_SECONDS: Final = 60.0
KEPT_REFUSALS: Final = 1000
INTERVAL_FIRST: Final = (1, 2, 4, 8)
INTERVAL_EVERY: Final = 16
"""After which chunks of a load the length of the log's chunks is judged anew."""


class LoadStopped(LrsError):
    """The load cannot go on; what came before is loaded."""


@dataclass(frozen=True, slots=True)
class LoadRefusal:
    """A statement that was not loaded, and why."""

    place: str
    violations: tuple[Violation, ...]


@dataclass(slots=True)
class LoadReport:
    """What became of a load: every statement is in one of the first three counts; refusals: the first of them."""

    stored: int = 0
    known: int = 0
    refused: int = 0
    seconds: float = 0.0
    stopped: str | None = None
    refusals: list[LoadRefusal] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 when everything is in the log, 1 when something was refused, 2 when the load stopped before its end."""
        return 2 if self.stopped is not None else 1 if self.refused else 0

    def refuse(self, place: str, *violations: Violation) -> None:
        """One more that was not loaded."""
        self.refused += 1
        if len(self.refusals) < KEPT_REFUSALS:
            self.refusals.append(LoadRefusal(place, violations))

    def add_refused(self, other: "LoadReport") -> None:
        """Those of another report too."""
        self.refused += other.refused
        self.refusals += other.refusals[: KEPT_REFUSALS - len(self.refusals)]


async def load(
    url: str,
    chunks: Iterable[Chunk],
    *,
    tenant: int,
    authority: str | None = None,
    workers: int = 0,
    told: Callable[[LoadReport], None] = lambda _: None,
) -> LoadReport:
    """Load the chunks, in their order, into the log of a migrated database.

    authority: the JSON text of the Agent that vouches for statements which name none. workers: processes that judge
    statements; 0: this one does. told: is called after each chunk. Raises OtherWriter at the start, and NotFound where
    there is no such tenant; what stops it later stands in the report.
    """
    report, began = LoadReport(), time.monotonic()
    async with write_pool(url, size=3) as pool, _place(pool.connection()) as place, pool.connection() as connection:
        row = await (await connection.execute(QUERIES.tenant_salt.sql, {"tenant": tenant})).fetchone()
        if row is None:
            raise NotFound(f"There is no tenant {tenant} here.")
        store = ChunkStore(connection, Definitions(pool), tenant)
        one = _Load(place, connection, References(pool), store, tenant, report)
        with Workers(workers, tenant, row[0], authority) as judges:
            judged = judges.judged(chunks) if workers else judged_here(Judge(tenant, row[0], authority), chunks)
            try:
                async for chunk, rows in judged:
                    await one.take(chunk, rows)
                    told(report)
            except (LoadStopped, WorkerEnded) as stopped:
                report.stopped = str(stopped)
        await one.finish()
    report.seconds = time.monotonic() - began
    return report


@asynccontextmanager
async def _place(connecting: AbstractAsyncContextManager[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
    """A transaction that has the processor's place and writes nothing. Raises OtherWriter where a server has it."""
    async with connecting as connection, connection.transaction():
        await connection.execute(LOADING.keep_open.sql)
        row = await (await connection.execute(LOADING.take_place.sql, {"lock": LOCK})).fetchone()
        if row is None or not row[0]:
            raise OtherWriter
        yield connection


class _Load:
    def __init__(
        self,
        place: AsyncConnection,
        connection: AsyncConnection,
        references: References,
        store: ChunkStore,
        tenant: int,
        report: LoadReport,
    ) -> None:
        self._place, self._connection, self._references, self._store = place, connection, references, store
        self._tenant, self._report = tenant, report
        self._authorities: dict[str, int] = {}
        self._chunks = 0

    async def take(self, chunk: Chunk, rows: Rows) -> None:
        """Store what is new in a chunk and report what is not. Raises LoadStopped."""
        report = self._report
        for refused in rows.refused:
            report.refuse(chunk.places[refused.number], *refused.violations)
        if not rows.ends:
            return
        await self._place.execute("SELECT")  # it is still ours
        numbers = [await self._authority(agent) for agent in rows.agents]
        try:
            done = await self._store.store(rows, numbers)
        except OutOfOrder as error:
            raise LoadStopped(_told(chunk, rows, error)) from None
        except OtherWriter as error:
            raise LoadStopped(str(error)) from None
        report.stored += done.stored
        report.known += done.known
        for index in done.conflicts:
            rule = "must not be that of a statement with other content"
            found = str(rows.id_at(index))
            report.refuse(chunk.places[rows.numbers[index]], Violation("id", rule, "Data 2.3.1", found))
        for index in done.future:
            rule = "must not lie in the future"
            found = instant(rows.stored_at(index))
            report.refuse(chunk.places[rows.numbers[index]], Violation("stored", rule, "Data 2.4.8", found))
        if done.referring:
            await self._references.settle()
        self._chunks += 1
        if self._chunks % INTERVAL_EVERY == 0 or self._chunks in INTERVAL_FIRST:
            await keep_interval(self._connection, moment(rows.stored[-1]))

    async def finish(self) -> None:
        """What is best done once, at the end."""
        if not self._report.stored:
            return
        async with self._connection.transaction():
            await self._connection.execute("SET LOCAL statement_timeout = 0")
            await self._connection.execute(LOADING.find_statistics.sql)
        await self._connection.execute(LOADING.look_after_parts.sql)
        await self._references.settle(SETTLE_SECONDS)

    async def _authority(self, agent: str) -> int:
        """Outside of the transaction: a number that is remembered is never taken back."""
        if agent not in self._authorities:
            found = await authority_of(self._connection, self._tenant, msgspec.json.decode(agent))
            self._authorities[agent] = found.number
        return self._authorities[agent]


def _told(chunk: Chunk, rows: Rows, error: OutOfOrder) -> str:
    place, identity = chunk.places[rows.numbers[error.index]], rows.id_at(error.index)
    return (
        f"{place}: statement {identity} was stored {instant(rows.stored_at(error.index))}, before the newest in the"
        f" log, {instant(moment(error.newest))}. A load only adds to the end of the log: sort the statements of all"
        " files by stored (ascending=true asks another LRS for them in this order)."
    )
