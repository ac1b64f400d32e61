"""Whoever goes on with some of his shards writes nothing by what he remembers of those that were given to others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from schemas.log_event import StatementEvent
from streams.log_message import key_of, shard_of
from tests.acceptance.course_log import TENANT, CourseLog
from tests.integration.worker_log import COURSE_TYPE
from tests.properties.shard_workers import ShardWorkers, written
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

COURSE = "https://x.example/course"
LESSON, PAGE, CHECK = (f"{COURSE}/{name}" for name in ("lesson", "page", "check"))
LESSON_TYPE = "http://adlnet.gov/expapi/activities/lesson"
PAGE_TYPE = "http://activitystrea.ms/schema/1.0/page"
VIEWED, COMPLETED = "http://id.tincanapi.com/verb/viewed", "http://adlnet.gov/expapi/verbs/completed"
MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
IS_VIEWED = {"when": {"rule": "viewed"}}


@pytest.fixture
def url(embedded_server: PostgresServer) -> Iterator[str]:
    """A migrated database."""
    with migrated_database(embedded_server) as url:
        yield url


def statement(number: int, learner: str, verb: str, node: str, type_: str = LESSON_TYPE) -> dict[str, Any]:
    """The one with this number, so many minutes after the first, of a node of the course."""
    return {
        "id": str(UUID(int=number)),
        "actor": {"mbox": f"mailto:{learner}@x.example"},
        "verb": {"id": verb},
        "object": {"id": node, "definition": {"type": type_}},
        "timestamp": (MORNING + timedelta(minutes=number)).isoformat(),
        "context": {"contextActivities": {"grouping": [{"id": COURSE, "definition": {"type": COURSE_TYPE}}]}},
    }


def learner_of(shard: int) -> str:
    """Somebody in this one of two shards."""
    return next(name for name in "hijklmnop" if shard_of(_key(statement(1, name, VIEWED, PAGE)), 2) == shard)


def _key(one: dict[str, Any]) -> bytes:
    text = msgspec.json.encode(one).decode()
    return key_of(StatementEvent(1, TENANT, UUID(one["id"]), MORNING, MORNING, text, None, None))


@pytest.mark.parametrize("what", ["an outline changes", "a rule is set", "a completion expires"])
async def test_who_was_given_away_is_not_remembered(url: str, what: str) -> None:
    stays, goes = learner_of(0), learner_of(1)
    async with CourseLog.open(url) as log, ShardWorkers.open(url, 2, 2) as workers:
        first, second = workers.workers
        log.configure(MORNING, "rule.set", {"course": COURSE, "node": PAGE, "rule": IS_VIEWED | {"valid_for": "P3D"}})
        await log.append([statement(n, stays, VIEWED, node) for n, node in enumerate((LESSON, PAGE, CHECK), 1)])
        assert await first.step({0, 1}, 100)
        await log.append([statement(n, goes, VIEWED, node) for n, node in enumerate((LESSON, PAGE), 4)])
        assert await first.step({0, 1}, 100)
        await log.append([statement(6, goes, VIEWED, LESSON), statement(7, goes, COMPLETED, CHECK)])
        assert await second.step({1}, 100)
        match what:
            case "an outline changes":
                await log.append([statement(8, stays, VIEWED, LESSON, PAGE_TYPE)])
            case "a rule is set":
                log.configure(MORNING, "rule.set", {"course": COURSE, "node": LESSON, "rule": IS_VIEWED})
            case _:
                await log.tick(MORNING + timedelta(days=5))
        assert await first.step({0}, 100)
        await workers.finish()
        assert log.differences() == []
        assert await workers.join() is not None
        by_workers = written(url)
        await log.forget_read_models()
        await log.project()
        assert written(url) == by_workers
