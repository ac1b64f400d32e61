"""A worker: takes the partitions that Kafka gives it, applies what comes, and sees to it that it is not deaf.

The rule of this file: it is at work beside other workers, and never beside a processor of one machine. A quiet store
and a dead consumer look alike, so the relay says every few seconds how far each partition is whole: whoever hears
nothing of that for long, while a relay is at work, ends, and is started again by whoever started it.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NoReturn

import msgspec
import psycopg
from aiokafka.errors import KafkaError
from faust.types import EventT
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from schemas.errors import LrsError
from streams import relay_checkpoint
from streams.bus import Bus
from streams.faust_app import app_of, has_partitions, stopped
from streams.kafka_topic import Topic
from streams.listening import DEAF_SECONDS, Listening
from streams.log_message import Message, decoded
from streams.processor import LOCK
from streams.shard_offsets import keep_offsets, offsets
from streams.shard_teller import ShardTeller
from streams.shard_worker import FATAL, ShardWorker
from streams.turn import Turn, TurnLost, answers, holding

RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 10.0
WATCH_SECONDS = 1.0
WAITED_OUT = (psycopg.OperationalError, psycopg.InternalError, PoolTimeout, KafkaError, OSError, TurnLost)

_SHARE = "SELECT pg_try_advisory_xact_lock_shared(%s)"
_STANDS_BY = "one machine keeps the read models of this database; this worker stands by"
_LOG = logging.getLogger("lrs.worker")


class Deaf(LrsError):
    """Nothing comes from Kafka any more, though a relay sends."""


class KafkaWorker:
    """Keeps the shards of the partitions that are given to it."""

    def __init__(self, pool: Pool, topic: Topic, bus: Bus) -> None:
        self._pool = pool
        self._topic = topic
        self._bus = bus
        self._worker = ShardWorker(pool, topic.partitions)
        self._over: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        """Raises what waiting does not mend."""
        self._next: dict[int, int] = {}
        self._listening = Listening(self._clock())
        self._pause = RETRY_SECONDS

    async def run(self) -> NoReturn:
        """Run until cancelled. Raises what waiting does not mend."""
        while True:
            try:
                async with holding(self._pool, _beside_others, _STANDS_BY) as held:
                    await self._worker.begin()
                    teller = asyncio.create_task(ShardTeller(self._pool, self._bus, self._topic.partitions).run())
                    try:
                        await self._consume(held, teller)
                    finally:
                        while not teller.done():  # the driver may take a cancellation for a cancelled query
                            teller.cancel()
                            await asyncio.wait([teller], timeout=0.5)
            except FATAL:
                raise
            except WAITED_OUT as error:
                _LOG.warning("the worker begins anew: %r", error)
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_RETRY_SECONDS)

    async def _consume(self, held: Turn, teller: asyncio.Task[NoReturn]) -> None:
        app = app_of(self._topic, self._take, self._begin, self._end)
        self._listening.hears(self._clock())
        try:
            await app.start()
            while not (app.should_stop or app.crashed):
                await asyncio.wait([self._over], timeout=WATCH_SECONDS)
                for ended in (self._over, teller):
                    if ended.done():
                        ended.result()
                held.must_be_held()
                await self._watch(has_partitions(app))
            raise KafkaError("the consumer has ended") from app.crash_reason
        finally:
            await stopped(app)

    async def _take(self, events: list[EventT[bytes]]) -> None:
        messages: dict[int, list[Message]] = {}
        for event in events:
            if (message := _read(event)) is not None:
                messages.setdefault(event.message.partition, []).append(message)
        self._listening.hears(self._clock())
        await self._worker.take(messages)
        for event in events:
            if event.message.partition in self._worker.mine:
                self._next[event.message.partition] = event.message.offset + 1
        self._listening.hears(self._clock())

    def _end(self, error: Exception) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    async def _begin(self, partitions: Iterable[int]) -> Mapping[int, int]:
        mine = frozenset(partitions)
        self._worker.mine = mine
        self._next = {}
        self._listening.hears(self._clock())
        self._pause = RETRY_SECONDS
        _LOG.info("at work on %s of %s partitions", len(mine), self._topic.partitions)
        with suppress(psycopg.Error, PoolTimeout):  # Kafka's own offsets do as well
            async with self._pool.connection() as connection:
                known = await offsets(connection, self._topic.name)
                return {partition: offset for partition, offset in known.items() if partition in mine}
        return {}

    async def _watch(self, has_any: bool) -> None:
        if not has_any:
            self._listening.hears(self._clock())
        with suppress(psycopg.Error, PoolTimeout):
            async with self._pool.connection() as connection:
                if self._next:
                    found, self._next = self._next, {}
                    await keep_offsets(connection, self._topic.name, found)
                if self._listening.wonders(self._clock()) and not self._worker.is_busy:
                    seconds = await relay_checkpoint.seconds_since(connection, self._topic.name)
                    if self._listening.is_deaf(self._clock(), seconds):
                        raise Deaf(f"nothing has come from {self._topic.name} for {DEAF_SECONDS:.0f} seconds")

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()


def _read(event: EventT[bytes]) -> Message | None:
    """What it says; None where that is nothing of ours: if something is missing for it, what comes next shows it."""
    try:
        return decoded(event.message.value or b"")
    except msgspec.MsgspecError as error:
        place = event.message.partition, event.message.offset
        _LOG.error("passed over what is at partition %s, offset %s, and is no message of a relay: %s", *place, error)
        return None


async def _beside_others(connection: AsyncConnection) -> bool:
    return await answers(connection, _SHARE, LOCK)
