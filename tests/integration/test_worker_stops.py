"""A worker ends soon when it is told to, whatever is away just then."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.course_log import CourseLog
from tests.integration.relayed_topic import topic_of_this_test
from tests.integration.test_worker import append
from tests.integration.worker_log import kept_up
from tests.integration.worker_processes import cluster
from tests.services import embedded
from tests.services.databases import migrated_database
from tests.services.kafka import KafkaServer
from tests.services.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.anyio]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A database server of this test alone."""
    with embedded.running_server() as server:
        yield server


@pytest.mark.parametrize("away", [{"kafka"}, {"postgres"}, {"kafka", "postgres"}])
async def test_it_ends_when_it_is_told_to(
    server: PostgresServer, kafka_server: KafkaServer, away: set[str], tmp_path: Path
) -> None:
    with migrated_database(server) as url, cluster(url, topic_of_this_test(kafka_server), tmp_path) as running:
        async with CourseLog.open(url) as log:
            running.start("relay")
            running.start("worker", 2)
            await append(log, 100, seed=1)
            await kept_up(url)
        services: dict[str, KafkaServer | PostgresServer] = {"kafka": kafka_server, "postgres": server}
        for one in away:
            services[one].kill()
        try:
            assert [one.end() for one in running.of("worker")] == [0, 0]
        finally:
            for one in away:
                services[one].start()
