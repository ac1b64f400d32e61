"""However the log is cut up, sent again by whoever takes over, or lost in Kafka: a consumer of a shard that drops what
it has, and reads from the log what it has not been sent, gets every event of the shard once and in order.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from projections.checkpoint import Checkpoint
from schemas.log_event import ControlEvent, LogEvent, StatementEvent
from streams.log_message import Whole, decoded, key_of
from streams.shard_batch import LARGEST, ShardBatch

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
SHARDS = 3
LEARNERS = 6


class Log(NamedTuple):
    """A log, and of each of its events the shards that it concerns, told in another way than by the code."""

    events: list[LogEvent]
    shards: dict[int, frozenset[int]]
    keys: dict[int, bytes]


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Statements of few learners and of nobody, voiding ones, and what concerns everybody; positions with gaps."""
    everybody = frozenset(range(SHARDS))
    log = Log([], {}, {})
    position = 0
    for kind in draw(st.lists(st.sampled_from(["learner"] * 4 + ["nobody", "control", "void", "huge"]), max_size=30)):
        position += draw(st.integers(1, 3))
        moment = BEGIN + timedelta(seconds=position)
        if kind == "control":
            log.events.append(ControlEvent(position, 1, moment, "clock.tick", {}))
            log.shards[position] = everybody
            continue
        who = draw(st.integers(1, LEARNERS))
        group = '"objectType":"Group",' if kind == "nobody" else ""
        payload = f'{{"actor":{{{group}"mbox":"mailto:{who}@x.example"}}{" " * LARGEST if kind == "huge" else ""}}}'
        voids = draw(st.sampled_from([*log.keys, -1])) if kind == "void" else None
        event = StatementEvent(position, 1, UUID(int=position), moment, None, payload, None, voids)
        log.events.append(event)
        if voids is not None:
            log.shards[position] = log.shards.get(voids, everybody)
        else:
            log.keys[position] = key_of(event)
            partitions = list(range(SHARDS))
            log.shards[position] = frozenset({DefaultPartitioner()(key_of(event), partitions, partitions)})
    return log


def consumed(log: Log, shard: int, messages: Iterable[bytes]) -> list[LogEvent]:
    """What a consumer of a shard applies."""
    applied: list[LogEvent] = []
    at = 0
    for message in map(decoded, messages):
        if message.position <= at:
            continue
        if message.previous > at:
            missing = [event for event in log.events if at < event.position <= message.previous]
            applied += [event for event in missing if shard in log.shards[event.position]]
        if not isinstance(message, Whole):
            applied.append(message.event)
        at = message.position
    return applied


@given(log=logs(), data=st.data())
def test_every_event_once_and_in_order(log: Log, data: st.DataObject) -> None:
    topic: list[list[bytes]] = [[] for _ in range(SHARDS)]
    checkpoints = [(0, (0,) * SHARDS)]  # how many events were sent, and the last position in each shard
    while True:
        done, previous = checkpoints[-1]
        size = data.draw(st.integers(0, 6) if len(checkpoints) < 20 else st.just(len(log.events)), "events in a step")
        some = log.events[done : done + size]
        until = Checkpoint(some[-1].position if some else 0, BEGIN)
        batch = ShardBatch(previous)
        batch.add(some, log.keys)
        ended = done + size >= len(log.events)
        if some and (ended or data.draw(st.booleans(), "tell that it is whole")):
            batch.add_whole(until)
        for shard, messages in enumerate(batch.messages):
            kept = data.draw(st.integers(0, 3), "lost") if messages and not ended else 3
            topic[shard] += [message for _, message in messages][: None if kept == 3 else kept]
        checkpoints.append((done + len(some), batch.previous))
        if ended:
            break
        if data.draw(st.integers(0, 4), "taken over") == 0:
            checkpoints.append(data.draw(st.sampled_from(checkpoints), "at a checkpoint"))
    for shard, sent in enumerate(topic):
        applied = consumed(log, shard, sent)
        assert applied == [event for event in log.events if shard in log.shards[event.position]]
