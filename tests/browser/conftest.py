"""A browser, a server with an empty store, and somebody who posts to it. A page that complains fails its test."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.classroom import Classroom
from tests.services.chromium import chromium
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, LrsServer, serving
from tests.services.missing import ServiceMissingError, go_without
from tests.services.postgres import PostgresServer

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_NETWORK = ("net::ERR_", "Failed to load resource")  # what a browser says of a server that is down


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window; for one module: Playwright keeps an event loop running meanwhile."""
    try:
        program = chromium()
    except ServiceMissingError as missing:
        go_without(str(missing))
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def server(embedded_server: PostgresServer) -> Iterator[LrsServer]:
    """`lrs serve` as a process, over a database of this test alone."""
    with migrated_database(embedded_server) as url, serving(url) as running:
        yield running


@pytest.fixture
def classroom(server: LrsServer) -> Iterator[Classroom]:
    """Posts what learners do."""
    with httpx.Client(base_url=server.origin, auth=CREDENTIAL, timeout=10) as client:
        yield Classroom(client)


@pytest.fixture
def context(browser: Browser, server: LrsServer) -> Iterator[BrowserContext]:
    """A browser that is signed in, in a time zone that is not the server's."""
    key, secret = CREDENTIAL
    with browser.new_context(
        http_credentials={"username": key, "password": secret},
        base_url=server.origin,
        timezone_id="Asia/Kolkata",
        viewport={"width": 1440, "height": 1000},
    ) as found:
        yield found


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that must not complain, nor ask anybody but the server."""
    found = context.new_page()
    complaints: list[str] = []
    asked: set[str] = set()
    found.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.on("request", lambda request: asked.add(httpx.URL(request.url).netloc.decode()))
    yield found
    assert [one for one in complaints if not any(excuse in one for excuse in NO_NETWORK)] == []
    assert len(asked) == 1
