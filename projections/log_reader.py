"""What the folds ask of the log beside its tail: statements that were read before, again.

The rule of this file: it says what is asked; who keeps the log answers it.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from schemas.log_event import StatementEvent


class LogReader(Protocol):
    """The log, read at places that are known to be safe."""

    async def at(self, tenant: int, positions: Sequence[int]) -> list[StatementEvent]:
        """The statements at these positions, in order; what retention has dropped is not among them.

        Payloads are in memory all at once: whoever has many positions asks for some at a time.
        """

    async def about(self, tenant: int, activities: Collection[str], until: int) -> list[int]:
        """Positions up to `until`, in order, of statements whose object is one of these activities, or that have one
        of them in contextActivities as parent or grouping.
        """
