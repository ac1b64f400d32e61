"""Pools whose database may be away while another has the same data: a replica for its primary, and the other way round.

The rule of this file: whoever asks for a connection waits PATIENCE_SECONDS for the pool's own database, once; from then
on everybody is given one of the other, until the first answers again, which is looked after beside the requests. What
begins to be read in one place is read to its end there (`read_from_primary`).
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

    def __init__(self, stand_in: AsyncConnectionPool[AsyncConnection], **options: Any) -> None:
        super().__init__(**options)
        self._stand_in = stand_in
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_passed_over(self) -> bool:
        """Whether connections come from the other pool just now."""
        return self._looking is not None

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[AsyncConnection]:  # noqa: ASYNC109
        """As of any pool."""
        own = None
        if not self.is_passed_over:
            try:
                own = await self.getconn(PATIENCE_SECONDS if timeout is None else timeout)
            except PoolTimeout:
                self._pass_over()
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
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
        await super().close(timeout)

    def _pass_over(self) -> None:
        if self._looking is None and not self.closed:
            _LOG.warning("%s gave no connection in time: %s stands in", self.name, self._stand_in.name)
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            try:
                await self.putconn(await self.getconn(PATIENCE_SECONDS))
            except (psycopg.Error, PoolTimeout):
                continue
            _LOG.warning("%s has connections again", self.name)
            self._looking = None
            return


class ReplicaPool(PoolWithStandIn):
    """Connections of a replica; the primary stands in, also for whoever asks for it."""

    @property
    def is_passed_over(self) -> bool:
        """Whether connections come from the primary just now."""
        return _FROM_PRIMARY.get() or super().is_passed_over


@contextmanager
def read_from_primary() -> Iterator[None]:
    """What is read within, is read from the primary."""
    token = _FROM_PRIMARY.set(True)
    try:
        yield
    finally:
        _FROM_PRIMARY.reset(token)
