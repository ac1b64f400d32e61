"""The rule of this file: what was done in a course on one day of UTC, by one person and by all. Sections 13 and 14."""

from datetime import date, datetime, timedelta
from statistics import fmean, median
from typing import Any

from .facts import Fact
from .progress import time_in, visits_of

Row = dict[str, Any]
_DAY = timedelta(days=1) // timedelta(milliseconds=1)


def activity_daily(
    course: str, facts: list[Fact], progress: dict[str, Row], attempts: list[Row], enrollment: Row
) -> dict[date, Row]:
    """The days of one person in one course; `progress` by activity, `attempts` on all of them."""
    done_at = [row["completed_at"] for node, row in progress.items() if node != course]
    completions = [at.date() for at in done_at if at is not None]
    scores = [(row["submitted_at"].date(), row["score"]) for row in attempts if row["score"] is not None]
    rows = {}
    for day in {fact.at.date() for fact in facts} | set(completions) | {one for one, _ in scores}:
        done = [fact for fact in facts if fact.at.date() == day and fact.is_activity]
        visits = visits_of(done)
        own = [score for one, score in scores if one == day]
        rows[day] = {
            "events": len(done),
            "sessions": len(visits),
            "duration": min(sum(time_in(visit) for visit in visits), _DAY),
            "completions": completions.count(day),
            "enrolled": is_on(day, enrollment["enrolled_at"]),
            "started": is_on(day, enrollment["started_at"]),
            "completed": is_on(day, enrollment["completed_at"]),
            "scores": len(own),
            "score": round(fmean(own), 6) if own else None,
        }
    return rows


def is_on(day: date, at: datetime | None) -> bool:
    return at is not None and at.date() == day


def course_daily(rows: dict[tuple[str, str, date], Row]) -> dict[tuple[str, date], Row]:
    """Each day of each course, over everybody's rows."""
    found: dict[tuple[str, date], list[Row]] = {}
    for (course, _, day), row in rows.items():
        found.setdefault((course, day), []).append(row)
    days = {}
    for key, some in found.items():
        scores = [row["score"] for row in some if row["score"] is not None]
        days[key] = {
            **{name: sum(1 for row in some if row[name]) for name in ("enrolled", "started", "completed")},
            "active": sum(1 for row in some if row["events"]),
            "events": sum(row["events"] for row in some),
            "completions": sum(row["completions"] for row in some),
            "mean_score": round(fmean(scores), 6) if scores else None,
            "median_score": round(median(scores), 6) if scores else None,
        }
    return days
