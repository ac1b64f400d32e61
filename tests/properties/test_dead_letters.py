"""Laws of dead letters: whatever cannot be digested, and whatever is decided of it when, the read models are those of
the log without the letters; tried again once the fault is gone, they are those of the whole log. A rebuild parks the
same.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projections.vocabulary import VOIDED
from schemas.dead_letter import LETTER_DISCARDED, LETTER_RETRIED
from tests.acceptance.course_log import CourseLog
from tests.acceptance.poison import Fault, poisoned
from tests.acceptance.read_back import read_models
from tests.properties.learning import ACTORS, BEGIN, COURSE_TYPE, logs
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

Decided = tuple[int, int, str]
"""After how many batches, of which statement (counted round), and what."""
TWO_STEPS: dict[str, Any] = {"batches": [3, 1], "steps": [2, 5]}
COURSE = "http://course.example/a"
WITHOUT_CAUSE = """SELECT count(*) FROM dead_letter w WHERE state = 'waiting' AND NOT EXISTS
    (SELECT FROM dead_letter p WHERE p.key = w.key AND p.state = 'parked' AND p.position < w.position)"""
BEHIND_A_LETTER = """SELECT count(*) FROM fact f
    JOIN dead_letter p ON p.key = f.person AND p.state = 'parked' AND p.position < f.position"""


def viewed(number: int) -> dict[str, Any]:
    """Ann looks at a page."""
    return {
        "id": str(UUID(int=number)),
        "actor": ACTORS[0],
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": f"http://course.example/page/{number % 2}"},
        "context": {"contextActivities": {"parent": {"id": COURSE, "definition": {"type": COURSE_TYPE}}}},
        "timestamp": BEGIN.isoformat(),
    }


def voids(number: int, target: int) -> dict[str, Any]:
    """Somebody voids a statement."""
    return {
        "id": str(UUID(int=number)),
        "actor": ACTORS[2],
        "verb": {"id": VOIDED},
        "object": {"objectType": "StatementRef", "id": str(UUID(int=target))},
    }


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
@example(statements=[viewed(1), viewed(2), viewed(3), voids(4, 2)], faults={1: "fold"}, decided=[], **TWO_STEPS)
@example(  # what waits and what voids it, twice, are applied at once
    statements=[viewed(1), viewed(2), viewed(3), voids(4, 3), voids(5, 3)],
    faults={1: "fold"},
    decided=[],
    batches=[5],
    steps=[8],
)
@example(
    statements=[viewed(1), viewed(2), voids(3, 2), voids(4, 2)],
    faults={1: "fold"},
    decided=[],
    batches=[1, 3],
    steps=[8],
)
@example(
    statements=[viewed(1), viewed(2), viewed(3), voids(4, 1), viewed(5)],
    faults={1: "write", 2: "fold"},
    decided=[(0, 0, LETTER_DISCARDED), (1, 0, LETTER_RETRIED), (4, 1, LETTER_DISCARDED)],
    **TWO_STEPS,
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    statements=logs(),
    batches=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    steps=st.lists(st.integers(1, 8), min_size=1, max_size=3),
    faults=st.dictionaries(st.integers(1, 12), st.sampled_from(["fold", "write"]), min_size=1, max_size=4),
    decided=st.just([])
    | st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 24), st.sampled_from([LETTER_RETRIED, LETTER_DISCARDED])),
        max_size=5,
    ),
)
def test_whatever_is_parked_and_decided_of(
    database_server: PostgresServer,
    statements: list[dict[str, Any]],
    batches: list[int],
    steps: list[int],
    faults: dict[int, Fault],
    decided: list[Decided],
) -> None:
    planted = {UUID(int=number): fault for number, fault in faults.items()}
    with migrated_database(database_server) as url, poisoned(planted):
        asyncio.run(_deliver(url, statements, batches, steps, planted, decided))


async def _deliver(
    url: str,
    statements: list[dict[str, Any]],
    batches: list[int],
    steps: list[int],
    planted: dict[UUID, Fault],
    decided: list[Decided],
) -> None:
    async with CourseLog.open(url) as log:
        at, turn = 0, 0
        while at < len(statements):
            size = batches[turn % len(batches)]
            await log.append(statements[at : at + size])
            at += size
            if turn % 2 == 0:
                await log.project(steps)
            decide(log, statements[:at], [one for one in decided if one[0] == turn])
            turn += 1
        decide(log, statements, [one for one in decided if one[0] >= turn])
        await log.project(steps)
        assert log.differences(but_for=log.letters()) == []
        assert _count(log, WITHOUT_CAUSE) == 0
        if not decided:
            told = [UUID(one["id"]) for one in statements if one["verb"]["id"] != VOIDED]
            assert planted.keys() & told <= _ids(log)
            assert _count(log, BEHIND_A_LETTER) == 0

        live, letters = read_models(url), _rows(url)
        await log.forget_read_models()
        await log.project()
        assert read_models(url) == live
        assert _rows(url) == letters

        planted.clear()
        _retry(log, "parked")
        await log.project(steps)
        assert _states(url) <= {"discarded"}
        assert log.differences(but_for=log.letters()) == []
        live, left = read_models(url), log.letters().keys()
        await log.forget_read_models()
        await log.project(steps)
        assert read_models(url) == live
        assert log.letters().keys() == left

        _retry(log, "discarded")
        await log.project(steps)
        assert log.differences() == []


def decide(log: CourseLog, statements: list[dict[str, Any]], decided: Iterable[Decided]) -> None:
    """Record what is decided."""
    with psycopg.connect(log.url) as connection:
        positions: dict[UUID, int] = dict(connection.execute("SELECT id, position FROM statement").fetchall())
    for _, number, kind in decided:
        one = statements[number % len(statements)]
        if one["verb"]["id"] != VOIDED or kind == LETTER_RETRIED:
            log.configure(BEGIN, kind, {"position": positions[UUID(one["id"])]})


def _retry(log: CourseLog, state: str) -> None:
    asked = "SELECT position FROM dead_letter WHERE state = %s ORDER BY position DESC"
    with psycopg.connect(log.url) as connection:
        positions = connection.execute(asked, [state]).fetchall()
    for (position,) in positions:
        log.configure(BEGIN, LETTER_RETRIED, {"position": position})


def _rows(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT d::text FROM dead_letter d ORDER BY position").fetchall()


def _states(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {state for (state,) in connection.execute("SELECT state FROM dead_letter")}


def _count(log: CourseLog, query: LiteralString) -> int:
    with psycopg.connect(log.url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _ids(log: CourseLog) -> set[UUID]:
    with psycopg.connect(log.url) as connection:
        return {one for (one,) in connection.execute("SELECT statement FROM dead_letter")}
