"""The server is killed ten times in the middle of a load: what it acknowledged is there, and the read models are
whole.
"""

import random
import threading
import time
from typing import Any
from uuid import UUID

import anyio
import httpx
import psycopg
import pytest

from tests.acceptance.course_log import CourseLog
from tests.acceptance.read_back import read_models
from tests.services.lrs_server import CREDENTIAL, LrsServer, serving

pytestmark = pytest.mark.one_database("timescaledb")

KILLS = 10
WRITERS = 4
BATCH = 5
HEADERS = {"X-Experience-API-Version": "1.0.3"}


class Writer(threading.Thread):
    """A client that posts until it is told to stop; a batch without an answer is sent again, with the same ids."""

    def __init__(self, server: LrsServer, number: int) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._chance = random.Random(number)
        self.enough = threading.Event()
        self.acknowledged: list[UUID] = []
        self.batches: list[list[UUID]] = []
        self.unanswered = 0

    def run(self) -> None:
        """Post batch after batch."""
        with httpx.Client(auth=CREDENTIAL, headers=HEADERS, timeout=10) as client:
            while not self.enough.is_set():
                ids = [UUID(int=self._chance.getrandbits(128), version=4) for _ in range(BATCH)]
                self.batches.append(ids)
                batch = [_statement(one, self._chance) for one in ids]
                while not self.enough.is_set():
                    try:
                        answer = client.post(f"{self._server.origin}/xapi/statements", json=batch)
                    except httpx.TransportError:
                        self.unanswered += 1
                        time.sleep(0.02)
                        continue
                    if answer.status_code == 200:
                        self.acknowledged += ids
                        break
                    assert answer.status_code == 503


def _statement(identity: UUID, chance: random.Random) -> dict[str, Any]:
    verb, kind = chance.choice([("completed", "lesson"), ("answered", "cmi.interaction"), ("passed", "assessment")])
    types = "http://adlnet.gov/expapi/activities/"
    return {
        "id": str(identity),
        "actor": {"mbox": f"mailto:learner{chance.randrange(20)}@example.com"},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": f"http://course.example/{kind}/{chance.randrange(5)}", "definition": {"type": types + kind}},
        "result": {"score": {"scaled": chance.choice([0.2, 0.7, 1])}},
        "context": {
            "contextActivities": {
                "grouping": {"id": "http://course.example/", "definition": {"type": types + "course"}}
            }
        },
        "timestamp": f"2026-05-{chance.randrange(1, 29):02}T10:00:00Z",
    }


@pytest.mark.anyio
async def test_killed_ten_times_under_load(database_url: str) -> None:
    chance = random.Random(7)
    with serving(database_url) as server:
        writers = [Writer(server, number) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for _ in range(KILLS):
            await anyio.sleep(chance.uniform(0.2, 0.8))
            server.kill()
            server.start()
        await anyio.sleep(0.3)
        for writer in writers:
            writer.enough.set()
            writer.join()
        assert server.stop() == 0
    assert sum(writer.unanswered for writer in writers) >= KILLS
    acknowledged = {one for writer in writers for one in writer.acknowledged}
    with psycopg.connect(database_url) as connection:
        stored = {row[0] for row in connection.execute("SELECT id FROM statement")}
    assert len(acknowledged) > 100
    assert acknowledged <= stored
    for writer in writers:
        for batch in writer.batches:
            assert len(stored & set(batch)) in (0, BATCH)
    async with CourseLog.open(database_url) as log:
        await log.project()
        live = read_models(database_url)
        assert len(live["fact"]) == len(stored)
        await log.forget_read_models()
        await log.project()
    assert read_models(database_url) == live
