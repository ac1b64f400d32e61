"""`lrs worker` as it is run: several processes, kill -9, and what is written is what one machine writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from lrs.worker_command import worker
from tests.acceptance.course_log import CourseLog
from tests.integration.relayed_topic import topic_of_this_test
from tests.integration.test_worker import append, as_one_machine
from tests.integration.worker_log import BEGIN, kept_up
from tests.integration.worker_processes import cluster
from tests.services.databases import migrated_database
from tests.services.kafka import KafkaServer
from tests.services.postgres import PostgresServer

COURSE = "https://x.example/course/1"


@pytest.fixture
def url(embedded_server: PostgresServer) -> Iterator[str]:
    """A migrated database."""
    with migrated_database(embedded_server) as url:
        yield url


@pytest.mark.slow
@pytest.mark.anyio
async def test_workers_that_are_killed_and_come(url: str, kafka_server: KafkaServer, tmp_path: Path) -> None:
    async with CourseLog.open(url) as log:
        with cluster(url, topic_of_this_test(kafka_server, 8), tmp_path) as running:
            running.start("relay")
            running.start("worker", 2)
            await append(log, 500, seed=1)
            await kept_up(url)
            await append(log, 500, seed=2)
            running.kill(running.of("worker")[0])
            running.start("worker", 2)
            await append(log, 500, seed=3)
            log.configure(BEGIN, "policy.set", {"course": COURSE, "policy": {"attempts": {"take": "first"}}})
            await append(log, 500, seed=4)
            await kept_up(url)
            running.must_be_there()
            assert [one.end() for one in running.of("worker")] == [0, 0, 0]
        await as_one_machine(log, url)


def test_it_says_what_it_lacks() -> None:
    found = CliRunner().invoke(
        worker, env={"LRS_DATABASE_URL": "postgresql://nowhere.invalid/x", "LRS_KAFKA_URL": None}
    )
    assert found.exit_code == 1
    assert "set LRS_DATABASE_URL and LRS_KAFKA_URL" in found.output
