"""Reads what has changed in many courses at once: a round trip costs the same for a hundred courses as for one."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from projections.course_view import CourseUpdate, Node, by_urgency
from projections.course_view_queries import Key, lines, one_snapshot, outlines, recents, summaries


class Changed(NamedTuple):
    """Whose rows changed in a course after one position, up to another."""

    course: Key
    persons: Collection[UUID]
    after: int
    position: int


async def read_updates(connection: AsyncConnection, changed: Sequence[Changed]) -> list[CourseUpdate]:
    """What each of these changes comes to, without the outline. What is read may be newer than they, never older."""
    courses = [one.course for one in changed]
    async with one_snapshot(connection):
        rosters = await lines(connection, [(one.course, person) for one in changed for person in one.persons])
        sums = await summaries(connection, courses)
        last = await recents(connection, courses)
    updates = []
    for one, summary, recent in zip(changed, sums, last, strict=True):
        roster = by_urgency(rosters.get(one.course, []))
        removed = sorted(set(one.persons) - {line.person for line in roster})
        updates.append(CourseUpdate(one.after, one.position, summary, roster, removed, recent))
    return updates


async def read_outlines(connection: AsyncConnection, courses: Sequence[Key]) -> list[list[Node]]:
    """The outline of each of these courses as it is now: it takes a look at every row of their learners."""
    async with one_snapshot(connection):
        return await outlines(connection, courses)
