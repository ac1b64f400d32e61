"""Read-model changes on their way out: what changed, at which position, to whoever listens in this process.

A change is published after its commit. It says which learners of which course changed, not what their rows hold now:
the listener reads the rows, so what it shows is never older than the change. The backlog is bounded, in changes and in
learners; a listener whose last position lies before it must take a fresh snapshot.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import takewhile
from uuid import UUID

BACKLOG = 10_000
BACKLOG_PERSONS = 50_000
"""Learners of all its changes together: about 150 bytes each. Under load one change may have thousands."""


@dataclass(frozen=True, slots=True)
class Change:
    """At `position`, these persons' rows in this course changed; recounted: so did the number of nodes that count, and
    with it every learner's progress or grade."""

    position: int
    tenant: int
    course: UUID
    persons: frozenset[UUID]
    recounted: bool = False


class Bus:
    """Publish and follow, in one process and one event loop."""

    def __init__(self) -> None:
        self._backlog: deque[Change] = deque()
        self._persons = 0
        self._floor: int | None = None
        self._position = 0
        self._moved = asyncio.Event()
        self.on_publish: Callable[[int, int], None] | None = None
        """Told from where to where the read models have moved."""
        self.delayed = False
        """Whether changes are not told as they come: then whoever shows something looks for himself when `position`
        has moved."""

    @property
    def has_begun(self) -> bool:
        """Whether it is known where the read models stand."""
        return self._floor is not None

    @property
    def position(self) -> int:
        """The position that every read model has reached."""
        return self._position

    def start(self, position: int) -> None:
        """Where the projection stood when this process began: the backlog knows nothing of what came before."""
        self._backlog.clear()
        self._persons = 0
        self._floor = position
        self._reach(position)

    def stand_by(self, position: int) -> None:
        """Where another server's processor has brought the read models."""
        self.start(position)

    def publish(self, position: int, changes: list[Change]) -> None:
        """Say that the read models have reached `position`, with these changes."""
        for change in changes:
            self._backlog.append(change)
            self._persons += len(change.persons)
        while len(self._backlog) > BACKLOG or self._persons > BACKLOG_PERSONS:
            oldest = self._backlog.popleft()
            self._persons -= len(oldest.persons)
            self._floor = oldest.position
        before = self._position
        self._reach(position)
        if self.on_publish is not None:
            self.on_publish(before, position)

    def since(self, tenant: int, course: UUID, position: int) -> list[Change] | None:
        """The changes of a course after `position`, oldest first; None when the backlog does not reach back that
        far.
        """
        if self._floor is None or position < self._floor or position > self._position:
            return None
        new = takewhile(lambda change: change.position > position, reversed(self._backlog))
        return [change for change in new if change.course == course and change.tenant == tenant][::-1]

    async def wait(self, position: int, timeout: float) -> int:  # noqa: ASYNC109 - a bound, not a cancellation
        """Wait until the read models are past `position`, or for `timeout` seconds; answers where they are."""
        try:
            async with asyncio.timeout(timeout):
                while self._position <= position:
                    await self._moved.wait()
        except TimeoutError:
            pass
        return self._position

    async def follow(self, position: int) -> AsyncIterator[int]:
        """Each time the read models have moved past `position`: where they are now."""
        while True:
            while self._position <= position:
                await self._moved.wait()
            position = self._position
            yield position

    def _reach(self, position: int) -> None:
        self._position = position
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
