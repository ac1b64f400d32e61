"""The demo run against an endpoint of our own: what it counts, measures and says."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from lrs.simulation import demo
from lrs.simulation.cohort import simulate
from lrs.simulation.course import COURSE_IRI
from lrs.simulation.delivery import deliveries, hold_back
from lrs.simulation.demo import MEASURED_RATE, DemoReport, run_demo
from lrs.simulation.latency import percentiles
from lrs.simulation.learner import Learner
from lrs.simulation.today import Today
from tests.integration.fake_endpoint import COURSE_ID, Answer, FakeEndpoint, Request

NOW = datetime(2025, 5, 20, 13, 37, 11, tzinfo=UTC)
LEARNERS = 8
PAST, NEWEST = hold_back(simulate(3, LEARNERS, 35, NOW))


def played(endpoint: FakeEndpoint, **options: Any) -> tuple[DemoReport, list[str]]:
    said: list[str] = []

    async def run() -> DemoReport:
        async with endpoint.listening(endpoint.port):
            return await run_demo(
                endpoint.url, "key", "secret", seed=3, learners=LEARNERS, now=NOW, echo=said.append, **options
            )

    return asyncio.run(run()), said


def test_it_posts_the_cohort_waits_for_the_read_models_and_says_one_line_of_json() -> None:
    endpoint = FakeEndpoint(says_stored=False)
    begin = time.monotonic()
    _, said = played(endpoint, live=False, as_json=True)
    assert time.monotonic() - begin > 0.9 * len(NEWEST) / MEASURED_RATE
    assert len(said) == 1
    assert "\n" not in said[0]
    line = json.loads(said[0])
    repeated = sum(len(d.statements) for d in deliveries(PAST, 3) if d.again)
    assert line["accepted"] == len(PAST) + len(NEWEST) == len(set(endpoint.ids()))
    assert line["duplicates"] == repeated > 0
    assert line["statements_posted"] == line["accepted"] + repeated
    assert (line["conflicts"], line["refused"]) == (0, 0)
    assert line["read_models"]["person"] >= LEARNERS
    assert line["statements_per_second"] > 0
    assert line["measured"] == len(NEWEST)
    for measure in ("commit_to_visible_ms", "commit_to_push_ms"):
        assert 0 <= line[measure]["p50"] <= line[measure]["p95"] < 5000
    assert (line["course"], line["page"]) == (COURSE_IRI, endpoint.url.replace("/xapi", f"/courses/{COURSE_ID}"))
    assert {request.method for request in endpoint.requests} == {"POST", "PUT"}
    assert {request.headers["x-experience-api-version"] for request in endpoint.requests} == {"1.0.3"}


def test_a_second_run_on_the_same_day_posts_nothing_new() -> None:
    endpoint = FakeEndpoint()
    first, _ = played(endpoint, live=False)
    second, said = played(endpoint, live=False)
    assert (second.accepted, second.conflicts, second.refused) == (0, 0, 0)
    assert second.duplicates == second.statements_posted == first.statements_posted
    assert percentiles(second.visible_ms) == {"p50": None, "p95": None}
    assert f"{second.duplicates} known already" in said[0]


def test_refusals_and_conflicts_are_counted_by_statement_and_the_rest_of_a_batch_is_stored() -> None:
    bad, other = PAST[5].statement, PAST[40].statement
    endpoint = FakeEndpoint(
        refuse=lambda one: "is bad" if one["id"] == bad["id"] else None, log=[{**other, "result": {"success": True}}]
    )
    report, said = played(endpoint, live=False)
    again = sum(d.again and any(t.statement in (bad, other) for t in d.statements) for d in deliveries(PAST, 3))
    assert report.refused + report.conflicts == 2 + again
    assert min(report.refused, report.conflicts) >= 1
    assert report.accepted == len(PAST) + len(NEWEST) - 2
    assert "is bad" in said[-1]


def test_a_busy_server_and_lost_connections_lose_nothing() -> None:
    count = 0

    def before(_: Request) -> Answer | str | None:
        nonlocal count
        count += 1
        if count % 13 == 5:
            return Answer(503, {"title": "busy"}, {"Retry-After": "0"})
        return {3: "hang up", 9: "store and hang up"}.get(count % 20)

    endpoint = FakeEndpoint(before=before)
    report, _ = played(endpoint, live=False)
    assert sorted(endpoint.ids()) == sorted(timed.statement["id"] for timed in PAST + NEWEST)
    assert (report.conflicts, report.refused) == (0, 0)


def test_with_a_page_open_it_shows_the_address_first_and_goes_on_until_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def since_a_minute(learners: Sequence[Learner], begin: datetime, random: Random) -> Today:
        return Today(learners, begin - timedelta(minutes=1), random)

    monkeypatch.setattr(demo, "Today", since_a_minute)
    endpoint = FakeEndpoint()
    played(endpoint, live=False)
    before = len(endpoint.log)

    async def run() -> tuple[DemoReport, list[str]]:
        stop, said = asyncio.Event(), list[str]()
        async with endpoint.listening(endpoint.port), asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(
                run_demo(endpoint.url, "key", "secret", seed=3, learners=LEARNERS, now=NOW, stop=stop, echo=said.append)
            )
            async with asyncio.timeout(60):
                await endpoint.holds(before + 2)
            stop.set()
            async with asyncio.timeout(5):
                return await playing, said

    report, said = asyncio.run(run())
    assert said[0].startswith(f"The course page: {report.page}")
    assert "statements posted" in said[1]
    fresh = endpoint.log[before:]
    assert all(datetime.fromisoformat(one["timestamp"]) > NOW for one in fresh)


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentiles([float(n) for n in range(100, 0, -1)]) == {"p50": 50.0, "p95": 95.0}
    assert percentiles([7.123]) == {"p50": 7.12, "p95": 7.12}
