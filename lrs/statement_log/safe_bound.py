"""The safe bound: the highest position that nothing can appear at or below any more.

A sequence gives positions in another order than transactions commit in, so "position > last" loses events. Writers take
their transaction id before they draw a position. A mark is (S0, X0): the sequence's last value, then a transaction id
of our own. Whoever drew a position ≤ S0 has an id < X0; once every transaction below X0 has ended, S0 is safe.

A mark also remembers the time just before S0 was read. A statement's `stored` is read after its position is drawn, so
whatever lies above S0 is stored at or after that time: it bounds reading to a few chunks, and it is what
X-Experience-API-Consistent-Through may truthfully say.
"""

from collections import deque
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg import AsyncConnection

from lrs.statement_log.sql import QUERIES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Bound(NamedTuple):
    """Everything at or below position is visible; everything above it was, or will be, stored at or after
    stored_floor.
    """

    position: int
    stored_floor: datetime


class _Mark(NamedTuple):
    bound: Bound
    transaction: int


class SafeBound:
    """Follows the safe bound of one log; the marks wait in memory, so each reader has its own."""

    def __init__(self) -> None:
        self._marks: deque[_Mark] = deque()
        self._reached = Bound(0, EPOCH)

    @property
    def reached(self) -> Bound:
        """The highest bound that was safe when `advance` last looked."""
        return self._reached

    @property
    def newest(self) -> int:
        """The highest position that has a mark or is reached."""
        return self._marks[-1].bound.position if self._marks else self._reached.position

    async def advance(self, connection: AsyncConnection) -> Bound:
        """Take a mark if the sequence has moved, and answer the highest bound that is safe now.

        The connection must be in autocommit mode: each question is a transaction of its own. Several callers may share
        one SafeBound, each with a connection of its own.
        """
        row = await (await connection.execute(QUERIES.last_position.sql)).fetchone()
        assert row is not None
        now, last_value, is_called = row
        last = Bound(last_value if is_called else 0, now)
        if last.position > self.newest:
            own = await (await connection.execute(QUERIES.own_transaction_id.sql)).fetchone()
            assert own is not None
            if last.position > self.newest:  # another caller may have been here meanwhile
                self._marks.append(_Mark(last, own[0]))
        elif last.position == self._reached.position:
            self._reached = max(self._reached, last)  # nothing was drawn since: the same holds until now
        if self._marks:
            oldest = await (await connection.execute(QUERIES.oldest_running_transaction.sql)).fetchone()
            assert oldest is not None
            while self._marks and self._marks[0].transaction <= oldest[0]:
                self._reached = self._marks.popleft().bound
        return self._reached
