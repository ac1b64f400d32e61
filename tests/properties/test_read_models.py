"""Laws of the read models: any order of arrival, duplication, split into batches and voiding gives what the naive
computation gives; and a rebuild gives what was there live, byte for byte."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projections import apply, learner_rows, moved_rows
from projections.vocabulary import VOIDED
from tests.acceptance.course_log import CourseLog
from tests.acceptance.read_back import facts, read_models
from tests.properties.configurations import events, moments
from tests.properties.learning import BEGIN, COURSE_TYPE, ITEM_TYPE, MODULE_TYPE, VIDEO_TYPE, logs
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

COURSE = "http://course.example/a"
Setting = tuple[int, datetime, tuple[str, dict[str, Any]]]
ONE_BY_ONE: dict[str, Any] = {"batches": [1], "steps": [1], "again": [], "ticks": []}


def answered(result: dict[str, Any], **around: list[dict[str, Any]]) -> dict[str, Any]:
    """One learner at one question."""
    return {
        "id": "00000000-0000-0000-0000-000000000001",
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/scored"},
        "object": {"id": "http://course.example/item", "definition": {"type": ITEM_TYPE}},
        "result": result,
        "context": {"contextActivities": around},
        "timestamp": BEGIN.isoformat(),
    }


def viewed(number: int, course: str | None = None) -> dict[str, Any]:
    """One learner looks at a page, by one registration."""
    around = {} if course is None else {"contextActivities": {"parent": [typed(course, COURSE_TYPE)]}}
    return {
        "id": str(UUID(int=number)),
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "http://course.example/page"},
        "context": {"registration": str(UUID(int=71))} | around,
        "timestamp": BEGIN.isoformat(),
    }


def voids(number: int, target: int) -> dict[str, Any]:
    """Somebody voids a statement."""
    return {
        "id": str(UUID(int=number)),
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": VOIDED},
        "object": {"objectType": "StatementRef", "id": str(UUID(int=target))},
    }


def typed(iri: str, type_: str) -> dict[str, Any]:
    """An activity."""
    return {"id": iri, "definition": {"type": type_}}


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
@example(statements=[answered({"score": {"raw": 4}}, parent=[typed(COURSE, COURSE_TYPE)])], **ONE_BY_ONE)
@example(
    statements=[
        answered(
            {},
            parent=[typed("http://course.example/module", MODULE_TYPE)],
            grouping=[typed(COURSE, VIDEO_TYPE), typed(COURSE, COURSE_TYPE)],
        )
    ],
    **ONE_BY_ONE,
)
@example(  # what only its registration places has the same place when it was voided before that, at once, and later
    statements=[viewed(1, COURSE), viewed(2), voids(3, 2), voids(4, 5), viewed(5)], **ONE_BY_ONE
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    statements=logs(),
    batches=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    steps=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    again=st.lists(st.integers(0, 30), max_size=4),
    ticks=st.lists(st.integers(0, 40), max_size=2),
)
def test_any_delivery_gives_the_naive_state(
    database_server: PostgresServer,
    statements: list[dict[str, Any]],
    batches: list[int],
    steps: list[int],
    again: list[int],
    ticks: list[int],
) -> None:
    with migrated_database(database_server) as url:
        asyncio.run(_deliver(url, statements, batches, steps, again, ticks, []))


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    statements=logs(),
    batches=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    steps=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    ticks=st.lists(st.integers(0, 40), max_size=2),
    said=st.lists(st.tuples(st.integers(0, 6), moments, events()), min_size=1, max_size=8),
)
def test_any_delivery_gives_the_naive_state_whatever_is_set_when(
    database_server: PostgresServer,
    statements: list[dict[str, Any]],
    batches: list[int],
    steps: list[int],
    ticks: list[int],
    said: list[Setting],
) -> None:
    with migrated_database(database_server) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(moved_rows, "READ_AT_ONCE", 3)
        patch.setattr(moved_rows, "MOVED_AT_ONCE", 2)
        patch.setattr(learner_rows, "MOST_FACTS", 3)
        patch.setattr(apply, "AT_ONCE", 4)
        asyncio.run(_deliver(url, statements, batches, steps, [], ticks, said))


async def _deliver(
    url: str,
    statements: list[dict[str, Any]],
    batches: list[int],
    steps: list[int],
    again: list[int],
    ticks: list[int],
    said: list[Setting],
) -> None:
    """said: after how many batches, as of which instant, and what is set; what is left comes at the end."""
    async with CourseLog.open(url) as log:
        at, turn = 0, 0
        for days in ticks[:1]:
            await log.tick(BEGIN + timedelta(days=days))
        while at < len(statements):
            size = batches[turn % len(batches)]
            await log.append(statements[at : at + size])
            if turn in again:
                await log.append(statements[at : at + size])
            if turn % 2 == 0:
                await log.project(steps)
            at += size
            for after, recorded, event in said:
                if after == turn:
                    log.configure(recorded, *event)
                    log.start_anew()
            turn += 1
        for after, recorded, event in said:
            if after >= turn:
                log.configure(recorded, *event)
        for days in ticks[1:]:
            await log.tick(BEGIN + timedelta(days=days))
        await log.project(steps)
        assert log.differences() == []
        live = read_models(url), facts(url)
        await log.forget_read_models()
        await log.project()
        assert (read_models(url), facts(url)) == live
