"""Points in time: the date-and-time form of ISO 8601 that RFC 3339 profiles, and the instant it stands for.

The rule of this file: the text is kept as it came, and the instant is computed from it in one place. The
zone may be missing (1.0.3 Data 4.5 only recommends it) and then means UTC; a zone of minus zero is refused,
since ISO 8601 has none. Seconds may be missing, and may be 60 for a leap second. More than six decimals are
kept in the text and cut off in the instant.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from schemas.clauses import Clause, broken

_HOUR = "(?:[01][0-9]|2[0-3])"
_MINUTE = "[0-5][0-9]"
_EAST = rf"\+{_HOUR}(?::?{_MINUTE})?"
_WEST = rf"-(?:(?:0[1-9]|1[0-9]|2[0-3])(?::?{_MINUTE})?|00:?(?:0[1-9]|[1-5][0-9]))"
TIMESTAMP_PATTERN = (
    rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{_HOUR}:{_MINUTE}(?::(?:{_MINUTE}|60)(?:[.,][0-9]+)?)?"
    rf"(?:[Zz]|{_EAST}|{_WEST})?$"
)
"""Date, `T`, time and an optional zone (1.0.3 Data 4.5, 2.0.0 4.2.7)."""

_RULE = "must be an ISO 8601 timestamp such as 2015-11-18T12:17:00.000Z"


def instant_of(text: str) -> datetime:
    """The instant of a timestamp that fits TIMESTAMP_PATTERN, in UTC, to the microsecond.

    Raises ValueError or OverflowError where the text names no such day or none that the calendar reaches.
    """
    text = text.upper()
    if text[16:19] == ":60":
        return instant_of(text[:17] + "59" + text[19:]) + timedelta(seconds=1)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _names_an_instant(text: str) -> str:
    try:
        instant_of(text)
    except (ValueError, OverflowError) as error:
        raise broken(f"must name a day and time that exist ({error})", Clause.TIMESTAMP_TYPE) from None
    return text


Timestamp = Annotated[str, StringConstraints(strict=True, pattern=TIMESTAMP_PATTERN), AfterValidator(_names_an_instant)]

RULES: dict[str, tuple[str, Clause]] = {TIMESTAMP_PATTERN: (_RULE, Clause.TIMESTAMP_TYPE)}
"""What each pattern demands, in words."""
