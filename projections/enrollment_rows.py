"""Writes how learners stand in their courses: enrollment and risk_state.

A learner's sums are kept in memory and moved on while nodes only gain facts; whoever lost one, or is in a course whose
nodes mean something else now, is summed up again from all rows. Both give the same, to the last digit: the sums are
exact.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from psycopg import AsyncConnection

from projections import enrollment, risk_state
from projections.enrollment import Enrollment, Standing
from projections.fact_rows import Key
from projections.grade_evaluation import CourseGrade, grade_course
from projections.learner_rows import Gain
from projections.memory import Line, Memory, Pair
from projections.names import Name
from projections.outline_rows import required_nodes
from projections.packed_rows import array, columns, run
from projections.read_model_tables import ENROLLMENT, RISK_STATE
from projections.risk_state import Risk
from projections.sql import QUERIES

Row = TypeVar("Row", Standing, Enrollment)

_PAIR = {"courses": "uuid", "persons": "uuid"}


async def write_enrollments(
    connection: AsyncConnection, tenant: int, gains: Mapping[Key, Gain], anew: set[Pair], memory: Memory
) -> set[Pair]:
    """enrollment and risk_state of whoever these belong to, whom it answers; `anew`: who is summed up again."""
    nodes: dict[Pair, list[Name]] = defaultdict(list)
    for course, person, node in gains:
        nodes[course, person].append(node)
    cold = sorted(anew.union(pair for pair in nodes if pair not in memory.lines))
    sums = await _summed_up(connection, tenant, cold) if cold else {}
    gone = [pair for pair in cold if pair not in sums]
    for pair in nodes.keys() - set(cold):
        course, person = pair
        total = memory.lines[pair].sums
        for node in nodes[pair]:
            total = enrollment.advance(total, *gains[course, person, node], course_node=node == course)
        sums[pair] = total
    grades = await _graded_by_policy(connection, tenant, sums, memory)
    rows = {pair: enrollment.fold(sums[pair], grades.get(pair)) for pair in sorted(sums)}
    changed = [pair + row for pair, row in rows.items() if pair not in memory.lines or memory.lines[pair].row != row]
    await ENROLLMENT.delete(connection, tenant, gone)
    await ENROLLMENT.upsert(connection, tenant, changed)
    sizes = {course: required_nodes(memory.outlines[course]) for course in {course for course, _ in rows}}
    risks = await _write_risks(connection, tenant, rows, gone, sizes, memory)
    for pair, row in rows.items():
        memory.lines[pair] = Line(sums[pair], row, risks.get(pair))
    for pair in gone:
        memory.lines.pop(pair, None)
    return anew.union(nodes)


async def _graded_by_policy(
    connection: AsyncConnection, tenant: int, sums: Mapping[Pair, Standing], memory: Memory
) -> dict[Pair, CourseGrade]:
    """The grades in their courses of those learners for whom more is set than their sums tell."""
    pairs = [
        pair for pair in sorted(sums) if (rules := memory.rules.get(pair[0])) and rules.is_graded_by_policy(pair[1])
    ]
    if not pairs:
        return {}
    scores: dict[Pair, dict[Name, float]] = {pair: {} for pair in pairs}
    asked = columns(_PAIR, pairs)
    for course, person, node, score in await run(
        connection, QUERIES.grades_of_learners.sql, {"tenant": tenant, **asked}
    ):
        scores[course, person][node] = score
    grades: dict[Pair, CourseGrade] = {}
    for pair in pairs:
        course, person = pair
        learner = memory.rules[course].learner(person, memory.clock)
        own = scores[pair]
        places = (place for place in memory.outlines[course].values() if place.required)
        grades[pair] = grade_course(
            [
                learner.item(place.iri, own.get(place.node))
                for place in places
                if place.graded or own.get(place.node) is not None
            ],
            learner.policy,
            own_score=sums[pair].own_score,
            verdict=sums[pair].verdict,
            now=learner.now,
        )
    return grades


async def _summed_up(connection: AsyncConnection, tenant: int, pairs: Iterable[Pair]) -> dict[Pair, Standing]:
    asked = columns(_PAIR, pairs)
    found = await run(connection, QUERIES.standings.sql, {"tenant": tenant, **asked})
    return {(course, person): _with_ids(Standing(*sums)) for course, person, *sums in found}


def _with_ids(row: Row) -> Row:
    """Statement ids as the folds have them; they come from the tables as 16 bytes."""
    names = ("last_activity_id", "satisfied_by")
    ids: dict[str, Any] = {name: UUID(bytes=value) for name in names if (value := getattr(row, name)) is not None}
    return row._replace(**ids)


async def write_resized(
    connection: AsyncConnection, tenant: int, resized: dict[Name, int], memory: Memory
) -> set[Pair]:
    """risk_state of the learners who may have completed all of a course whose size has changed; answers which."""
    asked = columns({"courses": "uuid", "at_least": "integer"}, resized.items())
    pairs = await run(connection, QUERIES.enrollments_done.sql, {"tenant": tenant, **asked})
    return await _write_risks_of(connection, tenant, pairs, memory)


async def write_aged(connection: AsyncConnection, tenant: int, before: datetime, memory: Memory) -> set[Pair]:
    """risk_state of the enrolments whose risk the passing of time may change; answers which."""
    asked = {"tenant": tenant, "before": before, "now": memory.clock}
    return await _write_risks_of(
        connection, tenant, await run(connection, QUERIES.enrollments_that_age.sql, asked), memory
    )


async def _write_risks_of(
    connection: AsyncConnection, tenant: int, pairs: Iterable[tuple[Name, ...]], memory: Memory
) -> set[Pair]:
    asked = columns(_PAIR, sorted(pairs))
    found = await run(connection, QUERIES.enrollments_of_keys.sql, {"tenant": tenant, **asked})
    rows = {(course, person): _with_ids(Enrollment(*row)) for course, person, *row in found}
    courses = {"courses": array("uuid", sorted({course for course, _ in rows}))}
    sizes: dict[Name, int] = dict(await run(connection, QUERIES.required_nodes.sql, {"tenant": tenant, **courses}))
    risks = await _write_risks(connection, tenant, rows, (), sizes, memory)
    for pair in rows.keys() & memory.lines.keys():
        memory.lines[pair] = memory.lines[pair]._replace(risk=risks.get(pair))
    return set(rows)


async def _write_risks(
    connection: AsyncConnection,
    tenant: int,
    rows: Mapping[Pair, Enrollment],
    gone: Iterable[Pair],
    sizes: Mapping[Name, int],
    memory: Memory,
) -> dict[Pair, Risk]:
    """Answers the risks there are; what the memory has already is not written again."""
    risks: dict[Pair, Risk] = {}
    over = list(gone)
    new: list[tuple[object, ...]] = []
    for pair, row in rows.items():
        risk = risk_state.fold(row, memory.clock, sizes.get(pair[0], 0))
        line = memory.lines.get(pair)
        if risk is not None:
            risks[pair] = risk
        if line is not None and line.risk == risk:
            continue
        if risk is None:
            over.append(pair)
        else:
            new.append(pair + risk)
    await RISK_STATE.delete(connection, tenant, [(*pair, risk_state.INACTIVE) for pair in over])
    await RISK_STATE.upsert(connection, tenant, new)
    return risks
