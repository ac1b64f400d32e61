"""A course page whose server is told of changes through Redis goes on without it, and says that it is late."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.classroom import Classroom
from tests.services.databases import migrated_database
from tests.services.lrs_server import LrsServer, serving
from tests.services.postgres import PostgresServer
from tests.services.redis import RedisServer


@pytest.fixture
def server(embedded_server: PostgresServer, redis: RedisServer) -> Iterator[LrsServer]:
    with migrated_database(embedded_server) as url, serving(url, LRS_REDIS_URL=redis.url) as running:
        yield running


def test_a_page_says_that_it_is_late_and_is_right(page: Page, classroom: Classroom, redis: RedisServer) -> None:
    classroom.watch(1)
    page.goto(f"/courses/{classroom.view()['course']['id']}")
    link, learners = page.locator("#link"), page.locator('[data-tile="enrolled"] [data-f="value"]')
    expect(link).to_have_text("Live")
    redis.kill()
    expect(link).to_have_text("Delayed", timeout=20_000)
    for number in (2, 3):
        classroom.watch(number)
        expect(learners).to_have_text(str(number), timeout=20_000)
    expect(link).to_have_text("Delayed")
    redis.start()
    expect(link).to_have_text("Live", timeout=20_000)
    classroom.watch(4)
    expect(learners).to_have_text("4")
