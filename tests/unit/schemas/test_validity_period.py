"""Periods are counted in the calendar."""

from datetime import UTC, datetime

import pytest

from schemas.validity_period import after, before, days_in


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("begin", "period", "end"),
    [
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2026-03-31", "P1M", "2026-04-30"),
        ("2026-12-15", "P1M", "2027-01-15"),
        ("2028-02-29", "P1Y", "2029-02-28"),
        ("2028-02-29", "P4Y", "2032-02-29"),
        ("2026-01-30", "P1M2D", "2026-03-02"),
        ("2026-01-01", "P2W", "2026-01-15"),
        ("9999-06-01", "P9999Y", "9999-12-31T23:59:59.999999"),
    ],
)
def test_after(begin: str, period: str, end: str) -> None:
    assert after(day(begin), period) == day(end)


def test_before() -> None:
    assert before(day("2026-03-31"), "P1M") == day("2026-02-28")
    assert before(day("2026-01-15"), "P1M") == day("2025-12-15")
    assert before(day("0001-06-01"), "P1Y") == day("0001-01-01")


def test_about_how_many_days() -> None:
    assert [days_in(one) for one in ("P1Y", "P12M", "P1M", "P2W", "P1Y1M1D")] == [365, 365, 30, 14, 396]
