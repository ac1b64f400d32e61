"""Follows the log: batches in order of position, up to the safe bound and never beyond it."""

from psycopg import AsyncConnection

from lrs.statement_log.log import read_after
from lrs.statement_log.safe_bound import SafeBound
from projections.checkpoint import Checkpoint
from schemas.log_event import LogEvent


class LogTail:
    """Reads on from a checkpoint. One tail, one connection in autocommit mode."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._bound = SafeBound()

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
