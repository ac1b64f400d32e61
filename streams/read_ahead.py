"""Reads the log one batch ahead of what is done with it, so that the database and whoever takes it work at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from projections.checkpoint import Checkpoint
from schemas.log_event import LogEvent
from streams.log_tail import LogTail


class Batch(NamedTuple):
    """Events, and the checkpoint that holds once they are dealt with; at_end: no more was safe to read."""

    events: list[LogEvent]
    until: Checkpoint
    at_end: bool


class ReadAhead:
    """Goes on from a checkpoint. While a full batch is dealt with, the next one is read."""

    def __init__(self, tail: LogTail, after: Checkpoint) -> None:
        self._tail = tail
        self._after = after
        self._reading: asyncio.Task[Batch] | None = None

    async def next(self) -> Batch:
        """The next batch; it may have no events."""
        batch = await (self._reading or self._read())
        self._after = batch.until
        self._reading = None if batch.at_end else asyncio.create_task(self._read())
        return batch

    async def end(self) -> None:
        """Leave the tail's connection alone."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _read(self) -> Batch:
        events, until = await self._tail.read_on(self._after)
        return Batch(events, until, self._tail.at_end)


@asynccontextmanager
async def reading_ahead(tail: LogTail, after: Checkpoint) -> AsyncIterator[ReadAhead]:
    """A reader that has ended when the context has."""
    reader = ReadAhead(tail, after)
    try:
        yield reader
    finally:
        await reader.end()
