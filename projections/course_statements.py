"""Which statements make up one course at a position of the log: a superset, found by the facts that there are now.

The rule of this file: whatever gave something to the course at the position is among them. A statement that was of the
course there and is not now has been moved since: by a mapping, an outline, persons merged or parted, or by a voiding
that took the course from its registration. All of these are looked for. What is too much does no harm: rows follow
from facts.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from psycopg import AsyncConnection

from projections.fact import name_of
from projections.log_reader import LogReader
from schemas.course_configuration import (
    CompletionOverridden,
    ConfigurationEvent,
    GradeOverridden,
    MappingSet,
    OutlineSet,
    PersonMerged,
    read_recorded_event,
)
from schemas.course_outline import CourseOutline, placed

QUERIES: Any = aiosql.from_path(
    Path(__file__).with_name("course_statements.sql"), "psycopg", mandatory_parameters=False
)
AT_ONCE = 500
"""Places that are answered at once."""
_KINDS = ["mapping.set", "person.merged", "completion.overridden", "grade.overridden"]
Place = tuple[int, int | None]
"""The position of a statement, and of what voids it by now."""


async def count_statements(connection: AsyncConnection, tenant: int, course: UUID, until: int) -> int:
    """About how many statements `statements_of` answers."""
    values = {"tenant": tenant, "course": course, "until": until}
    row = await (await connection.execute(QUERIES.facts_of_course.sql, values)).fetchone()
    return 0 if row is None else int(row[0])


async def statements_of(
    connection: AsyncConnection,
    log: LogReader,
    tenant: int,
    course: UUID,
    until: int,
    said: Sequence[ConfigurationEvent] = (),
) -> AsyncIterator[list[Place]]:
    """Statements at or below `until`, some at a time, each learner's together.

    connection: in a transaction that keeps one snapshot, with the facts up to `until` in it. said: what is set after
    `until` for the sake of the question.
    """
    moving = _Moving(course, until)
    async with connection.cursor("moving_events") as cursor:
        await cursor.execute(QUERIES.moving_events.sql, {"tenant": tenant, "kinds": _KINDS})
        async for position, _, _, kind, payload in cursor:
            moving.take_in(position, read_recorded_event(kind, payload))
    asked = {"tenant": tenant, "course": course, "until": until}
    outlines = await (await connection.execute(QUERIES.outline_then.sql, asked)).fetchall()
    then = [read_recorded_event("outline.set", payload) for (payload,) in outlines]
    for event in (*then, *said):
        moving.take_in(until + 1, event)
    groups = moving.groups()
    values = {
        "tenant": tenant,
        "course": course,
        "until": until,
        "others": await log.about(tenant, moving.activities, until),
        "persons": [name_of(person) for group in groups for person in group],
        "groups": [number for number, group in enumerate(groups) for _ in group],
        "nodes": [name_of(node) for node in sorted(moving.nodes)],
        "spoken_of": [name_of(person) for person in sorted(moving.spoken_of)],
    }
    async with connection.cursor("statements_of_course") as cursor:
        await cursor.execute(QUERIES.statements_of_course.sql, values)
        while places := await cursor.fetchmany(AT_ONCE):
            yield [(position, voided) for position, voided in places]


class _Moving:
    """What of the tenant's configuration may have moved statements to or from a course after a position.

    activities: that were mapped after it, wherever to. nodes: of the course's outline there, where any outline was set
    after it. spoken_of: learners of whom an override of the course speaks.
    """

    def __init__(self, course: UUID, until: int) -> None:
        self._course = course
        self._until = until
        self.activities: set[str] = set()
        self.nodes: set[str] = set()
        self.spoken_of: set[str] = set()
        self._group: dict[str, set[str]] = {}

    def take_in(self, position: int, event: ConfigurationEvent) -> None:
        """One event, in any order."""
        match event:
            case MappingSet() if position > self._until:
                self.activities.add(event.activity)
            case OutlineSet(outline=CourseOutline() as outline):
                self.nodes |= {outline.course, *(one.node.id for one in placed(outline))}
            case PersonMerged():
                both = self._group.get(event.person, {event.person}) | self._group.get(event.into, {event.into})
                self._group.update(dict.fromkeys(both, both))
            case CompletionOverridden() | GradeOverridden() if name_of(event.course) == self._course:
                self.spoken_of.add(event.person)

    def groups(self) -> list[list[str]]:
        """Identifiers that were ever one person's, directly or by others."""
        distinct = {id(group): group for group in self._group.values()}
        return sorted(sorted(group) for group in distinct.values())
