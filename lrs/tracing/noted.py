"""What a request has stored, noted for whoever traces it; where nobody does, nothing is."""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final

STORED: Final[ContextVar[list[int] | None]] = ContextVar("stored_positions", default=None)


def note(positions: Iterable[int]) -> None:
    """The request that is being answered has stored something at these positions."""
    found = STORED.get()
    if found is not None:
        found.extend(positions)
