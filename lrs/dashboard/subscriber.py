"""What waits for one reader of a course: bounded, and never dropped in silence."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import NamedTuple

import msgspec

QUEUE = 32
"""Events that may wait for one reader."""


class Frame(NamedTuple):
    """One event of the stream, as bytes. With it a reader has everything up to `position`; None: it says nothing of
    that, and is told wherever he stands.
    """

    position: int | None
    data: bytes


def outline_frame(until: int, outline: bytes) -> Frame:
    """The outline (JSON), which holds everything up to a position. Without an id: lines are told by others."""
    return Frame(None, b'event: outline\ndata: {"position":%d,"outline":%s}\n\n' % (until, outline))


def frame(event: str, position: int, data: bytes | None = None) -> Frame:
    """An event whose id is the position. data: JSON without a line break; where none is given it tells the position."""
    data = data or msgspec.json.encode({"position": position})
    return Frame(position, b"id: %d\nevent: %s\ndata: %s\n\n" % (position, event.encode(), data))


class Subscriber:
    """What waits for one reader: a bounded queue, and whether it ran over."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._some = asyncio.Event()
        self._lost = False

    def put(self, one: Frame) -> bool:
        """Hand over an update; where too many wait already, all are dropped, and the reader must begin anew.

        Whether that has just become so.
        """
        was_lost = self._lost
        if not was_lost and len(self._frames) < QUEUE:
            self._frames.append(one)
            self._some.set()
        else:
            self.lose()
        return self._lost and not was_lost

    def lose(self) -> None:
        """Something did not reach this reader."""
        self._frames.clear()
        self._lost = True
        self._some.set()

    async def take(self, timeout: float) -> list[Frame] | None:  # noqa: ASYNC109 - a bound, not a cancellation
        """Everything that waits, after at most `timeout` seconds; None where something was lost."""
        with suppress(TimeoutError):  # what came at the very last moment is taken too
            async with asyncio.timeout(timeout):
                await self._some.wait()
        self._some.clear()
        lost, self._lost = self._lost, False
        frames = list(self._frames)
        self._frames.clear()
        return None if lost else frames
