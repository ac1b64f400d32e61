"""Follows the log: batches in order of position, up to the safe bound and never beyond it."""

from psycopg import AsyncConnection

from lrs.statement_log.log import read_after
from lrs.statement_log.safe_bound import SafeBound
from projections.checkpoint import Checkpoint
from schemas.log_event import LogEvent, StatementEvent

LARGEST_BATCH = 4000
SMALLEST_BATCH = 50
BATCH_CHARACTERS = 8_000_000
"""Of statements' texts, that a batch should have at most."""


class LogTail:
    """Reads on from a checkpoint. One tail, one connection in autocommit mode."""

    largest = LARGEST_BATCH
    characters = BATCH_CHARACTERS

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._bound = SafeBound()
        self._limit = 1000
        self.at_end = False
        """Whether `read_on` has last read all that is safe."""

    async def read_on(self, after: Checkpoint) -> tuple[list[LogEvent], Checkpoint]:
        """As `read`, as much as is good at once: much when far behind, less where statements are large."""
        events, end = await self.read(after, self._limit)
        self.at_end = len(events) < self._limit
        if not self.at_end:
            characters = sum(len(event.payload) for event in events if isinstance(event, StatementEvent))
            fitting = self.characters * len(events) // max(characters, 1)
            self._limit = min(max(fitting, SMALLEST_BATCH), 2 * self._limit, self.largest)
        return events, end

    async def read(self, after: Checkpoint, limit: int) -> tuple[list[LogEvent], Checkpoint]:
        """Up to `limit` events after the checkpoint, and the checkpoint that holds once they are applied.

        No events and the same position: there is nothing new that is safe to read yet.
        """
        bound = await self._bound.advance(self._connection)
        if bound.position <= after.position:
            return [], after
        events = await read_after(self._connection, after.position, after.stored_floor, bound, limit)
        if len(events) < limit:
            return events, Checkpoint(bound.position, bound.stored_floor)
        return events, Checkpoint(events[-1].position, after.stored_floor)
