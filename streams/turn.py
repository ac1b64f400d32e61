"""A turn: of all who could do the same work, one does it, and the others stand by to take over.

It is an advisory lock of a transaction that writes nothing and keeps no snapshot: it holds nobody up, and a transaction
keeps its session, whatever pooler there is. Whoever is killed gives it back at once; whose machine is gone or stands
still loses it before long. It spares double work and is no safety: whoever has lost it unawares may still be at it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import psycopg
from psycopg import AsyncConnection

from lrs.database import Pool

LOOK_SECONDS = 1.0
HOLD_SECONDS = 5.0
SILENCE = "20s"
"""A turn whose holder has not said anything for so long is over."""

_TAKE = "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))"
_SILENCE = "SELECT set_config('idle_in_transaction_session_timeout', %s, true)"

_LOG = logging.getLogger("lrs.turn")


class TurnLost(Exception):
    """Somebody else may be at work by now."""


class Turn:
    """A turn that is held for as long as nothing says otherwise."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._over = asyncio.Event()
        self._lost: psycopg.Error | None = None

    def must_be_held(self) -> None:
        """Raises TurnLost where it is known to be lost."""
        if self._lost is not None:
            raise TurnLost(str(self._lost))

    async def hold(self) -> None:
        """Say again and again that one is there, until it is over or lost."""
        while not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(HOLD_SECONDS):
                    await self._over.wait()
                return
            try:
                await self.say()
            except psycopg.Error as error:
                self._lost = error
                return

    async def say(self) -> None:
        """Say once that one is there, without a snapshot: a query keeps its own until something follows."""
        await self._connection.execute("SELECT", prepare=False)

    def end(self) -> None:
        """No more is said."""
        self._over.set()


@asynccontextmanager
async def turn(pool: Pool, kind: int, name: str, work: str) -> AsyncIterator[Turn]:
    """Wait for the turn at `name`, among those of a kind, and hold it for as long as the context lasts."""
    async with holding(
        pool, partial(_taken, kind=kind, name=name), f"{work} is at work elsewhere; this one stands by"
    ) as held:
        yield held


@asynccontextmanager
async def holding(
    pool: Pool, taken: Callable[[AsyncConnection], Awaitable[bool]], standing_by: str
) -> AsyncIterator[Turn]:
    """Wait until it is taken in a transaction of a connection of its own, which lasts as long as the context.

    Each look has a transaction of its own: building an index CONCURRENTLY waits for the end of any that has a snapshot.
    """
    async with pool.connection() as connection:
        told = False
        while True:
            async with connection.transaction():
                await connection.execute(_SILENCE, [SILENCE])
                if await taken(connection):
                    held = Turn(connection)
                    await held.say()
                    saying = asyncio.create_task(held.hold())
                    try:
                        yield held
                    finally:
                        held.end()
                        await asyncio.wait([saying])
                    return
            if not told:
                _LOG.info(standing_by)
                told = True
            await asyncio.sleep(LOOK_SECONDS)


async def _taken(connection: AsyncConnection, kind: int, name: str) -> bool:
    return await answers(connection, _TAKE, kind, name)


async def answers(connection: AsyncConnection, question: str, *values: object) -> bool:
    """Whether the answer is yes."""
    row = await (await connection.execute(question.encode(), values)).fetchone()
    return row is not None and bool(row[0])
