"""What would change: two states of one course, each in a schema of its own, compared learner by learner.

The rule of this file: what is compared is what a learner would notice: how far they are with a node, what they have
completed and when, what it is worth, and how they stand in the course. By which statement makes no difference.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from msgspec import Struct
from psycopg import AsyncConnection, sql

from projections.course_view import last_part, short_identifier

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("what_if_queries.sql"), "psycopg", mandatory_parameters=False)


class NodeState(Struct, frozen=True):
    """How far a learner is with a node."""

    state: str
    completed_at: datetime | None
    late: bool
    expires_at: datetime | None
    score: float | None


class CourseState(Struct, frozen=True):
    """How a learner stands in the course."""

    status: str
    progress: float
    completed_at: datetime | None
    grade_so_far: float | None
    grade_if_nothing_more: float | None
    passed: bool | None


class ChangedNode(Struct, frozen=True):
    """One node of a learner; null where there is no row of it."""

    node: UUID
    iri: str
    title: str
    before: NodeState | None
    after: NodeState | None


class ChangedLearner(Struct, frozen=True):
    """A learner for whom something would change: how they stand in the course, and the nodes that change."""

    person: UUID
    name: str
    ifi: str
    before: CourseState | None
    after: CourseState | None
    nodes: list[ChangedNode]


async def changed_learners(
    connection: AsyncConnection,
    tenant: int,
    course: UUID,
    schemas: tuple[str, str],
    *,
    behind: UUID | None,
    limit: int,
) -> tuple[int, list[ChangedLearner], UUID | None]:
    """How many learners stand otherwise in the second schema, some of them by id, and behind whom the next page begins.

    All of it in one snapshot of the connection's transaction.
    """
    before, after = (sql.Identifier(one) for one in schemas)
    scope = {"tenant": tenant, "course": course}
    query = sql.SQL(QUERIES.changed_learners.sql).format(before=before, after=after)
    row = await (await connection.execute(query, {**scope, "behind": behind, "limit": limit + 1})).fetchone()
    assert row is not None
    count, persons = row
    page: list[UUID] = persons[:limit]
    values = {**scope, "persons": page}
    whom: dict[UUID, tuple[str, str]] = {}
    courses = [await _courses(connection, one, values, whom) for one in (before, after)]
    where: dict[UUID, tuple[str, str]] = {}
    nodes = [await _nodes(connection, one, values, where) for one in (before, after)]
    learners = [
        ChangedLearner(
            person,
            *whom[person],
            courses[0].get(person),
            courses[1].get(person),
            [
                ChangedNode(node, *where[node], *states)
                for node in sorted(where, key=lambda node: where[node])
                if (states := (nodes[0].get((person, node)), nodes[1].get((person, node))))[0] != states[1]
            ],
        )
        for person in page
    ]
    return count, learners, page[-1] if len(persons) > limit else None


async def _courses(
    connection: AsyncConnection, schema: sql.Identifier, values: dict[str, Any], whom: dict[UUID, tuple[str, str]]
) -> dict[UUID, CourseState]:
    query = sql.SQL(QUERIES.standings.sql).format(one=schema)
    found: dict[UUID, CourseState] = {}
    for person, name, ifi, status, progress, completed, so_far, at_least, passed in await (
        await connection.execute(query, values)
    ).fetchall():
        whom[person] = name or short_identifier(ifi), ifi
        shares = _share(so_far), _share(at_least)
        found[person] = CourseState(status, round(progress, 6), _utc(completed), *shares, passed)
    return found


async def _nodes(
    connection: AsyncConnection, schema: sql.Identifier, values: dict[str, Any], where: dict[UUID, tuple[str, str]]
) -> dict[tuple[UUID, UUID], NodeState]:
    query = sql.SQL(QUERIES.nodes.sql).format(one=schema)
    found: dict[tuple[UUID, UUID], NodeState] = {}
    for person, node, iri, title, state, completed, late, expires, score in await (
        await connection.execute(query, values)
    ).fetchall():
        where[node] = iri, title or last_part(iri)
        found[person, node] = NodeState(state, _utc(completed), late, _utc(expires), score)
    return found


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
