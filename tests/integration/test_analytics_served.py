"""What is posted is counted: the whole server, from the statement to the number and its position."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from lrs.main import create_app, run_processor
from lrs.settings import Settings
from tests.integration.activity_caller import PATH, basic

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
COURSE = "https://example.com/course/9"
PAIR = "key:secret-of-the-test"


def statement(verb: str, name: str, target: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"mbox": f"mailto:{name}@example.com", "name": name.title()},
        "verb": {"id": verb},
        "object": target,
        "timestamp": "2026-03-29T00:30:00Z",
        **more,
    }


def course_completed(name: str, score: float) -> dict[str, Any]:
    definition = {"type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Nine"}}
    result = {"score": {"scaled": score}, "duration": "PT1M30.5S"}
    return statement(COMPLETED, name, {"id": COURSE, "definition": definition}, result=result)


def test_what_is_posted_is_counted_unless_it_is_voided(database_url: str, tmp_path: Path) -> None:
    asyncio.run(posted_and_counted(database_url, tmp_path / "relay"))


async def posted_and_counted(database_url: str, relay: Path) -> None:
    app = create_app(Settings(), database_url, relay)
    stop = asyncio.Event()
    processing = asyncio.create_task(run_processor(Settings(), database_url, relay, stop, lambda: None))
    headers = {"X-Experience-API-Version": "1.0.3", "Authorization": basic(PAIR)}
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://lrs", headers=headers) as client,
    ):
        assert await app.state.services.credentials.create(1, *PAIR.split(":")) == PAIR
        wrong = course_completed("bob", 0.1)
        voiding = statement(VOIDED, "admin", {"objectType": "StatementRef", "id": wrong["id"]})
        posted = await client.post(
            "/xapi/statements", json=[course_completed("ada", 0.5), course_completed("bob", 1.0), wrong, voiding]
        )
        assert posted.status_code == 200, posted.text
        position = posted.headers["X-LRS-Position"]
        await client.get("/api/projections", params={"wait_for": position})
        params = {"from": "2026-03-29", "to": "2026-03-30", "tz": "Europe/Berlin", "group_by": "course,verb"}
        answer = await client.get(PATH, params=params)
    stop.set()
    await processing
    assert answer.status_code == 200, answer.text
    assert answer.json()["position"] >= int(position)
    assert answer.json()["rows"] == [
        {
            "bucket": "2026-03-29T00:00:00+01:00",
            "bucket_utc": "2026-03-28T23:00:00Z",
            "course": COURSE,
            "course_title": "Nine",
            "verb": COMPLETED,
            "statements": 2,
            "learners": 2,
            "completions": 2,
            "scores": 2,
            "mean_score": 0.75,
            "duration_seconds": 181,
        }
    ]
