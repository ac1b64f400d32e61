"""What the log holds after recording, as its readers get it: one order over statements and control events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StatementEvent:
    """One statement of the log; payload is its JSON text.

    voided_position: of the voiding statement, where one came before this. voids_position: of the statement that this
    one voids, where it came before this.
    """

    position: int
    tenant: int
    id: UUID
    stored: datetime
    timestamp: datetime | None
    payload: str
    voided_position: int | None
    voids_position: int | None


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """One event of the log beside the statements; payload is parsed JSON."""

    position: int
    tenant: int
    recorded: datetime
    kind: str
    payload: dict[str, Any]


CLOCK_TICK = "clock.tick"
"""Kind of a clock event; its payload is {"now": instant as text}."""

REBUILT = "read_models.rebuilt"
"""Kind of the event that says that read models built again have taken the place of those that were there."""

LogEvent = StatementEvent | ControlEvent
