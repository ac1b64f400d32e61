"""Pools whose database may be away while another has the same data: a replica for its primary, and the other way round.

The rule of this file: whoever asks for a connection waits PATIENCE_SECONDS for one of the pool's own; where there is
none then, and the database cannot be connected to either, everybody is given one of the other, until the first answers
again, which is looked after beside the requests. A pool whose connections are all in use is busy, and is waited for.
Whoever writes is given no other database (`own_connection`). What begins to be read in one place is read to its end
there (`read_from_primary`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

PATIENCE_SECONDS = 1.0
AGAIN_SECONDS = 1.0

_LOG = logging.getLogger("lrs.database")
_FROM_PRIMARY: ContextVar[bool] = ContextVar("from_primary", default=False)


class PoolWithStandIn(AsyncConnectionPool[AsyncConnection]):
    """Lends connections of another pool while its own database is away; the other is opened and closed elsewhere."""

    def __init__(
        self, stand_in: AsyncConnectionPool[AsyncConnection], *, conninfo: str, kwargs: dict[str, Any], **options: Any
    ) -> None:
        super().__init__(conninfo, kwargs=kwargs, **options)
        self._url, self._options = conninfo, kwargs
        self._stand_in = stand_in
        self._looking: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[bool] | None = None

    @property
    def is_passed_over(self) -> bool:
        """Whether connections come from the other pool just now."""
        return self._looking is not None

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[AsyncConnection]:  # noqa: ASYNC109
        """As of any pool."""
        own = None if self.is_passed_over else await self._own(self.timeout if timeout is None else timeout)
        if own is None:
            async with self._stand_in.connection(timeout) as other:
                yield other
            return
        try:
            async with own:
                yield own
        finally:
            await self.putconn(own)

    async def close(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """As of any pool."""
        for task in (self._looking, self._asking):
            if task is not None:
                task.cancel()
        self._looking = None
        await super().close(timeout)

    async def _own(self, patience: float) -> AsyncConnection | None:
        """A connection; None where the database is away. Raises PoolTimeout where all are in use for so long."""
        try:
            return await self.getconn(min(patience, PATIENCE_SECONDS))
        except PoolTimeout:
            if not await self._is_known_to_answer():
                self._pass_over()
                return None
            if patience <= PATIENCE_SECONDS:
                raise
        return await self.getconn(patience - PATIENCE_SECONDS)

    def _pass_over(self) -> None:
        if self._looking is None and not self.closed:
            _LOG.warning("%s gave no connection in time: %s stands in", self.name, self._stand_in.name)
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            if not await self._answers():
                continue
            await self.check()  # those that lie here may be of a network that was cut
            try:
                await self.putconn(await self.getconn(PATIENCE_SECONDS))
            except (psycopg.Error, PoolTimeout):
                continue
            _LOG.warning("%s has connections again", self.name)
            self._looking = None
            return

    async def _is_known_to_answer(self) -> bool:
        """One asks for all who wait."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._answers())
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    def _asked(self, _: object) -> None:
        self._asking = None

    async def _answers(self) -> bool:
        """Whether the database can be connected to: by another connection, for one of these may wait for ever."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                connection = await AsyncConnection.connect(self._url, **self._options)
                try:
                    await connection.execute("SELECT 1")
                finally:
                    await connection.close()
        except (psycopg.Error, TimeoutError):
            return False
        return True


class ReplicaPool(PoolWithStandIn):
    """Connections of a replica; the primary stands in, also for whoever asks for it."""

    @property
    def is_passed_over(self) -> bool:
        """Whether connections come from the primary just now."""
        return _FROM_PRIMARY.get() or super().is_passed_over


@asynccontextmanager
async def own_connection(pool: AsyncConnectionPool[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
    """For whoever writes: a connection of the pool's own database. Raises PoolTimeout where that is passed over."""
    if isinstance(pool, PoolWithStandIn) and pool.is_passed_over:
        raise PoolTimeout(f"the database of {pool.name} is away")
    async with AsyncConnectionPool.connection(pool) as connection:
        yield connection


@contextmanager
def read_from_primary() -> Iterator[None]:
    """What is read within, is read from the primary."""
    token = _FROM_PRIMARY.set(True)
    try:
        yield
    finally:
        _FROM_PRIMARY.reset(token)
