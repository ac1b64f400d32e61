"""What a part of the log becomes: for each shard its messages, in order, each naming the position before it.

The rule of this file: an event that concerns one learner is in that learner's shard; one that may concern anybody is in
every shard. A voiding statement concerns the learner of what it voids. A message too large for Kafka is left out: the
next one shows the gap, and consumers read it from the log.
"""

from collections.abc import Mapping, Sequence

from projections.checkpoint import Checkpoint
from schemas.log_event import LogEvent
from streams.log_message import Whole, encoded, message_of, shard_of
from streams.shard_events import shard_key

LARGEST = 900_000
"""Bytes of a message; Kafka as it comes takes a megabyte."""

Keyed = tuple[bytes | None, bytes]
"""A message's key, where it has one, and its bytes."""


class ShardBatch:
    """The messages of some events, after those whose last position in each shard is `previous`."""

    def __init__(self, previous: Sequence[int]) -> None:
        self._previous = list(previous)
        self.messages: list[list[Keyed]] = [[] for _ in previous]

    @property
    def previous(self) -> tuple[int, ...]:
        """The last position in each shard, with what is here."""
        return tuple(self._previous)

    def add(self, events: Sequence[LogEvent], voided: Mapping[int, bytes]) -> None:
        """Add events, in order of position; voided: the keys of statements that they void, by position."""
        shards = len(self.messages)
        for event in events:
            key = shard_key(event, voided)
            if key is not None:
                self._put(shard_of(key, shards), event, key)
            else:
                for shard in range(shards):
                    self._put(shard, event, None)

    def add_whole(self, until: Checkpoint) -> None:
        """Say in every shard that it is whole up to a checkpoint."""
        for messages, previous in zip(self.messages, self._previous, strict=True):
            messages.append((None, encoded(Whole(previous, until.position, until.stored_floor))))

    def _put(self, shard: int, event: LogEvent, key: bytes | None) -> None:
        message = encoded(message_of(event, self._previous[shard]))
        if len(message) <= LARGEST:
            self.messages[shard].append((key, message))
        self._previous[shard] = event.position
