"""How old is old: ages by the calendar, dates at midnight UTC, instants with their zone, and nothing else."""

from datetime import UTC, datetime

import pytest

from lrs.statement_log.retention import RetentionRefused, instant_of

NOW = datetime(2028, 2, 29, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1d", datetime(2028, 2, 28, 12, 30, tzinfo=UTC)),
        ("400d", datetime(2027, 1, 25, 12, 30, tzinfo=UTC)),
        ("2w", datetime(2028, 2, 15, 12, 30, tzinfo=UTC)),
        ("1m", datetime(2028, 1, 29, 12, 30, tzinfo=UTC)),
        ("18m", datetime(2026, 8, 29, 12, 30, tzinfo=UTC)),
        ("1y", datetime(2027, 2, 28, 12, 30, tzinfo=UTC)),
        ("4y", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T01:00:00+02:00", datetime(2026, 1, 30, 23, tzinfo=UTC)),
        ("2026-01-31T01:00:00Z", datetime(2026, 1, 31, 1, tzinfo=UTC)),
    ],
)
def test_what_is_old(text: str, instant: datetime) -> None:
    assert instant_of(text, NOW) == instant


@pytest.mark.parametrize(
    "text", ["", "0d", "-1d", "1", "d", "3 y", "3Y", "1h", "2026-13-01", "2026-01-31T01:00:00", "99999y", "x" * 99]
)
def test_what_says_no_instant(text: str) -> None:
    with pytest.raises(RetentionRefused, match="is none of"):
        instant_of(text, NOW)


@pytest.mark.parametrize("text", ["2028-02-29", "2030-01-01", "2028-02-28T12:30:01Z"])
def test_the_last_day_is_never_old(text: str) -> None:
    with pytest.raises(RetentionRefused, match="last day"):
        instant_of(text, NOW)
