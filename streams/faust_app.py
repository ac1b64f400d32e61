"""A topic as Faust hands it to an agent that loses nothing: acknowledged is what the agent has come back from.

The rule of this file: no exception leaves the agent, and nothing is acknowledged before it is applied. Either would
make Faust commit what nobody has applied. Whoever runs the application is told what went wrong, and ends it.

Faust seeks to what was committed whenever partitions are assigned, whatever others have sought to before: so we seek in
the same place, after it. Its consumer waits 1.5 seconds for a fetch to fill, which is an age for a live page.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer
from faust import Stream
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP, EventT, StreamT
from mode.threads import ServiceThread, WorkerThread
from yarl import URL

from streams.kafka_topic import Topic

MOST = 2000
"""Messages that are applied at once."""
WITHIN_SECONDS = 0.03
FETCH_MILLISECONDS = 10
SESSION_SECONDS = 10.0
HEARTBEAT_SECONDS = 1.0
COMMIT_SECONDS = 1.0
STOP_SECONDS = 5.0
METADATA_MILLISECONDS = 5000
"""How soon it is noticed that a topic was made anew, or has more partitions than when it was first seen."""

Take = Callable[[list[EventT[bytes]]], Awaitable[None]]
"""Returns when these are applied; what it raises ends all."""
Fail = Callable[[Exception], None]
"""Told once what ends all; nothing more is taken then."""
Begin = Callable[[Iterable[int]], Awaitable[Mapping[int, int]]]
"""These partitions are ours from here on; answers where to go on reading in those of which that is known."""


class _Worker(WorkerThread):
    """Nobody waits for it: it hangs for as long as Kafka is away, and would hang the process that ends."""

    def __init__(self, service: ServiceThread, **options: Any) -> None:
        super().__init__(service, **options)
        self.daemon = True

    def stop(self) -> None:
        """It has been told, and is on its way."""


class _Thread(AIOKafkaConsumerThread):
    """Does not wait for a fetch to fill."""

    Worker = _Worker

    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MILLISECONDS
        return consumer

    async def end_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """Where the next message of each partition will be."""
        found: Mapping[TP, int] = await self.call_thread(self._ensure_consumer().end_offsets, partitions)
        return found


class _Consumer(Consumer):
    """Goes on where the transport's `begin` says, and not where Kafka believes that we were."""

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """As Consumer.perform_seek, then to our own places; a partition that has neither is that of another topic now,
        and is read from its beginning.
        """
        await super().perform_seek()
        mine = self.assignment()
        places = await cast(_Transport, self.transport).begin([tp.partition for tp in mine])
        first, end = await self.earliest_offsets(*mine), await cast(_Thread, self._thread).end_offsets(*mine)
        for tp in mine:
            known = (places.get(tp.partition), self._read_offset.get(tp))
            within = [offset for offset in known if offset is not None and first[tp] <= offset <= end[tp]]
            place = within[0] if within else first[tp]
            await self.seek(tp, place)
            self._committed_offset[tp] = place  # or nothing that comes after a later place would ever be committed


class _Transport(Transport):
    """Kafka, with our consumer."""

    Consumer = _Consumer
    begin: Begin


class _App(faust.App):
    """Has no tables, so it needs no folders."""

    def _create_directories(self) -> None:
        pass


def app_of(topic: Topic, take: Take, begin: Begin, fail: Fail) -> faust.App:
    """A consumer of the topic in the group of its name: each message is in one batch of one of them."""
    brokers = [URL(f"kafka://{one}") for one in topic.servers.split(",")]
    app = _App(
        f"{topic.name}.workers",
        broker=brokers,
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_commit_interval=COMMIT_SECONDS,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=METADATA_MILLISECONDS,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
    )
    app.transport = transport = _Transport(brokers, app)
    transport.begin = begin
    messages = app.topic(topic.name, key_type=bytes, value_type=bytes)

    @app.agent(messages, name=topic.name)
    async def apply(stream: StreamT[bytes]) -> None:
        async for events in cast(Stream[Any], stream).noack_take(MOST, within=WITHIN_SECONDS):
            batch: list[EventT[bytes]] = list(events)
            try:
                await take(batch)
            except Exception as error:
                fail(error)
                await asyncio.Event().wait()  # an agent that has failed is started again, behind what it had in hand
            for event in batch:
                await stream.ack(event)

    return app


def has_partitions(app: faust.App) -> bool:
    """Whether Kafka has given it any; of none it begins nothing."""
    with suppress(ConsumerNotStarted):
        return bool(app.consumer.assignment())
    return False


async def stopped(app: faust.App) -> None:
    """Stop, whatever state it is in; who is in a hurry waits so long too, so that others get its partitions at once."""
    clock = asyncio.get_running_loop().time
    stopping, deadline = asyncio.ensure_future(app.stop()), clock() + STOP_SECONDS
    while not stopping.done() and clock() < deadline:
        with suppress(asyncio.CancelledError):
            await asyncio.wait([stopping], timeout=deadline - clock())
    stopping.cancel()
