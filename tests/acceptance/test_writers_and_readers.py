"""Many write of the same people and activities while many read: all is stored once, and nothing is missed."""

import asyncio
import random
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

pytestmark = [pytest.mark.anyio, pytest.mark.one_database("timescaledb")]

WRITERS, BATCHES, SIZE = 64, 4, 15
READERS = 16
BEFORE = 200
HEADERS = {"X-Experience-API-Version": "2.0.0"}
ACTIVITIES = [
    {
        "id": f"http://example.com/lesson/{number}",
        "definition": {"name": {"en": f"Lesson {number}"}, "type": "http://adlnet.gov/expapi/activities/lesson"},
    }
    for number in range(5)
]
LEARNERS = [{"mbox": f"mailto:learner{number}@example.com", "name": f"Learner {number}"} for number in range(10)]
GROUP = {"objectType": "Group", "name": "Everyone", "member": LEARNERS}


def statements(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """What concerns few people and few activities, in any order."""
    return [
        {
            "id": str(UUID(int=chance.getrandbits(128), version=4)),
            "actor": chance.choice([*LEARNERS, GROUP]),
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": chance.choice(ACTIVITIES),
            "context": {
                "team": GROUP,
                "contextActivities": {"parent": chance.sample(ACTIVITIES, 2), "grouping": chance.sample(ACTIVITIES, 2)},
            },
        }
        for _ in range(count)
    ]


async def write(client: httpx.AsyncClient, number: int) -> list[str]:
    """Several batches, one after the other; answers every id that was accepted."""
    chance = random.Random(number)
    accepted: list[str] = []
    for _ in range(BATCHES):
        batch = statements(chance, SIZE)
        answer = await client.post("/xapi/statements", json=batch)
        assert answer.status_code == 200, answer.text
        assert answer.json() == [one["id"] for one in batch]
        accepted += answer.json()
    return accepted


async def read(client: httpx.AsyncClient, number: int) -> list[str]:
    """Follow `more` to the end: the ids in the order of the pages."""
    ascending = number % 2 == 0
    params: dict[str, Any] = {"limit": 7 + number, "ascending": str(ascending).lower()}
    if number % 3 == 0:
        params |= {"activity": ACTIVITIES[number % 5]["id"], "related_activities": "true"}
    answer = await client.get("/xapi/statements", params=params)
    found: list[str] = []
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [one["id"] for one in page["statements"]]
        if not page["more"]:
            return found
        answer = await client.get(page["more"])


async def test_nothing_is_missed_and_nothing_comes_twice(database_server: PostgresServer) -> None:
    limits = httpx.Limits(max_connections=WRITERS + READERS)
    with migrated_database(database_server) as url, serving(url) as server:
        async with httpx.AsyncClient(
            base_url=server.origin, auth=CREDENTIAL, headers=HEADERS, limits=limits, timeout=60
        ) as client:
            early = statements(random.Random("before"), BEFORE)
            answer = await client.post("/xapi/statements", json=early)
            assert answer.status_code == 200
            writing = [asyncio.create_task(write(client, number)) for number in range(WRITERS)]
            reading = [asyncio.create_task(read(client, number)) for number in range(READERS)]
            read_by = await asyncio.gather(*reading)
            written = [one for some in await asyncio.gather(*writing) for one in some]
            everything = await read(client, 2)

    assert len(set(written)) == WRITERS * BATCHES * SIZE
    assert sorted(everything) == sorted([*written, *(one["id"] for one in early)])
    for number, found in enumerate(read_by):
        assert len(set(found)) == len(found)
        wanted = ACTIVITIES[number % 5]["id"]
        there = {
            one["id"]
            for one in early
            if number % 3
            or wanted
            in {one["object"]["id"]}
            | {each["id"] for some in one["context"]["contextActivities"].values() for each in some}
        }
        assert there <= set(found)
