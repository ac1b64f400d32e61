"""A statement after recording: where it lies in the log, when it was stored, and its text as a reader gets it."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

_encode = msgspec.json.Encoder().encode


class RecordedStatement(NamedTuple):
    """One row of the log.

    payload: JSON text as it came, without stored and authority. authority: JSON text of the Agent that vouches for it.
    """

    position: int
    id: UUID
    stored: datetime
    timestamp: datetime | None
    payload: str
    authority: str

    def document(self) -> str:
        """The statement as the standard returns it: stored, authority and a missing timestamp are spliced in.

        xAPI Data 2.4.7–2.4.9: the timestamp is the value of stored where the client sent none.
        """
        stored = instant(self.stored)
        given = "" if self.timestamp is not None else f'"timestamp":"{stored}",'
        head = self.payload.rstrip()[:-1]
        return f'{head},{given}"stored":"{stored}","authority":{self.authority}}}'


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds and a Z (xAPI Data 4.5)."""
    written = _encode(moment.astimezone(UTC)).decode()[1:-1]  # many times quicker than strftime
    return written if moment.microsecond else f"{written[:-1]}.000000Z"
