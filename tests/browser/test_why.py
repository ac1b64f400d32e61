"""Beside each learner's progress: why. Fetched when asked for, worked with the keyboard, readable in light and dark."""

import re
from itertools import product
from typing import Any, Literal

from playwright.sync_api import Browser, Page, expect

from tests.browser.classroom import COURSE, MODULE, VIDEO, Classroom
from tests.browser.test_course_page import PALE, opened
from tests.services.lrs_server import CREDENTIAL

PLACE = {"parent": [MODULE], "grouping": [COURSE]}
SEGMENTS = "https://w3id.org/xapi/video/extensions/"


def half_way(classroom: Classroom) -> tuple[str, str]:
    """A learner has seen 0.72 of the video and failed the quiz; answers the ids of the two statements."""
    seen: dict[str, Any] = {
        "result": {"extensions": {f"{SEGMENTS}played-segments": "0[.]72"}},
        "context": {"contextActivities": PLACE, "extensions": {f"{SEGMENTS}length": 100}},
    }
    return classroom.post(1, "terminated", VIDEO, **seen), classroom.take_quiz(1, 0.55)


def test_what_is_missing_and_by_which_statements(page: Page, classroom: Classroom) -> None:
    watched, taken = half_way(classroom)
    classroom.watch(2)
    classroom.take_quiz(2, 0.9)
    opened(page, classroom)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/explain" in request.url else None)
    row = page.locator("#roster tr", has_text="Learner 1")
    button = row.get_by_role("button", name="Why this progress and grade?")
    before = row.bounding_box()
    assert asked == []
    button.focus()
    page.keyboard.press("Enter")
    why = page.get_by_role("dialog", name="Why? Learner 1")
    expect(why).to_contain_text("36 %: 2 of 2 missing. Grade so far 55 % (55 % if nothing more).")
    size = why.bounding_box()
    expect(why).to_contain_text("Not completed: best score 0.55 of 0.60.")
    assert len(asked) == 2  # of the course, and of the first that is missing
    why.locator("summary", has_text="Which knot").press("Tab")
    expect(why.locator(f'[data-statement="{taken}"]')).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(why).to_contain_text("Not completed: video watched 0.72 of 0.90.")
    assert len(asked) == 3
    assert why.bounding_box() == size
    assert row.bounding_box() == before
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    proof = page.get_by_role("dialog", name=f"Statement {taken}")
    expect(proof).to_contain_text('"scaled": 0.55')
    page.keyboard.press("Escape")
    expect(proof).to_be_hidden()
    expect(why.locator(f'[data-statement="{watched}"]')).to_have_text("terminated")
    page.keyboard.press("Escape")
    expect(why).to_be_hidden()
    expect(button).to_be_focused()


def test_of_what_is_done_the_statement_that_did_it_once_the_server_is_back(page: Page, classroom: Classroom) -> None:
    done = classroom.watch(2)
    classroom.take_quiz(2, 0.9)
    opened(page, classroom)
    button = page.get_by_role("button", name="Why this")
    page.route("**/explain", lambda route: route.abort())
    button.click()
    why = page.get_by_role("dialog", name="Why? Learner 2")
    expect(why).to_contain_text("The server cannot be reached at the moment.")
    page.unroute("**/explain")
    page.keyboard.press("Escape")
    button.click()
    expect(why).to_contain_text("100 %: 0 of 2 missing. Grade so far 90 % (90 % if nothing more), passed.")
    why.get_by_text("Tying a <b>bowline</b> & keeping it").click()
    expect(why).to_contain_text(re.compile(r"Completed on .*: completed\."))
    expect(why.locator("li", has=page.locator(f'[data-statement="{done}"]'))).to_contain_text("completes it")


def test_every_word_of_it_can_be_read(browser: Browser, classroom: Classroom) -> None:
    half_way(classroom)
    classroom.watch(1)
    key, secret = CREDENTIAL
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme, width in product(schemes, (1440, 390)):
        with browser.new_context(
            http_credentials={"username": key, "password": secret},
            base_url=str(classroom.client.base_url),
            color_scheme=scheme,
            viewport={"width": width, "height": 900},
        ) as context:
            page = context.new_page()
            opened(page, classroom)
            page.get_by_role("button", name="Why this").click()
            page.get_by_role("dialog").get_by_text("Tying a").click()
            expect(page.get_by_role("dialog").locator("li")).to_have_count(3)
            assert page.evaluate(PALE) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
