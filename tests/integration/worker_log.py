"""A log that workers keep the read models of: some learners in a few courses, what is set, and the end of it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from lrs.database import worker_pool
from streams.bus import Bus
from streams.kafka_topic import Topic
from streams.worker import KafkaWorker

PATIENCE = 120.0
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
VERBS = ("completed", "progressed", "passed", "failed", "launched", "experienced")
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
QUIZ_TYPE = "http://adlnet.gov/expapi/activities/assessment"


def statements(
    count: int, *, seed: int = 1, learners: int = 60, courses: int = 3, settled: bool = False
) -> Iterator[dict[str, Any]]:
    """Of one seed always the same; here and there one voids another one, or comes through a registration. settled: the
    outlines stop changing soon, as they do where whoever sends says of a quiz the same whenever it is done.
    """
    chance = random.Random(seed)
    for number in range(count):
        identity = {"id": str(UUID(int=seed * 10**9 + number))}
        learner = chance.randrange(learners)
        actor = {"mbox": f"mailto:learner-{learner}@x.example", "name": f"Learner {learner}"}
        if number and chance.randrange(50) == 0:
            voided = {"objectType": "StatementRef", "id": str(UUID(int=seed * 10**9 + chance.randrange(number)))}
            yield {
                **identity,
                "actor": actor,
                "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
                "object": voided,
            }
            continue
        course, quiz = f"https://x.example/course/{chance.randrange(courses)}", chance.randrange(12)
        statement: dict[str, Any] = {
            **identity,
            "actor": actor,
            "verb": {"id": f"http://adlnet.gov/expapi/verbs/{chance.choice(VERBS)}"},
            "object": {"id": f"{course}/quiz/{quiz}", "definition": {"type": QUIZ_TYPE}},
            "timestamp": (BEGIN + timedelta(minutes=number + chance.randrange(600))).isoformat(),
            "context": {"registration": str(UUID(int=learner * 100 + int(course.rpartition("/")[2]) + 1))},
        }
        if quiz % 4 if settled else chance.randrange(4):
            named = {"id": course, "definition": {"type": COURSE_TYPE}}
            statement["context"]["contextActivities"] = {"grouping": [named]}
        if chance.randrange(2):
            statement["result"] = {"score": {"scaled": chance.randrange(11) / 10}}
        yield statement


@asynccontextmanager
async def working(url: str, topic: Topic, count: int = 1) -> AsyncIterator[list[asyncio.Task[None]]]:
    """So many workers at work in this process for as long as the context lasts."""
    pools = [worker_pool(url) for _ in range(count)]
    tasks: list[asyncio.Task[None]] = []
    try:
        for pool in pools:
            await pool.open()
            tasks.append(asyncio.create_task(KafkaWorker(pool, topic, Bus()).run()))
        yield tasks
    finally:
        for task in tasks:
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=0.5)
        for pool in pools:
            await pool.close()


async def kept_up(url: str, *tasks: asyncio.Task[Any], patience: float = PATIENCE) -> int:
    """Wait until the read models have come to the end of the log; answers the position. The tasks must not end."""
    async with asyncio.timeout(patience):
        while True:
            for task in tasks:
                if task.done():
                    task.result()
            with psycopg.connect(url) as connection:
                row = connection.execute(
                    "SELECT greatest((SELECT max(position) FROM statement), (SELECT max(position) FROM control_event)),"
                    " (SELECT max(position) FROM projection_checkpoint WHERE projection = 'live' AND shard = 0)"
                ).fetchone()
            assert row is not None
            end, at = row
            if at is not None and end is not None and at >= end:
                return int(at)
            await asyncio.sleep(0.05)
