"""Which shards the events of the log are in, and the log as some shards see it.

The rule of this file: an event that concerns one learner is in that learner's shard; one that may concern anybody is in
every shard. A voiding statement concerns the learner of what it voids.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from psycopg import AsyncConnection

from projections.apply import PROJECTION, VERSION
from projections.log_reader import LogReader
from projections.names import Name
from projections.shard_rows import ShardCheckpoints, join, shards_of
from projections.sharded import ShardedProjector, ShardOf
from schemas.log_event import LogEvent, StatementEvent
from streams.log_message import key_of, key_of_nobody, key_of_person, shard_of
from streams.log_tail import LogTail


def shard_key(event: LogEvent, voided: Mapping[int, bytes]) -> bytes | None:
    """What an event's shard is told by; voided: the keys of statements that are voided, by position.

    None: every shard. So too where what is voided is not in the log any more; its fact may still be there.
    """
    if not isinstance(event, StatementEvent):
        return None
    return key_of(event) if event.voids_position is None else voided.get(event.voids_position)


async def keys_of_voided(events: Sequence[LogEvent], log: LogReader) -> dict[int, bytes]:
    """The keys of the statements that these void, by position."""
    voiding = [one for one in events if isinstance(one, StatementEvent) and one.voids_position is not None]
    keys = {}
    for tenant in {one.tenant for one in voiding}:
        places = sorted({one.voids_position for one in voiding if one.tenant == tenant and one.voids_position})
        keys.update({one.position: key_of(one) for one in await log.at(tenant, places)})
    return keys


def among(shards: int) -> ShardOf:
    """Which of so many shards a statement is in, by whom it names."""

    def find(tenant: int, person: Name | None, statement: UUID) -> int:
        key = key_of_nobody(tenant, statement) if person is None else key_of_person(tenant, person)
        return shard_of(key, shards)

    return find


class ShardTail:
    """Reads on in the log for some shards of so many."""

    def __init__(self, tail: LogTail, log: LogReader, shards: int) -> None:
        self._tail = tail
        self._log = log
        self._shards = shards

    @property
    def at_end(self) -> bool:
        """Whether all that is safe was read."""
        return self._tail.at_end

    async def read_on(self, at: ShardCheckpoints) -> tuple[list[LogEvent], ShardCheckpoints]:
        """What comes next for the shard that is furthest behind, and what of that others do not have yet; and where
        they stand with it.
        """
        events, until = await self._tail.read_on(min(at.values()))
        end = ShardCheckpoints({shard: max(one, until, key=_position) for shard, one in at.items()})
        new = [event for event in events if any(one.position < event.position for one in at.values())]
        voided = await keys_of_voided(new, self._log)
        return [event for event in new if self._is_for(event, shard_key(event, voided), at)], end

    def _is_for(self, event: LogEvent, key: bytes | None, at: ShardCheckpoints) -> bool:
        if key is None:
            return True
        one = at.get(shard_of(key, self._shards))
        return one is not None and one.position < event.position


async def take_over(tables: AsyncConnection, log: AsyncConnection, again: LogReader) -> None:
    """One machine goes on where workers of shards have ended, who have to be gone: all shards are brought to one
    position. Nothing happens where there are none.
    """
    shards = await shards_of(tables, PROJECTION)
    if shards is None:
        return
    projector = ShardedProjector(shards, among(shards), again)
    tail = ShardTail(LogTail(log), again, shards)
    while await join(tables, PROJECTION, shards, VERSION) is None:
        at = await projector.checkpoints(tables, range(shards))
        events, end = await tail.read_on(at)
        await projector.apply(tables, events, at, end)


def _position(at: tuple[int, object]) -> int:
    return at[0]
