"""A statement that the folds could not digest, or one that waits behind such a one. docs/dead-letters.md.

The rule of this file: a letter is a function of the log, as far as what goes wrong is: its times are those of the log,
and nothing of the statement is in it but who, and what the error itself says.
"""

import traceback
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from projections.names import Name
from projections.payload import parse
from projections.shared_parts import Doer, doer_of
from schemas.log_event import StatementEvent

LONGEST_MESSAGE: Final = 500
LONGEST_LEARNER: Final = 2000
FRAMES: Final = 6
"""Of a traceback, the last of which are kept."""


class State(StrEnum):
    """What has become of a letter so far; one that was digested after all is none any more."""

    PARKED = "parked"
    WAITING = "waiting"
    DISCARDED = "discarded"


class Failure(NamedTuple):
    """What went wrong: the class of the error, what it says, and where in the code, innermost last."""

    error: str
    message: str
    frames: str


NOTHING = Failure("", "", "")
GONE = Failure("StatementGone", "retention has dropped the statement from the log", "")


class Letter(NamedTuple):
    """One row of the table `dead_letter`, columns in its order.

    key: the learner by name, behind whose first parked letter the later ones wait; None where it cannot be told, or
    where nobody has to wait. voided_position: of what voids the statement, where that came before, or since. last_at:
    when it was stored, or when the last decision of it was recorded.
    """

    position: int
    version: int
    statement: UUID
    stored: datetime
    key: Name | None
    learner: str | None
    state: str
    voided_position: int | None
    attempts: int
    error: str
    message: str
    frames: str
    last_at: datetime
    decided_by: str | None
    reason: str | None


class Letters(NamedTuple):
    """What a projector has to know of a tenant's letters: where the first parked one of each key is."""

    first: Mapping[Name, int]
    exist: bool


def failure_of(error: BaseException) -> Failure:
    """The error in words that fit into a table; of what a database says, only what is no value of the statement."""
    message = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    lines = [f"{'/'.join(one.filename.split('/')[-2:])}:{one.lineno} {one.name}" for one in frames]
    return Failure(type(error).__name__, _storable(message, LONGEST_MESSAGE), _storable("\n".join(lines), 2000))


def letter_of(event: StatementEvent, doer: Doer, state: State, failure: Failure, version: int) -> Letter:
    """The letter of a statement that has had none so far."""
    return Letter(
        event.position,
        version,
        event.id,
        event.stored,
        doer.person,
        None if doer.ifi is None else _storable(doer.ifi, LONGEST_LEARNER),
        state.value,
        event.voided_position,
        1 if state is State.PARKED else 0,
        *failure,
        event.stored,
        None,
        None,
    )


def sender_of(event: StatementEvent) -> Doer:
    """Whose statement it is, as far as that can be told; what voids another says nothing of its sender."""
    if event.voids_position is None:
        try:
            return doer_of(parse(event.payload)["actor"])
        except Exception:  # the statement is here because something about it cannot be read
            pass
    return Doer(None, None, None)


def _storable(text: str, most: int) -> str:
    clean = text[:most].replace("\0", "\\0")
    return clean.encode("utf-8", "backslashreplace").decode()
