"""A server for the tests of one module, on each of the databases, and documents in it for each test."""

from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.document_resources import (
    ACTIVITY_PROFILE,
    AGENT_PROFILE,
    RESOURCES,
    STATE,
    VERSIONS,
    Documents,
    documents_of_a_new_owner,
)
from tests.acceptance.endpoint import Endpoint
from tests.acceptance.school import School, school_on
from tests.acceptance.wire import Wire, wired
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

MOST_BYTES = 100_000
MOST_ATTACHMENT_BYTES = 4_000_000
PAGE_SIZE = 4


@pytest.fixture(scope="module")
def endpoint(database_server: PostgresServer) -> Iterator[Endpoint]:
    """A server with small limits; what one test stores, the others of the module may meet."""
    limits = {
        "LRS_MAX_BODY_BYTES": str(MOST_BYTES),
        "LRS_MAX_ATTACHMENT_BYTES": str(MOST_ATTACHMENT_BYTES),
        "LRS_PAGE_SIZE": str(PAGE_SIZE),
    }
    with migrated_database(database_server) as url, serving(url, **limits) as server, httpx.Client() as client:
        yield Endpoint(server.origin, client)


@pytest.fixture(params=[(STATE, "2.0.0"), (ACTIVITY_PROFILE, "1.0.3"), (AGENT_PROFILE, "2.0.0")], ids=str)
def documents(request: pytest.FixtureRequest, endpoint: Endpoint) -> Documents:
    """Of an owner of this test alone, where the version makes no difference."""
    return documents_of_a_new_owner(endpoint, *request.param)


@pytest.fixture(params=[(resource, version) for resource in RESOURCES for version in VERSIONS], ids=str)
def versioned(request: pytest.FixtureRequest, endpoint: Endpoint) -> Documents:
    """Of an owner of this test alone, where it does."""
    return documents_of_a_new_owner(endpoint, *request.param)


@pytest.fixture(scope="session")
def wire(embedded_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A server for what has nothing to do with the database; it waits for a request for a second only."""
    folder = tmp_path_factory.mktemp("wire")
    limits = {"LRS_MAX_BODY_BYTES": str(MOST_BYTES), "LRS_BODY_SECONDS": "1"}
    with migrated_database(embedded_server) as url, wired(url, folder, **limits) as server:
        yield server


@pytest.fixture(scope="module")
def school(database_server: PostgresServer) -> Iterator[School]:
    """The demo's cohort, read; what one test stores, the others of the module meet."""
    with school_on(database_server) as one:
        yield one
