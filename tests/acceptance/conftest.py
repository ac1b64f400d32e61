"""A server for the tests of one module, on each of the databases."""

from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.endpoint import Endpoint
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

MOST_BYTES = 100_000
PAGE_SIZE = 4


@pytest.fixture(scope="module")
def endpoint(database_server: PostgresServer) -> Iterator[Endpoint]:
    """A server with small limits; what one test stores, the others of the module may meet."""
    limits = {"LRS_MAX_BODY_BYTES": str(MOST_BYTES), "LRS_PAGE_SIZE": str(PAGE_SIZE)}
    with migrated_database(database_server) as url, serving(url, **limits) as server, httpx.Client() as client:
        yield Endpoint(server.origin, client)
