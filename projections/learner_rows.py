"""Writes what learners have done: the rows of each touched key, computed again from all live facts of that key."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from projections import attempt, enrollment, gradebook, node_progress, risk_state
from projections.enrollment import Enrollment, Standing
from projections.fact import Fact
from projections.fact_rows import Key
from projections.outline_rows import Outline
from projections.read_model_tables import ATTEMPT, ENROLLMENT, GRADEBOOK, NODE_PROGRESS, PERSON, RISK_STATE
from projections.sql import QUERIES

_NO_TENANT = 1  # facts are read with their tenant in front

Pair = tuple[UUID, UUID]
"""Course, person."""


async def write_nodes(
    connection: AsyncConnection, tenant: int, keys: Iterable[Key], outlines: dict[UUID, Outline]
) -> None:
    """node_progress, attempt and gradebook of these keys."""
    wanted = sorted(keys)
    facts: dict[Key, list[Fact]] = defaultdict(list)
    cursor = await connection.execute(QUERIES.facts_of_keys.sql, _columns(tenant, wanted, "node"))
    for row in await cursor.fetchall():
        fact = Fact._make(row[_NO_TENANT:])
        assert fact.course is not None
        assert fact.person is not None
        assert fact.activity is not None
        facts[fact.course, fact.person, fact.activity].append(fact)
    progress: list[tuple[Any, ...]] = []
    attempts: list[tuple[Any, ...]] = []
    grades: list[tuple[Any, ...]] = []
    for key, found in facts.items():
        course, _, node = key
        ordered = node_progress.in_order(found)
        place = outlines[course][node]
        is_course = node == course
        progress.append((*key, *node_progress.fold(ordered, place.rule, course_node=is_course)))
        tries = attempt.fold(ordered)
        attempts += [(*key, *one) for one in tries]
        grade = gradebook.fold(tries, course_node=is_course, required=place.required)
        if grade is not None:
            grades.append((*key, *grade))
    await _drop_old_attempts(connection, tenant, wanted, attempts)
    graded = {row[:3] for row in grades}
    await NODE_PROGRESS.delete(connection, tenant, [key for key in wanted if key not in facts])
    await GRADEBOOK.delete(connection, tenant, [key for key in wanted if key not in graded])
    await NODE_PROGRESS.upsert(connection, tenant, progress)
    await ATTEMPT.upsert(connection, tenant, attempts)
    await GRADEBOOK.upsert(connection, tenant, grades)


async def _drop_old_attempts(
    connection: AsyncConnection, tenant: int, keys: Sequence[Key], attempts: Iterable[tuple[Any, ...]]
) -> None:
    cursor = await connection.execute(QUERIES.attempts_of_keys.sql, _columns(tenant, keys, "node"))
    current = {row[:4] for row in attempts}
    await ATTEMPT.delete(connection, tenant, [row for row in await cursor.fetchall() if row not in current])


async def write_enrollments(
    connection: AsyncConnection, tenant: int, pairs: Iterable[Pair], now: datetime | None
) -> None:
    """enrollment and risk_state of these learners in these courses."""
    wanted = sorted(pairs)
    cursor = await connection.execute(QUERIES.standings.sql, _columns(tenant, wanted))
    rows = {(course, person): enrollment.fold(Standing(*sums)) for course, person, *sums in await cursor.fetchall()}
    await ENROLLMENT.delete(connection, tenant, [pair for pair in wanted if pair not in rows])
    await ENROLLMENT.upsert(connection, tenant, [(*pair, *row) for pair, row in rows.items()])
    await _write_risks(connection, tenant, wanted, rows, now)


async def write_resized(
    connection: AsyncConnection, tenant: int, resized: dict[UUID, int], now: datetime | None
) -> set[Pair]:
    """risk_state of the learners who may have completed all of a course whose size has changed; answers which."""
    asked = {"tenant": tenant, "courses": list(resized), "at_least": list(resized.values())}
    cursor = await connection.execute(QUERIES.enrollments_done.sql, asked)
    return await _write_risks_of(connection, tenant, await cursor.fetchall(), now)


async def write_aged(connection: AsyncConnection, tenant: int, before: datetime, now: datetime) -> set[Pair]:
    """risk_state of the enrolments whose risk the passing of time may change; answers which."""
    cursor = await connection.execute(
        QUERIES.enrollments_that_age.sql, {"tenant": tenant, "before": before, "now": now}
    )
    return await _write_risks_of(connection, tenant, await cursor.fetchall(), now)


async def _write_risks_of(
    connection: AsyncConnection, tenant: int, pairs: Iterable[Pair], now: datetime | None
) -> set[Pair]:
    wanted = sorted(pairs)
    if not wanted:
        return set()
    cursor = await connection.execute(QUERIES.enrollments_of_keys.sql, _columns(tenant, wanted))
    rows = {(course, person): Enrollment(*row) for course, person, *row in await cursor.fetchall()}
    await _write_risks(connection, tenant, wanted, rows, now)
    return set(wanted)


async def _write_risks(
    connection: AsyncConnection,
    tenant: int,
    pairs: Sequence[Pair],
    rows: dict[Pair, Enrollment],
    now: datetime | None,
) -> None:
    asked = {"tenant": tenant, "courses": sorted({course for course, _ in rows})}
    sizes: dict[UUID, int] = dict(await (await connection.execute(QUERIES.required_nodes.sql, asked)).fetchall())
    folded = {pair: risk_state.fold(row, now, sizes.get(pair[0], 0)) for pair, row in rows.items()}
    risks = {pair: risk for pair, risk in folded.items() if risk is not None}
    gone = [(*pair, risk_state.INACTIVE) for pair in pairs if pair not in risks]
    await RISK_STATE.delete(connection, tenant, gone)
    await RISK_STATE.upsert(connection, tenant, [(*pair, *risk) for pair, risk in risks.items()])


async def write_names(connection: AsyncConnection, tenant: int, persons: Iterable[UUID]) -> set[UUID]:
    """person of these learners; one without any live fact goes. Answers whose row changed."""
    wanted = sorted(persons)
    cursor = await connection.execute(QUERIES.names_of_persons.sql, {"tenant": tenant, "persons": wanted})
    rows = await cursor.fetchall()
    seen = {row[0] for row in rows}
    await PERSON.delete(connection, tenant, [(person,) for person in wanted if person not in seen])
    return {row[0] for row in await PERSON.upsert(connection, tenant, rows)}


def _columns(tenant: int, keys: Sequence[tuple[UUID, ...]], *more: str) -> dict[str, Any]:
    names = ("courses", "persons", *(name + "s" for name in more))
    columns = zip(*keys, strict=True) if keys else ((),) * len(names)
    return {"tenant": tenant, **{name: list(column) for name, column in zip(names, columns, strict=True)}}
