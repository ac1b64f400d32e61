"""Whatever of a topic is lost, and however it is dealt out: what a worker plans, and reads from the log where the plan
says so, is every event of its shards, once and in order.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.checkpoint import Checkpoint
from projections.shard_rows import ShardCheckpoints
from streams.log_message import Message, decoded
from streams.shard_batch import ShardBatch
from streams.shard_plan import Messages, plan
from tests.properties.test_shards import BEGIN, SHARDS, Log, logs


class _Worker:
    """Applies what is planned, in memory."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.at = ShardCheckpoints(dict.fromkeys(range(SHARDS), Checkpoint(0, BEGIN)))
        self.applied: dict[int, list[int]] = {shard: [] for shard in range(SHARDS)}

    def take(self, messages: dict[int, list[Message]]) -> None:
        left: Messages = messages
        while left:
            here = ShardCheckpoints({shard: self.at[shard] for shard in left})
            events, end, left, whole = plan(left, here)
            positions = [event.position for event in events]
            assert positions == sorted(set(positions))
            for shard, to in end.items():
                self._apply(shard, positions, to)
            for shard in left:
                until = max(whole, self.at[shard].position)
                self._apply(shard, [event.position for event in self._log.events], Checkpoint(until, BEGIN))

    def _apply(self, shard: int, positions: list[int], to: Checkpoint) -> None:
        """As the projector does: of what is there, what is of this shard and not applied."""
        own = [one for one in positions if shard in self._log.shards[one]]
        self.applied[shard] += [one for one in own if self.at[shard].position < one <= to.position]
        self.at[shard] = to


@settings(max_examples=40)
@given(log=logs(), data=st.data())
def test_every_event_once_and_in_order(log: Log, data: st.DataObject) -> None:
    batch = ShardBatch((0,) * SHARDS)
    for event in log.events:
        batch.add([event], log.keys)
        if data.draw(st.integers(0, 3), "whole") == 0:
            batch.add_whole(Checkpoint(event.position, BEGIN))
    end = log.events[-1].position if log.events else 0
    lost = data.draw(st.sets(st.integers(0, 40), max_size=20), "lost")
    topic = [
        [decoded(one) for number, (_, one) in enumerate(messages) if number not in lost] for messages in batch.messages
    ]
    batch.add_whole(Checkpoint(end + 1, BEGIN))
    worker = _Worker(log)
    read = [0] * SHARDS
    while any(here < len(topic[shard]) for shard, here in enumerate(read)):
        dealt = {}
        for shard in data.draw(st.sets(st.integers(0, SHARDS - 1), min_size=1), "shards"):
            back = data.draw(st.integers(0, 2), "sent again")
            size = data.draw(st.integers(1, 8), "messages")
            dealt[shard] = topic[shard][max(read[shard] - back, 0) : read[shard] + size]
            read[shard] += size
        worker.take(dealt)
    worker.take({shard: [decoded(messages[-1][1])] for shard, messages in enumerate(batch.messages)})
    for shard, applied in worker.applied.items():
        assert applied == [event.position for event in log.events if shard in log.shards[event.position]]
        assert worker.at[shard].position == end + 1
