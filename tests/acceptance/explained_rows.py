"""Whether what explains a row gives that row: every key of node_progress, attempt, gradebook and enrollment."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from projections.course_configuration import CourseSettings
from projections.fact import name_of
from projections.grade_queries import read_attempts, read_node_grades
from projections.key_context import Learner
from projections.key_explanation import KeyTold, StatementTold, explain_key
from projections.key_queries import KeyReader
from projections.roster_queries import LearnerLine, read_clock, read_learner
from projections.rule_explanation import Explanation
from tests.acceptance.course_log import TENANT

_NODES = """SELECT n.course, n.person, n.node, p.ifi, n.state, n.fraction, n.completed_at, n.satisfied_by, n.revoked_at,
    n.statements
FROM node_progress n JOIN person p USING (tenant, person) ORDER BY 1, 2, 3"""

_IN_FORCE = "SELECT id FROM statement s WHERE NOT EXISTS (SELECT FROM statement_void WHERE voided = s.id)"


async def misexplained(
    connection: AsyncConnection, most: int, settings: dict[str, CourseSettings] | None = None
) -> AsyncIterator[str]:
    """In words, each row that its explanation does not give, or whose statements are not in force; of so many keys.

    settings: what is set, by course.
    """
    known_settings = {name_of(course): said for course, said in (settings or {}).items()}
    now = await read_clock(connection, TENANT)
    there = {id for (id,) in await (await connection.execute(_IN_FORCE)).fetchall()}
    rows = await (await connection.execute(_NODES)).fetchall()
    courses = [row for row in rows if row[0] == row[2]]
    for row in {*Random(most).sample(rows, min(most, len(rows))), *courses[: most // 4]}:
        course, person, node, ifi, state, fraction, completed_at, satisfied_by, revoked_at, count = row
        known = KeyReader(connection, TENANT, course, person)
        others = None
        if node == course:
            tries = await known.attempts()
            others = [(one, tries.get(one.node, [])) for one in await known.nodes() if one.node != course]
        told, statements = explain_key(
            Learner(ifi, known_settings.get(course, CourseSettings()), now),
            await known.node(node),
            await known.facts(node),
            await known.completed(),
            others,
        )
        verdict = told.verdict
        found: dict[str, Any] = {
            "state": (verdict.state, state),
            "fraction": (verdict.fraction, fraction),
            "completed_at": (verdict.completed_at, completed_at),
            "satisfied_by": (verdict.satisfied_by, satisfied_by),
            "revoked_at": (verdict.revoked_at, revoked_at),
            "statements": (len(statements), count),
            "completes": (
                [one.statement_id for one in statements if one.completes],
                [*filter(None, [satisfied_by])]
                if not known_settings
                else [one.statement_id for one in statements if one.statement_id == satisfied_by],
            ),
            **await _grade(connection, course, person, node, told),
            **_attempts(told, await read_attempts(connection, TENANT, course, person, [node]), node, statements),
        }
        if others is not None:
            found |= _course_row(told, await read_learner(connection, TENANT, course, person))
        for name, (explained, held) in found.items():
            if explained != held:
                yield f"{ifi} on {node}: {name} {explained!r}, and the row has {held!r}"
        for one in {satisfied_by, *(one.statement_id for one in statements), *_evidence(told.explanation)} - {None}:
            if one not in there:
                yield f"{ifi} on {node}: there is no statement {one}"


async def _grade(
    connection: AsyncConnection, course: UUID, person: UUID, node: UUID, told: KeyTold
) -> dict[str, tuple[Any, Any]]:
    row = (await read_node_grades(connection, TENANT, course, person)).get(node)
    if row is None or told.grade is None:
        return {"grade": (told.grade, row)}
    names = ("score", "attempts", "best_attempt", "counts")
    return {f"grade.{name}": (getattr(told.grade, name), getattr(row, name)) for name in names}


def _attempts(
    told: KeyTold, rows: dict[UUID, list[Any]], node: UUID, statements: list[StatementTold]
) -> dict[str, tuple[Any, Any]]:
    names = ("attempt", "started_at", "submitted_at", "score", "score_suspect", "success", "duration")
    scores = {one.statement_id: (one.attempt, one.score) for one in statements}
    return {
        "attempts": (
            [[getattr(one, name) for name in names] for one in told.attempts],
            [[getattr(one, name) for name in names] for one in rows.get(node, [])],
        ),
        "scored_by": (
            [scores[one.scored_by] for one in told.attempts if one.scored_by is not None],
            [(one.attempt, one.score) for one in told.attempts if one.score is not None],
        ),
        "statements of attempts": (
            [one.statements for one in told.attempts],
            [sum(one.attempt == tried.attempt for one in statements) for tried in told.attempts],
        ),
        "taken": (
            [one.attempt for one in told.attempts if one.taken],
            [one for one in [told.grade.best_attempt if told.grade else None] if one is not None],
        ),
    }


def _course_row(told: KeyTold, line: LearnerLine) -> dict[str, tuple[Any, Any]]:
    row = told.course_row
    assert row is not None
    names = ("progress", "completed_nodes", "required_nodes", "grade_so_far", "grade_if_nothing_more", "passed")
    return {f"course.{name}": (getattr(row, name), getattr(line, name)) for name in names}


def _evidence(explanation: Explanation) -> set[UUID]:
    return set(explanation.statements).union(*(_evidence(part) for part in explanation.parts))
