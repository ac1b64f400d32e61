"""The relay: log tail → Kafka, for ever, in the order of the log. An outage of either is waited out.

The rule of this file: the checkpoint moves after Kafka has acknowledged. Whoever dies between the two leaves his
successor to send again what consumers then drop; whatever Kafka loses, they see by the gap and read from the log
(streams/log_message.py). So nothing here has to be kept from sending twice, and nothing is lost with a topic.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import NoReturn

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    IncompatibleBrokerVersion,
    InvalidTopicError,
    KafkaError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedVersionError,
)
from psycopg import AsyncConnection
from psycopg_pool import PoolTimeout

from lrs.database import Pool
from projections.checkpoint import Checkpoint, Moved
from projections.log_reader import LogReader
from schemas.errors import TopicPartitionsDiffer
from schemas.log_event import LogEvent
from streams import relay_checkpoint
from streams.kafka_topic import Topic, make_sure, producing, send
from streams.log_tail import LogTail
from streams.read_ahead import reading_ahead
from streams.relay_checkpoint import Sent
from streams.shard_batch import ShardBatch
from streams.shard_events import keys_of_voided
from streams.turn import Turn, TurnLost, turn

POLL_SECONDS = 0.05
WHOLE_SECONDS = 0.2
"""How often every shard is told how far it is whole, where events keep coming; at once where they have not."""
QUIET_SECONDS = 10.0
"""How often every shard is told so where nothing comes."""
RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 5.0
LOCK = 0x1C_5E_15  # advisory, one a topic: who serves it

FATAL = (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    IncompatibleBrokerVersion,
    InvalidTopicError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
"""What waiting does not mend."""
WAITED_OUT = (psycopg.OperationalError, psycopg.InternalError, PoolTimeout, KafkaError, OSError, TurnLost)

_LOG = logging.getLogger("lrs.relay")


class KafkaRelay:
    """Keeps a topic up with the log. One relay a topic is at work; others stand by."""

    def __init__(self, pool: Pool, log: LogReader, topic: Topic) -> None:
        self._pool = pool
        self._log = log
        self._topic = topic
        self._away = False
        self._told_at = 0.0
        self._told = -1
        self._offsets: dict[int, int] = {}
        """Of each partition, where the last messages were put."""

    async def run(self) -> NoReturn:
        """Run until cancelled. Raises what waiting does not mend: KafkaError, TopicNotOurs, TopicPartitionsDiffer."""
        pause = RETRY_SECONDS
        while True:
            try:
                async with turn(self._pool, LOCK, self._topic.name, f"the relay to {self._topic.name}") as held:
                    await self._serve(held)
            except FATAL:
                raise
            except WAITED_OUT as error:
                if not self._away:
                    _LOG.warning("the topic %s waits: %r", self._topic.name, error)
                    self._away, pause = True, RETRY_SECONDS
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)

    async def _serve(self, held: Turn) -> NoReturn:
        async with self._pool.connection() as log, self._pool.connection() as own:
            sent = await relay_checkpoint.sent(own, self._topic.name)
            if sent is not None and len(sent.previous) != self._topic.partitions:
                raise TopicPartitionsDiffer(self._topic.name, len(sent.previous), self._topic.partitions)
            await make_sure(self._topic, ours=sent is not None)
            if sent is None:
                sent = await relay_checkpoint.begin(own, self._topic.name, self._topic.partitions)
            self._told = -1
            if not self._away:
                _LOG.info("the relay to %s is at work from position %s", self._topic.name, sent.until.position)
            async with producing(self._topic) as producer, reading_ahead(LogTail(log), sent.until) as reader:
                while True:
                    events, until, at_end = await reader.next()
                    sent = await self._step(own, producer, sent, events, until)
                    held.must_be_held()
                    if at_end:
                        await asyncio.sleep(POLL_SECONDS)

    async def _step(
        self,
        own: AsyncConnection,
        producer: AIOKafkaProducer,
        sent: Sent,
        events: Sequence[LogEvent],
        until: Checkpoint,
    ) -> Sent:
        batch = ShardBatch(sent.previous)
        batch.add(events, await keys_of_voided(events, self._log))
        whole = self._whole_is_due(until)
        if whole:
            batch.add_whole(until)
        if not whole and until == sent.until:
            return sent
        await self._send(producer, batch)
        to = Sent(until, batch.previous)
        if await relay_checkpoint.move(own, self._topic.name, sent, to) is Moved.TAKEN:
            raise TurnLost("another relay has moved the checkpoint")
        self._say_that_it_goes_on(until)
        if whole:
            self._told, self._told_at = until.position, self._clock()
        return to

    def _whole_is_due(self, until: Checkpoint) -> bool:
        """So too while a long log is being caught up with."""
        return self._clock() - self._told_at >= (QUIET_SECONDS if self._told == until.position else WHOLE_SECONDS)

    async def _send(self, producer: AIOKafkaProducer, batch: ShardBatch) -> None:
        """Return once Kafka has acknowledged everything; in each partition it is in the order given."""
        if len(await producer.partitions_for(self._topic.name)) != self._topic.partitions:
            raise UnknownTopicOrPartitionError(f"{self._topic.name} is another topic now")
        partitions = [number for number, messages in enumerate(batch.messages) if messages]
        sending = [send(producer, self._topic, number, batch.messages[number]) for number in partitions]
        for partition, answer in zip(partitions, await asyncio.gather(*sending, return_exceptions=True), strict=True):
            if isinstance(answer, BaseException):
                raise answer
            self._look_at(partition, answer)

    def _look_at(self, partition: int, offsets: Sequence[int]) -> None:
        """Say so where Kafka has put messages before others that it had."""
        if 0 <= min(offsets) < self._offsets.get(partition, 0):
            _LOG.warning("the topic %s was made anew: consumers read from the log what was in it", self._topic.name)
            self._offsets.clear()
        self._offsets[partition] = max(offsets)

    def _say_that_it_goes_on(self, until: Checkpoint) -> None:
        if self._away:
            _LOG.info("the topic %s goes on at position %s", self._topic.name, until.position)
        self._away = False

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()
