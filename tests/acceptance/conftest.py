"""A server for the tests of one module, on each of the databases."""

from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.endpoint import Endpoint
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


@pytest.fixture(scope="session")
def wire(embedded_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A server for what has nothing to do with the database; it waits for a request for a second only."""
    folder = tmp_path_factory.mktemp("wire")
    limits = {"LRS_MAX_BODY_BYTES": str(MOST_BYTES), "LRS_BODY_SECONDS": "1"}
    with migrated_database(embedded_server) as url, wired(url, folder, **limits) as server:
        yield server
