"""What is answered while workers write the read models: a 304 only where the answer would be the same."""

from pathlib import Path

import httpx
import pytest

from lrs.main import create_app
from lrs.settings import Settings
from tests.acceptance.course_log import CourseLog
from tests.integration.activity_caller import basic
from tests.integration.worker_log import statements
from tests.properties.shard_workers import ShardWorkers

pytestmark = pytest.mark.anyio

PAIR = "key:secret-of-the-test"


async def test_what_one_shard_has_changed_is_sent_though_the_whole_has_not_moved(
    database_url: str, tmp_path: Path
) -> None:
    some = list(statements(120, courses=1))
    app = create_app(Settings(), database_url, tmp_path / "relay")
    async with (
        CourseLog.open(database_url) as log,
        ShardWorkers.open(database_url, 2, 1) as workers,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lrs") as client,
    ):
        await app.state.services.credentials.create(1, *PAIR.split(":"))
        client.headers["Authorization"] = basic(PAIR)
        await log.append(some[:60])
        await workers.finish()
        (course,) = (await client.get("/api/courses")).json()["courses"]
        address = f"/api/courses/{course['id']}/learners"
        before = await client.get(address)
        client.headers["If-None-Match"] = before.headers["ETag"]
        assert (await client.get(address)).status_code == 304
        await log.append(some[60:])
        assert await workers.workers[0].step({0}, 1000)
        answer = await client.get(address)
        assert (answer.status_code, answer.headers["X-LRS-Position"]) == (200, before.headers["X-LRS-Position"])
        assert answer.json() != before.json()
