"""Facts made for tests of the activity, and the naive count of them: from docs/analytics.md, all at once, in Python.

The calendar here is Python's and the one under test is PostgreSQL's: they share nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from projections.fact import name_of

# Identifiers whose order by code point is not that of a dictionary, and two that differ in case alone.
COURSES = ("https://example.com/course/b", "https://example.com/course/B", "https://example.com/course/é")
LEARNERS = (
    "mbox:mailto:Zoe@example.com",
    "mbox:mailto:ada@example.com",
    "account:https://example.com|7",
    "openid:urn:x",
)
VERBS = ("http://adlnet.gov/expapi/verbs/completed", "http://adlnet.gov/expapi/verbs/answered", "urn:verb:zähle")
TITLES = {COURSES[0]: 'Sets, "maps" and\nmore', COURSES[1]: None, COURSES[2]: "=1+1"}
NAMES = {LEARNERS[0]: "Zoë, of Ulm", LEARNERS[1]: "Ada", LEARNERS[2]: None, LEARNERS[3]: "+44 20"}


@dataclass(frozen=True, slots=True)
class MadeFact:
    """What the activity counts of a statement; score in millionths, duration in milliseconds."""

    at: datetime
    learner: str | None
    course: str | None
    verb: str
    score: int | None
    duration: int | None
    voided: bool
    tenant: int

    @property
    def event(self) -> str:
        return "completed" if self.verb == VERBS[0] else "other"


def write(url: str, facts: Iterable[MadeFact], *, position: int = 0) -> None:
    """Make these the only facts of the database, known up to `position`."""
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM fact")
        connection.execute("DELETE FROM projection_checkpoint")
        connection.execute(
            "INSERT INTO projection_checkpoint (projection, shard, version, position, stored_floor)"
            " VALUES ('live', 0, 1, %s, now())",
            [position],
        )
        connection.cursor().executemany(
            "INSERT INTO fact (tenant, position, id, at, person, course, verb, event, placement, score, score_suspect,"
            " duration, voided_position) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'context', %s, false, %s, %s)",
            [
                (
                    fact.tenant,
                    number,
                    UUID(int=number),
                    fact.at,
                    None if fact.learner is None else name_of(fact.learner),
                    None if fact.course is None else name_of(fact.course),
                    name_of(fact.verb),
                    fact.event,
                    None if fact.score is None else fact.score / 1_000_000,
                    fact.duration,
                    number + 1 if fact.voided else None,
                )
                for number, fact in enumerate(facts, 1)
            ],
        )


def write_texts(url: str) -> None:
    """The texts behind the names, for two tenants; the second knows them all by others."""
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO tenant (tenant, name) VALUES (2, 'other')")
        for tenant, mark in ((1, ""), (2, " of another")):
            for iri in (*COURSES, *VERBS):
                connection.execute("INSERT INTO iri VALUES (%s, %s, %s)", [tenant, name_of(iri), iri + mark])
            for ifi, name in NAMES.items():
                values = [tenant, name_of(ifi), ifi + mark, None if name is None else name + mark]
                connection.execute("INSERT INTO person VALUES (%s, %s, %s, %s)", values)
            for iri, title in TITLES.items():
                connection.execute(
                    "INSERT INTO outline_node (tenant, course, node, iri, title, kind, rule, required, graded)"
                    " VALUES (%s, %s, %s, %s, %s, 'course', 'content', false, false)",
                    [tenant, name_of(iri), name_of(iri), iri + mark, None if title is None else title + mark],
                )


def midnight(day: date, zone: str) -> datetime:
    """The first instant of a day: of two midnights the earlier."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def bucket_of(at: datetime, unit: str, zone: str) -> datetime:
    """The first instant of the calendar bucket that `at` lies in."""
    local = at.astimezone(ZoneInfo(zone))
    if unit == "hour":
        offset = local.utcoffset()
        assert offset is not None
        return local.replace(minute=0, second=0, microsecond=0, tzinfo=None).replace(tzinfo=UTC) - offset
    day = local.date()
    if unit == "week":
        day -= timedelta(days=day.weekday())
    if unit == "month":
        day = day.replace(day=1)
    return midnight(day, zone)


def naive_rows(
    facts: Iterable[MadeFact], begin: datetime, end: datetime, zone: str, unit: str, groups: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows of the answer for tenant 1; `groups` in the answer's order."""
    counted: dict[tuple[Any, ...], list[MadeFact]] = defaultdict(list)
    for fact in facts:
        if fact.tenant == 1 and not fact.voided and begin <= fact.at < end:
            key = (bucket_of(fact.at, unit, zone), *(getattr(fact, group) for group in groups))
            counted[key].append(fact)
    return [_row(key, counted[key], zone, groups) for key in sorted(counted, key=_order)]


def _order(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return key[0], *((text is None, text or "") for text in key[1:])


def _row(key: tuple[Any, ...], facts: list[MadeFact], zone: str, groups: Sequence[str]) -> dict[str, Any]:
    start: datetime = key[0]
    row: dict[str, Any] = {
        "bucket": start.astimezone(ZoneInfo(zone)).isoformat(),
        "bucket_utc": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for group, text in zip(groups, key[1:], strict=True):
        row[group] = text
        if group == "course":
            row["course_title"] = TITLES.get(text)
        if group == "learner":
            row["learner_name"] = NAMES.get(text)
    scores = [fact.score for fact in facts if fact.score is not None]
    durations = [fact.duration for fact in facts if fact.duration is not None]
    mean = Decimal(sum(scores)) / len(scores) / 1_000_000 if scores else None
    return row | {
        "statements": len(facts),
        "learners": len({fact.learner for fact in facts} - {None}),
        "completions": sum(fact.verb == VERBS[0] for fact in facts),
        "scores": len(scores),
        "mean_score": None if mean is None else mean.quantize(Decimal("0.000001"), ROUND_HALF_UP),
        "duration_seconds": Decimal(sum(durations)) / 1000 if durations else None,
    }
