"""Reading bodies leaves the event loop time for everything else, however many come at once.

The loop serves whatever is ready before it looks at the database's connections again. Where hundreds of batches are
ready at the same time, reading them all keeps what is stored from being stored: so a turn of the loop reads for
SLICE_SECONDS, and who comes later waits for one of the next turns, first come, first served. No more wait than are read
in half a second or so.
"""

import asyncio
import time
from collections import deque

from schemas.errors import Overloaded

SLICE_SECONDS = 0.01
SLICE_BYTES = 250_000
"""What is read in about that time."""
WAITING_BYTES = 10_000_000


class Turns:
    """Of one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._waiting_bytes = 0
        self._until: float | None = None  # None: nothing was read in this turn of the loop

    async def take(self, size: int) -> None:
        """Wait until a body of so many bytes may be read. Raises Overloaded."""
        if self._until is None:
            self._until = time.monotonic() + SLICE_SECONDS
            asyncio.get_running_loop().call_soon(self._next)
        elif self._waiting or time.monotonic() > self._until:
            if self._waiting_bytes > WAITING_BYTES:
                raise Overloaded
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((size, turn))
            self._waiting_bytes += size
            await turn

    def _next(self) -> None:
        """In the next turn of the loop: those that waited longest are read in it."""
        self._until = None
        size = 0
        while self._waiting and size < SLICE_BYTES:
            its, turn = self._waiting.popleft()
            self._waiting_bytes -= its
            if not turn.done():  # whoever asked may have left
                turn.set_result(None)
                size += its
        if size:
            self._until = 0.0
            asyncio.get_running_loop().call_soon(self._next)
