"""How far something has come, looked up in the database once for all who wait for it.

The rule of this file: however many wait, no more than one look goes on, and the next is not before LOOK_SECONDS after
the one before; whoever waits waits no longer than it likes.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

LOOK_SECONDS: Final = 0.01


class SharedLook:
    """One thing that is looked at."""

    def __init__(self) -> None:
        self._looking: asyncio.Task[int] | None = None
        self._seen: tuple[float, int] | None = None

    async def reached(self, how_far: Callable[[], Coroutine[Any, Any, int]], seconds: float) -> int:
        """How far it has come just now; 0 where that is not known within so many seconds. Raises what a look raises."""
        clock = asyncio.get_running_loop().time
        if self._seen is not None and clock() - self._seen[0] < LOOK_SECONDS:
            return self._seen[1]
        if self._looking is None:
            self._looking = asyncio.create_task(how_far())
            self._looking.add_done_callback(self._looked)
        looking = self._looking
        await asyncio.wait({looking}, timeout=seconds)
        return looking.result() if looking.done() else 0

    def _looked(self, look: asyncio.Task[int]) -> None:
        self._looking = None
        if not look.cancelled() and look.exception() is None:
            self._seen = look.get_loop().time(), look.result()
