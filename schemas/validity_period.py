"""How long a completion is valid, and how long before its end it can be renewed.

The rule of this file: a period is counted in calendar years, months and days, in UTC: a year from 29 February ends on
28 February. It has no hours, and is never zero.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

from schemas.configuration_refusal import broken

_PARTS: Final = re.compile(
    r"P(?:(?P<weeks>[0-9]{1,4})W|(?:(?P<years>[0-9]{1,4})Y)?(?:(?P<months>[0-9]{1,4})M)?(?:(?P<days>[0-9]{1,4})D)?)"
)
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)
_RULE: Final = "must be a period of years, months, weeks or days such as P1Y, P6M or P30D"


def _is_a_period(text: str) -> str:
    match = _PARTS.fullmatch(text)
    if match is None or not any(int(number) for number in match.groupdict(default="0").values()):
        raise broken(_RULE)
    return text


Period = Annotated[str, StringConstraints(max_length=20), AfterValidator(_is_a_period)]


def days_in(period: str) -> int:
    """About how many days a period has, to compare two: years of 365, months of 30."""
    months, days = _months_and_days(period)
    return months // 12 * 365 + months % 12 * 30 + days


def after(at: datetime, period: str) -> datetime:
    """The instant a period later; the end of the calendar where that lies beyond it."""
    months, days = _months_and_days(period)
    return _shifted(at, months, days)


def before(at: datetime, period: str) -> datetime:
    """The instant a period earlier; the beginning of the calendar where that lies beyond it."""
    months, days = _months_and_days(period)
    return _shifted(at, -months, -days)


def _months_and_days(period: str) -> tuple[int, int]:
    match = _PARTS.fullmatch(period)
    assert match is not None
    number = {name: int(value) for name, value in match.groupdict(default="0").items()}
    return number["years"] * 12 + number["months"], number["weeks"] * 7 + number["days"]


def _shifted(at: datetime, months: int, days: int) -> datetime:
    count = at.year * 12 + at.month - 1 + months
    year, month = divmod(count, 12)
    try:
        moved = at.replace(year=year, month=month + 1, day=min(at.day, _length(year, month + 1)))
        return moved + timedelta(days=days)
    except (ValueError, OverflowError):
        return _END if months + days > 0 else _BEGINNING


def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1] if 1 <= year <= 9999 else 31
