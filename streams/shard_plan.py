"""What of some messages is to be applied next, and what of their shards is missing.

The rule of this file: a message at or below its shard's checkpoint was applied and is dropped; one whose `previous`
lies above it has something missing before it, which the log has; every other one follows on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from projections.checkpoint import Checkpoint
from projections.shard_rows import ShardCheckpoints
from schemas.log_event import LogEvent
from streams.log_message import Message, Whole

Messages = Mapping[int, Sequence[Message]]
"""By shard, in the order of its partition."""


class Plan(NamedTuple):
    """Events in order of position, each once, which bring the shards to `end`. rest: messages behind a gap, and whole
    is the position up to which their shards have to be read from the log first; 0 where there is none.
    """

    events: list[LogEvent]
    end: ShardCheckpoints
    rest: Messages
    whole: int


def plan(messages: Messages, at: ShardCheckpoints) -> Plan:
    """at: where the shards of these messages, and maybe others, stand."""
    events: dict[int, LogEvent] = {}
    end = ShardCheckpoints(at)
    rest: dict[int, Sequence[Message]] = {}
    whole = 0
    for shard, some in messages.items():
        here = at[shard]
        for number, message in enumerate(some):
            if message.position <= here.position:
                continue
            if message.previous > here.position:
                rest[shard] = some[number:]
                whole = max(whole, message.previous)
                break
            if isinstance(message, Whole):
                here = Checkpoint(message.position, message.stored_floor)
            else:
                events[message.position] = message.event
                here = Checkpoint(message.position, here.stored_floor)
        end[shard] = here
    return Plan([events[position] for position in sorted(events)], end, rest, whole)
