"""A course with more learners than a page shows: it begins with the first of them, and the script fetches the rest."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, HttpCredentials, expect

from lrs.api.courses import MOST_LINES
from lrs.dashboard.pages import FIRST_ROWS, ROWS
from tests.bench.course_pages import Course, fill
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

COURSE = Course("large", ROWS + 100, 20)


@pytest.fixture
def origin(embedded_server: PostgresServer) -> Iterator[str]:
    """A server with the course in it, whose processor has seen what time it is: that moves the learners at risk."""
    with migrated_database(embedded_server) as url:
        fill(url, [COURSE])
        with serving(url) as server, httpx.Client(base_url=server.origin, auth=CREDENTIAL, timeout=20) as client:
            log = client.get("/api/projections").json()["log_position"]
            assert client.get("/api/projections", params={"wait_for": log}).json()["position"] >= log
            yield server.origin


def test_it_begins_with_the_first_learners_and_the_rest_follows(browser: Browser, origin: str) -> None:
    key, secret = CREDENTIAL
    view = httpx.get(f"{origin}/api/courses/{COURSE.id}", auth=CREDENTIAL, timeout=20).json()
    assert len(view["roster"]) == MOST_LINES
    everybody = httpx.get(f"{origin}{view['more']}", auth=CREDENTIAL, timeout=20).json()
    assert (len(everybody["learners"]), everybody["more"]) == (COURSE.learners, "")
    assert {one["person"] for one in view["roster"]} < {one["person"] for one in everybody["learners"]}
    credentials = HttpCredentials(username=key, password=secret)
    with browser.new_context(http_credentials=credentials, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{origin}/courses/{COURSE.id}")
        rows = page.locator("#roster tr")
        expect(rows).to_have_count(FIRST_ROWS)
        keys = rows.evaluate_all("all => all.map((one) => one.dataset.key)")
        assert keys == [one["person"] for one in view["roster"][:FIRST_ROWS]]
        expect(page.locator("#shown")).to_have_text(f"The first {FIRST_ROWS} of {COURSE.learners} learners.")
        expect(page.locator("#outline")).to_contain_text("once the page is live")
    with browser.new_context(http_credentials=credentials) as context:
        page = context.new_page()
        page.goto(f"{origin}/courses/{COURSE.id}")
        expect(page.locator("#roster tr")).to_have_count(ROWS)
        expect(page.locator("#shown")).to_contain_text(f"The first {ROWS} of {COURSE.learners} learners;")
        counts = [f"{one['completed']} of {COURSE.learners}" for one in view["outline"] if one["required"]]
        expect(page.locator('#outline [data-f="counts"]:not(:empty)')).to_have_text(counts)
        expect(page.locator("#link")).to_have_text("Live")
        last = max(everybody["learners"], key=lambda one: one["name"])
        page.get_by_role("searchbox").fill(last["name"])
        expect(page.locator("#shown")).to_have_text(f"1 of {COURSE.learners} learners.")
