"""The log as Kafka carries it: which shard an event belongs to, and the messages that a shard consists of.

The rule of this file: whatever concerns one learner is in one shard, in the order of the log. A shard is a partition,
by murmur2 of the key, as Kafka's own clients have it. Every message names the position before it in its shard, so each
is true by itself, whoever sent it and however often. A consumer at a checkpoint drops what is at or below it, takes
what follows on from it, and where `previous` lies above it reads from the log what it has not been sent.
"""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from aiokafka.partitioner import murmur2

from projections.names import Name
from projections.shared_parts import doer_in
from schemas.log_event import ControlEvent, LogEvent, StatementEvent

REMEMBERED = 100_000
"""Keys whose shard is remembered."""


class Recorded(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """A statement, as it is stored."""

    previous: int
    position: int
    tenant: int
    id: UUID
    stored: datetime
    timestamp: datetime | None
    voided_position: int | None
    voids_position: int | None
    payload: str

    @property
    def event(self) -> LogEvent:
        """The event of the log that this carries."""
        return StatementEvent(
            self.position,
            self.tenant,
            self.id,
            self.stored,
            self.timestamp,
            self.payload,
            self.voided_position,
            self.voids_position,
        )


class Happened(msgspec.Struct, array_like=True, frozen=True, tag=2):
    """An event of the log beside the statements; it is in every shard."""

    previous: int
    position: int
    tenant: int
    recorded: datetime
    kind: str
    payload: dict[str, Any]

    @property
    def event(self) -> LogEvent:
        """The event of the log that this carries."""
        return ControlEvent(self.position, self.tenant, self.recorded, self.kind, self.payload)


class Whole(msgspec.Struct, array_like=True, frozen=True, tag=3):
    """This shard is whole up to `position`: after `previous` nothing in it is at or below."""

    previous: int
    position: int
    stored_floor: datetime
    """Whatever lies above position was, or will be, stored at or after this instant."""


Message = Recorded | Happened | Whole

encoded: Callable[[Message], bytes] = msgspec.msgpack.Encoder(uuid_format="bytes").encode
decoded: Callable[[bytes], Message] = msgspec.msgpack.Decoder(Message).decode


def message_of(event: LogEvent, previous: int) -> Message:
    """The message that carries an event into a shard whose last position before it is `previous`."""
    if isinstance(event, ControlEvent):
        return Happened(previous, event.position, event.tenant, event.recorded, event.kind, event.payload)
    return Recorded(
        previous,
        event.position,
        event.tenant,
        event.id,
        event.stored,
        event.timestamp,
        event.voided_position,
        event.voids_position,
        event.payload,
    )


def key_of(event: StatementEvent) -> bytes:
    """What a statement's shard is told by: its learner, or the statement itself where it has none."""
    person = _person(event.payload)
    return key_of_person(event.tenant, person) if person is not None else key_of_nobody(event.tenant, event.id)


def key_of_person(tenant: int, person: Name) -> bytes:
    """The key of all that a learner did; `person` as the facts name the actor of a statement."""
    return tenant.to_bytes(4, "big") + person


def key_of_nobody(tenant: int, statement: UUID) -> bytes:
    """The key of a statement that has no learner."""
    return tenant.to_bytes(4, "big") + statement.bytes


@lru_cache(maxsize=REMEMBERED)
def shard_of(key: bytes, shards: int) -> int:
    """Which shard, of so many, a key belongs to; the partition where Kafka's default partitioner would put it."""
    return int(murmur2(key) & 0x7FFFFFFF) % shards


class _Done(msgspec.Struct):
    actor: msgspec.Raw


_done = msgspec.json.Decoder(_Done).decode


def _person(payload: str) -> Name | None:
    return doer_in(bytes(_done(payload).actor)).person
