"""What any test may ask for: servers for the session, databases for one test, real data."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import settings

from tests.services import embedded, external, kafka, timescaledb
from tests.services.databases import migrated_database
from tests.services.kafka import KafkaServer
from tests.services.missing import or_go_without
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer, running_redis

settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("developer", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "developer"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where a test is marked `one_database`, what it shows is the same on both: the other one is for `make soak`."""
    for item in items:
        marker = item.get_closest_marker("one_database")
        if marker is not None:
            kept = marker.args[0]
            other = {"embedded": "timescaledb", "timescaledb": "embedded"}[kept]
            if item.name.endswith("]") and other in re.split(r"[\[\]-]", item.name):
                item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests (marked `anyio`) run on asyncio, the loop that the product runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[PostgresServer]:
    """The PostgreSQL that the product brings along: no TimescaleDB."""
    with embedded.running_server() as server:
        yield server


@pytest.fixture(scope="session")
def timescale_server() -> Iterator[PostgresServer]:
    """PostgreSQL with TimescaleDB: our own, or the one at LRS_TEST_TIMESCALE_URL."""
    url = os.environ.get("LRS_TEST_TIMESCALE_URL")
    with or_go_without(), external.running_server(url) if url else timescaledb.running_server() as server:
        yield server


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[KafkaServer]:
    """A broker: our own, or the one at LRS_TEST_KAFKA_URL."""
    with or_go_without(), kafka.running_server() as server:
        yield server


@pytest.fixture(scope="session", params=["embedded", "timescaledb"])
def database_server(request: pytest.FixtureRequest) -> PostgresServer:
    """One after the other, every server that the product supports."""
    name = {"embedded": "embedded_server", "timescaledb": "timescale_server"}[request.param]
    return cast(PostgresServer, request.getfixturevalue(name))


@pytest.fixture
def database_url(database_server: PostgresServer) -> Iterator[str]:
    """The libpq URL of a database of this test alone: the product's schema, no data."""
    with migrated_database(database_server) as url:
        yield url


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of this test alone, with nothing in it: our own, or the one at LRS_TEST_REDIS_URL."""
    with or_go_without(), running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora: LRS_SHARED_DATA, or `shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LRS_SHARED_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real corpora at {folder}; LRS_SHARED_DATA names another place")
    return folder
