"""How much the log tail reads at once: more when it is far behind, less where statements are large."""

from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from projections.checkpoint import Checkpoint
from schemas.log_event import LogEvent, StatementEvent
from streams.log_tail import BATCH_CHARACTERS, LARGEST_BATCH, SMALLEST_BATCH, LogTail

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 1, tzinfo=UTC)
START = Checkpoint(0, NOW)


class Tail(LogTail):
    """A log of `left` statements of so many characters each."""

    def __init__(self, left: int, characters: int) -> None:
        super().__init__(AsyncConnection.__new__(AsyncConnection))
        self.left, self.payload = left, "x" * characters
        self.asked: list[int] = []
        self._positions = count(1)

    async def read(self, after: Checkpoint, limit: int) -> tuple[list[LogEvent], Checkpoint]:
        self.asked.append(limit)
        found: list[LogEvent] = [
            StatementEvent(next(self._positions), 1, UUID(int=1), NOW, None, self.payload, None, None)
            for _ in range(min(limit, self.left))
        ]
        self.left -= len(found)
        return found, after


@pytest.mark.parametrize(
    ("characters", "largest"),
    [
        (100, LARGEST_BATCH),
        (BATCH_CHARACTERS // 1000, 1000),
        (BATCH_CHARACTERS // 100, 100),
        (BATCH_CHARACTERS // 10, SMALLEST_BATCH),
    ],
)
async def test_as_much_as_is_good_at_once(characters: int, largest: int) -> None:
    tail = Tail(8_000 if largest > 1000 else 1_400, characters)
    while tail.left:
        assert not tail.at_end
        await tail.read_on(START)
    await tail.read_on(START)
    assert tail.at_end
    assert tail.asked[-1] == largest
    assert max(tail.asked[1:]) <= max(largest, 1000)
