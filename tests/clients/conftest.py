"""A server for client libraries: pages are small, so that they have to follow `more`."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.acceptance.endpoint import Endpoint
from tests.browser.conftest import browser as browser
from tests.clients.content_pages import content_pages
from tests.clients.served import PAGE_SIZE, Served
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.missing import or_go_without
from tests.services.postgres import PostgresServer


@pytest.fixture(scope="session")
def served(embedded_server: PostgresServer) -> Iterator[Served]:
    """A server on the embedded database; whatever one test stores, the others may meet."""
    with _served(embedded_server) as found:
        yield found


@pytest.fixture(scope="module")
def served_on_each(database_server: PostgresServer) -> Iterator[Served]:
    """A server on each of the databases."""
    with _served(database_server) as found:
        yield found


@pytest.fixture(scope="module")
def content_origin() -> Iterator[str]:
    """Where the pages of content packages come from."""
    with or_go_without(), content_pages() as origin:
        yield origin


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser without a window; an error that no script caught fails the test."""
    with browser.new_context() as context:
        found = context.new_page()
        errors: list[str] = []
        found.on("pageerror", lambda error: errors.append(str(error)))
        yield found
        assert errors == []


@contextmanager
def _served(database: PostgresServer) -> Iterator[Served]:
    with (
        migrated_database(database) as url,
        serving(url, LRS_PAGE_SIZE=str(PAGE_SIZE)) as server,
        httpx.Client() as client,
    ):
        yield Served(server.origin, Endpoint(server.origin, client))
