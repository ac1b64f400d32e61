"""Builds the read models again beside the live ones, which go on meanwhile, compares them, and exchanges them.

The rule of this file: the live ones are held for the moment that the last few events take and no longer, and whatever
ends it in the middle leaves them as they are: the next one goes on from the checkpoint that stands beside.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import NamedTuple, Self

from psycopg import AsyncConnection, sql

from lrs.database import Pool
from lrs.statement_log.control_events import append_control_event, last_position
from lrs.statement_log.log import read_after
from lrs.statement_log.rereading import LogRereader
from lrs.statement_log.safe_bound import Bound, SafeBound
from lrs.statement_log.sql import QUERIES as LOG_QUERIES
from projections import checkpoint, exchange_rows, shard_rows, side_indexes, side_schema
from projections.apply import PROJECTION, VERSION, Projector
from projections.checkpoint import Checkpoint
from projections.comparison_queries import Compared, compare
from projections.exchange_rows import LONG_PATIENCE, PATIENCE, InUse, Standing
from projections.kept_fact_rows import log_begin, read_kept
from projections.kept_letter_rows import read_kept_letters
from projections.log_reader import LogReader
from projections.moved_rows import derive_ahead
from projections.shard_rows import KeptByShards
from projections.side_indexes import FOR_READERS
from projections.side_schema import TABLES
from schemas.errors import LrsError
from schemas.log_event import REBUILT, ControlEvent, LogEvent, StatementEvent
from streams.log_tail import LogTail

PREFIX = "read_models_v"
SHARD = 0
NEAR = 500
"""Positions between these and the live ones that the live ones may be held for."""
LARGEST = 8_000
CHARACTERS = 16_000_000
"""Twice as much at once as live: nobody waits for it, but for the safe bound while it is written."""
DERIVED_AT_ONCE = 50
PAUSE_SECONDS = 0.5
LOCK = 0x1C_5E_13  # advisory, one a database: who builds read models beside
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Progress = Callable[[int, int], None]
"""Told the position that is reached and the one to be reached."""
Tell = Callable[[str], None]


class AlreadyAtWork(LrsError):
    """Another `lrs replay` is at work on this database."""


class Comparison(NamedTuple):
    """What was found at a position, and the version of the live tables."""

    position: int
    version: int
    tables: list[Compared]

    @property
    def differences(self) -> int:
        """Rows, over all tables."""
        return sum(one.differences for one in self.tables)


class _Past(LogTail):
    """Reads up to a position that is known to be safe; of what retention has dropped, the facts and letters that were
    kept.

    It holds whatever was stored when: what is loaded into the past meanwhile is not missed. What statements are by
    themselves is worked out as they are read, while the batch before is written.
    """

    largest = LARGEST
    characters = CHARACTERS

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self.until = 0

    async def read_on(self, after: Checkpoint) -> tuple[list[LogEvent], Checkpoint]:
        """As LogTail.read_on."""
        events, end = await super().read_on(after)
        for number, event in enumerate(events):
            if isinstance(event, StatementEvent):
                events[number] = derive_ahead(event)
            if number % DERIVED_AT_ONCE == 0:
                await asyncio.sleep(0)  # whoever writes has an answer, perhaps
        return events, end

    async def read(self, after: Checkpoint, limit: int) -> tuple[list[LogEvent], Checkpoint]:
        """As LogTail.read."""
        while (begin := await log_begin(self._connection)) > after.position:
            until = min(begin, self.until)
            events = await self._read_kept(after.position, until, limit)
            return events, self._end(after, events, until, limit)
        events = await read_after(self._connection, after.position, _EPOCH, Bound(self.until, _EPOCH), limit)
        if await log_begin(self._connection) > after.position:
            return await self.read(after, limit)  # some were dropped while we read
        return events, self._end(after, events, self.until, limit)

    async def _read_kept(self, after: int, until: int, limit: int) -> list[LogEvent]:
        events: list[LogEvent] = [*await read_kept(self._connection, after, until, limit)]
        events += await read_kept_letters(self._connection, after, until, limit)
        values = {"after": after, "bound": until, "limit": limit}
        controls = await self._connection.execute(LOG_QUERIES.read_control_events_after.sql, values)
        events += [ControlEvent(*row) for row in await controls.fetchall()]
        events.sort(key=lambda event: event.position)
        return events[:limit]

    def _end(self, after: Checkpoint, events: list[LogEvent], until: int, limit: int) -> Checkpoint:
        return after._replace(position=until if len(events) < limit else events[-1].position)


@asynccontextmanager
async def turn(pool: Pool) -> AsyncIterator[None]:
    """Nobody else builds for as long as it lasts. It writes nothing, so it holds nobody up. Raises AlreadyAtWork."""
    async with pool.connection() as connection, connection.transaction():
        row = await (await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])).fetchone()
        if row is None or not row[0]:
            raise AlreadyAtWork
        # Comes last: a SELECT keeps its snapshot until something follows, and no dead row in the database is removed.
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


class Rebuild:
    """One rebuild, from an empty schema beside or from where an interrupted one stands."""

    schema = f"{PREFIX}{VERSION}"

    def __init__(self, tables: AsyncConnection, log: AsyncConnection, other: AsyncConnection, again: LogReader) -> None:
        self._tables = tables
        self._log = log
        self._other = other
        self._projector = Projector(log=again, schema=self.schema)
        self._past = _Past(log)
        self.at = Checkpoint(0, _EPOCH)

    @classmethod
    @asynccontextmanager
    async def open(cls, pool: Pool) -> AsyncIterator[Self]:
        """Raises AlreadyAtWork. The pool lends five connections."""
        async with turn(pool), pool.connection() as tables, pool.connection() as log, pool.connection() as other:
            yield cls(tables, log, other, LogRereader(pool))

    async def begin(self, tell: Tell, *, fresh: bool = False) -> None:
        """Make the schema beside, or find the one that is there; remove what others have left behind.

        Raises ReadElsewhere, KeptByShards.
        """
        await exchange_rows.must_be_exchangeable(self._tables)
        await exchange_rows.drop_retired(self._tables)
        row = await (await self._tables.execute("SELECT version_num FROM alembic_version")).fetchone()
        note = {"version": VERSION, "release": version("live-lrs"), "revision": None if row is None else row[0]}
        for name, found in (await side_schema.notes(self._tables, PREFIX)).items():
            if name != self.schema or found != note or fresh:
                await side_schema.drop(self._tables, name)
                tell(f"What was built in {name} is dropped" + ("." if fresh else ": other code has built it."))
        await self._live_whole()  # made where there is none
        if not await side_schema.exists(self._tables, self.schema):
            await side_schema.make(self._tables, self.schema, note, without=FOR_READERS)
        self.at = await self._projector.checkpoint(self._tables)
        if self.at.position:
            tell(f"It goes on behind position {self.at.position}.")

    async def build(self, progress: Progress) -> None:
        """Until the live read models are no further than NEAR, with every index that they have."""
        await self._catch_up(progress)
        await self._maintain(sql.SQL("VACUUM {}"))
        await side_indexes.make_missing(self._tables, self.schema)
        await self._maintain(sql.SQL("ANALYZE {}"))  # or the first who reads them would find no statistics
        await self._catch_up(progress)

    async def _maintain(self, command: sql.SQL) -> None:
        for table in TABLES:
            await self._tables.execute(command.format(sql.Identifier(self.schema, table)))

    async def _catch_up(self, progress: Progress) -> None:
        is_far = True
        while is_far:
            live = await self._live()
            is_far = live.position - self.at.position > NEAR
            await self._go_on(live.position, progress)

    async def compare(self) -> Comparison | None:
        """With the live ones at one position; None where those here are further on already."""
        async with self._other.transaction():
            async with self._log.transaction():
                live = await self._held_on(self._log)
                await self._other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                await exchange_rows.standing(self._other, PROJECTION, SHARD)  # from here on this is what it sees
            if live.position != self.at.position:
                return None
            return Comparison(live.position, live.version, await compare(self._other, self.schema))

    async def build_on(self, progress: Progress) -> None:
        """To the end of the log, where the live read models stand still because other code has written them."""
        bound, last = SafeBound(), await last_position(self._log)
        while self.at.position < last:
            safe = await bound.advance(self._log)
            if safe.position > self.at.position:
                await self._go_on(safe.position, progress)
            else:
                await asyncio.sleep(PAUSE_SECONDS)

    async def exchange(self, tell: Tell) -> int:
        """These take the place of the live ones; answers the position that they stand at."""
        told, attempt = False, 0
        while True:
            try:
                await self._exchange(LONG_PATIENCE if attempt % 4 == 3 else PATIENCE)
            except InUse:
                attempt += 1
                who = await exchange_rows.in_the_way(self._other)
                if attempt > 3 and who is not None and not told:
                    tell(f"The live tables are in use, for longest by {who}; trying on.")
                    told = True
                await asyncio.sleep(PAUSE_SECONDS)
                await self._catch_up(_untold)
            else:
                break
        await exchange_rows.drop_retired(self._tables)
        return self.at.position

    async def forget(self) -> None:
        """Drop what was built."""
        await side_schema.drop(self._tables, self.schema)

    async def _exchange(self, patience: timedelta) -> None:
        async def tell() -> None:
            told = {"version": VERSION, "position": self.at.position}
            for (tenant,) in await (await self._other.execute("SELECT tenant FROM tenant ORDER BY 1")).fetchall():
                await append_control_event(self._other, tenant, REBUILT, told)

        async with self._other.transaction():
            await self._held_on(self._other)
            await exchange_rows.exchange(
                self._other,
                self.schema,
                projection=PROJECTION,
                shard=SHARD,
                version=VERSION,
                position=self.at.position,
                patience=patience,
                tell=tell,
            )
            await shard_rows.end(self._other, PROJECTION)

    async def _held_on(self, connection: AsyncConnection) -> Standing:
        """Where the live read models stand, for as long as the transaction of this connection lasts; so do these.
        Raises KeptByShards.
        """
        await exchange_rows.hold(connection)
        live = await self._live_whole()
        await self._go_on(live.position, _untold)
        return live

    async def _live_whole(self) -> Standing:
        live, shards = await self._live(), await shard_rows.shards_of(self._tables, PROJECTION)
        if shards is not None and live.version == VERSION:
            raise KeptByShards(shards)  # there is no one position to compare at
        return live

    async def _live(self) -> Standing:
        while (found := await exchange_rows.standing(self._tables, PROJECTION, SHARD)) is None:
            async with self._tables.transaction():
                await checkpoint.lock(self._tables, PROJECTION, SHARD, VERSION)
        return found

    async def _go_on(self, until: int, progress: Progress) -> None:
        """Up to a position that is safe. The next batch is read while one is written."""
        if self.at.position >= until:
            return
        self._past.until = until
        reading = asyncio.create_task(self._past.read_on(self.at))
        try:
            while self.at.position < until:
                events, end = await reading
                if end.position < until:
                    reading = asyncio.create_task(self._past.read_on(end))
                await self._projector.apply(self._tables, events, self.at, end)
                self.at = end
                progress(end.position, until)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading


def _untold(_reached: int, _until: int) -> None:
    """What takes but a moment is not told."""
