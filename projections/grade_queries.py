"""The gradebook of a course: of each learner the course row and the nodes' grades, a page of learners at a time.

docs/read-models.md, section 8.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from msgspec import Struct
from psycopg import AsyncConnection

from projections.keyset_queries import Place, Wanted
from projections.roster_queries import LearnerLine, read_learners

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("grade_queries.sql"), "psycopg", mandatory_parameters=False)


class NodeGrade(Struct, frozen=True):
    """The grade of one learner for one node."""

    node: UUID
    iri: str
    policy: str
    score: float | None
    attempts: int
    best_attempt: str | None
    counts: bool


class Grades(Struct, frozen=True):
    """The gradebook's line of one learner: the course row, and the nodes with an attempt, in the order of their ids."""

    person: UUID
    name: str
    ifi: str
    grade_so_far: float | None
    grade_if_nothing_more: float | None
    passed: bool | None
    nodes: list[NodeGrade]


class AttemptLine(Struct, frozen=True):
    """One try of one learner at one node. duration: milliseconds."""

    attempt: str
    started_at: datetime
    submitted_at: datetime
    raw: float | None
    min: float | None
    max: float | None
    scaled: float | None
    score: float | None
    score_suspect: bool
    success: bool | None
    duration: int


async def read_grades(
    connection: AsyncConnection,
    tenant: int,
    course: UUID,
    filters: Mapping[str, Any],
    wanted: Wanted,
    node: UUID | None = None,
) -> tuple[list[Grades], Place | None]:
    """A page of the gradebook, and where the next begins: filters and orders of the roster; node: only this one."""
    learners, place = await read_learners(connection, tenant, course, filters, wanted)
    found = await _of(connection, tenant, course, [one.person for one in learners], node)
    return [_line(one, found[one.person]) for one in learners], place


async def read_node_grades(
    connection: AsyncConnection, tenant: int, course: UUID, person: UUID
) -> dict[UUID, NodeGrade]:
    """One learner's grades by node."""
    found = await _of(connection, tenant, course, [person], None)
    return {one.node: one for one in found[person]}


async def read_attempts(
    connection: AsyncConnection, tenant: int, course: UUID, person: UUID, nodes: Collection[UUID]
) -> dict[UUID, list[AttemptLine]]:
    """One learner's attempts by node, each node's by (started_at, key)."""
    asked = {"tenant": tenant, "course": course, "person": person, "nodes": list(nodes)}
    found: dict[UUID, list[AttemptLine]] = defaultdict(list)
    for node, *row in await (await connection.execute(QUERIES.attempts.sql, asked)).fetchall():
        found[node].append(AttemptLine(*row))
    return found


async def _of(
    connection: AsyncConnection, tenant: int, course: UUID, persons: Collection[UUID], node: UUID | None
) -> dict[UUID, list[NodeGrade]]:
    asked = {"tenant": tenant, "course": course, "persons": list(persons), "node": node}
    found: dict[UUID, list[NodeGrade]] = defaultdict(list)
    for person, *row in await (await connection.execute(QUERIES.grades.sql, asked)).fetchall():
        found[person].append(NodeGrade(*row))
    return found


def _line(one: LearnerLine, nodes: list[NodeGrade]) -> Grades:
    return Grades(one.person, one.name, one.ifi, one.grade_so_far, one.grade_if_nothing_more, one.passed, nodes)
