"""Reads a course's view out of the read models. All that one view shows is read in one snapshot of the database."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from psycopg import AsyncConnection

from projections.course_view import (
    Course,
    CourseLine,
    CourseView,
    Learner,
    Node,
    Recent,
    Risk,
    Summary,
    by_urgency,
    depth_first,
    inactive_reason,
    last_part,
    short_identifier,
    short_word,
)
from schemas.errors import NotFound

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("course_view.sql"), "psycopg", mandatory_parameters=False)

Row = tuple[Any, ...]
Key = tuple[int, UUID]
"""Tenant and course."""


async def read_courses(connection: AsyncConnection, tenant: int, iri: str | None = None) -> list[CourseLine]:
    """Every course of a tenant by title, or only the one with this IRI."""
    rows = await _all(connection, QUERIES.courses, {"tenant": tenant, "iri": iri})
    return [CourseLine(key, text, title or last_part(text), *counts) for key, text, title, *counts in rows]


async def read_course(connection: AsyncConnection, tenant: int, course: UUID) -> Course:
    """Which course it is; raises NotFound."""
    rows = await _all(connection, QUERIES.course, {"tenant": tenant, "course": course})
    if not rows:
        raise NotFound(f"There is no course {course}.")
    iri, title = rows[0]
    return Course(course, iri, title or last_part(iri))


async def read_view(connection: AsyncConnection, tenant: int, course: UUID) -> CourseView:
    """All of one course, as of one position; raises NotFound. The connection is in autocommit mode."""
    view, _ = await read_first_view(connection, tenant, course)
    return view


async def read_first_view(
    connection: AsyncConnection,
    tenant: int,
    course: UUID,
    *,
    most: int | None = None,
    first: int = 0,
    counts: bool = False,
) -> tuple[CourseView, bool]:
    """What a page is drawn from, and whether that is all of the course; raises NotFound.

    Of a course with more than `most` learners it is the `first` lines of the roster, and no outline unless it `counts`:
    how many completed each node takes a look at every learner's rows.
    """
    async with one_snapshot(connection):
        found = await read_course(connection, tenant, course)
        (summary,) = await summaries(connection, [(tenant, course)])
        whole = most is None or summary.enrolled + summary.withdrawn <= most
        roster = await (_roster(connection, tenant, course) if whole else _first(connection, tenant, course, first))
        view = CourseView(
            position=await _position(connection),
            course=found,
            summary=summary,
            roster=by_urgency(roster)[: None if whole else first],
            outline=(await outlines(connection, [(tenant, course)]))[0] if whole or counts else [],
            recent=(await recents(connection, [(tenant, course)]))[0],
        )
        return view, whole


@asynccontextmanager
async def one_snapshot(connection: AsyncConnection) -> AsyncIterator[None]:
    """What is read within sees the same state. The connection is in autocommit mode."""
    async with connection.transaction():
        await connection.execute(QUERIES.begin_reading.sql)
        yield


async def _all(connection: AsyncConnection, query: Any, values: dict[str, Any]) -> list[Row]:
    return await (await connection.execute(query.sql, values)).fetchall()


async def _position(connection: AsyncConnection) -> int:
    rows = await _all(connection, QUERIES.position, {})
    return int(rows[0][0]) if rows else 0


def keys_of(courses: Sequence[Key]) -> dict[str, Any]:
    """Courses as the values of a query."""
    return {"tenants": [tenant for tenant, _ in courses], "courses": [course for _, course in courses]}


async def summaries(connection: AsyncConnection, courses: Sequence[Key]) -> list[Summary]:
    """The sums of each."""
    rows = await _all(connection, QUERIES.summaries, keys_of(courses))
    return [
        Summary(enrolled, active, completed, withdrawn, at_risk, _share(progress), _share(grade))
        for enrolled, active, completed, withdrawn, at_risk, progress, grade in rows
    ]


async def _roster(connection: AsyncConnection, tenant: int, course: UUID) -> list[Learner]:
    now = await _clock(connection, tenant)
    return [_learner(row, now) for row in await _all(connection, QUERIES.roster, {"tenant": tenant, "course": course})]


async def _first(connection: AsyncConnection, tenant: int, course: UUID, first: int) -> list[Learner]:
    asked = {"tenant": tenant, "course": course, "first": first}
    key = (tenant, course)
    persons = [(key, person) for (person,) in await _all(connection, QUERIES.first_persons, asked)]
    return (await lines(connection, persons)).get(key, [])


async def lines(connection: AsyncConnection, persons: Sequence[tuple[Key, UUID]]) -> dict[Key, list[Learner]]:
    """The roster's lines of these persons in these courses, of those who have one."""
    clocks = {tenant: await _clock(connection, tenant) for tenant in {tenant for (tenant, _), _ in persons}}
    values = {**keys_of([course for course, _ in persons]), "persons": [person for _, person in persons]}
    found: dict[Key, list[Learner]] = defaultdict(list)
    for number, *row in await _all(connection, QUERIES.lines, values):
        course, _ = persons[number - 1]
        found[course].append(_learner((*row,), clocks[course[0]]))
    return found


async def _clock(connection: AsyncConnection, tenant: int) -> datetime | None:
    rows = await _all(connection, QUERIES.clock, {"tenant": tenant})
    return rows[0][0].astimezone(UTC) if rows else None


def _learner(row: Row, now: datetime | None) -> Learner:
    person, name, ifi, status, progress, completed, required, so_far, at_least, passed, enrolled, last = row[:12]
    level, rule, since, threshold, evidence = row[12:]
    last_activity = _utc(last)
    risk = None
    if level is not None and last_activity is not None:
        reason = inactive_reason(last_activity, now or since, threshold)
        risk = Risk(level, rule, since.astimezone(UTC), reason, evidence)
    return Learner(
        person=person,
        name=name or short_identifier(ifi),
        ifi=ifi,
        status=status,
        progress=round(progress, 6),
        completed_nodes=completed,
        required_nodes=required,
        grade_so_far=_share(so_far),
        grade_if_nothing_more=_share(at_least),
        passed=passed,
        enrolled_at=enrolled.astimezone(UTC),
        last_activity_at=last_activity,
        risk=risk,
    )


async def outlines(connection: AsyncConnection, courses: Sequence[Key]) -> list[list[Node]]:
    """The nodes of each."""
    asked = keys_of(courses)
    counts = {(number, node): rest for number, node, *rest in await _all(connection, QUERIES.counts, asked)}
    found: list[list[tuple[Node, datetime | None, int]]] = [[] for _ in courses]
    for number, node, iri, title, *place, position in await _all(connection, QUERIES.nodes, asked):
        *learners, first_at = counts.get((number, node), (0, 0, None))
        one = Node(node, iri, title or last_part(iri), *place, *learners)
        found[number - 1].append((one, first_at, position))
    return [depth_first(nodes) for nodes in found]


async def recents(connection: AsyncConnection, courses: Sequence[Key]) -> list[list[Recent]]:
    """The last statements of each."""
    found: list[list[Recent]] = [[] for _ in courses]
    for number, statement, at, person, name, ifi, verb, title, activity, score, success in await _all(
        connection, QUERIES.recents, keys_of(courses)
    ):
        one = Recent(
            statement_id=statement,
            at=at.astimezone(UTC),
            person=person,
            name=None if ifi is None else name or short_identifier(ifi),
            verb=short_word(verb),
            title=title or last_part(activity or ""),
            score=_share(score),
            success=success,
        )
        found[number - 1].append(one)
    return found


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
