"""The course page moves by itself, survives its server, misses nothing, and can be read and worked by everybody."""

import re
import time

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.classroom import COURSE, Classroom
from tests.services.lrs_server import CREDENTIAL, LrsServer

# From now on, and for a second: `seen` is when an element comes to have the words, by the clock that the test has too.
WATCH = """([selector, words]) => {
  window.seen = new Promise((seen, given_up) => {
    const look = () => document.querySelector(selector)?.textContent.includes(words) && seen(Date.now());
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    setTimeout(() => given_up(new Error(`no ${words} within a second`)), 1000);
  });
}"""

# Text whose contrast against the nearest painted ground is below WCAG 2.1 AA.
PALE = """() => {
  const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (parts) => {
    const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = parts.slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const parts = rgb(getComputedStyle(at).backgroundColor);
      if (parts.length === 3 || parts[3] === 1) return parts;
    }
    return [255, 255, 255];
  };
  const pale = new Set();
  for (const element of document.querySelectorAll("body *:not(script)")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(rgb(style.color)), light(ground(element))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24;
    const words = `${element.tagName} ${element.className}: ${element.textContent.trim()}`;
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) pale.add(words);
  }
  return [...pale];
}"""


def opened(page: Page, classroom: Classroom) -> None:
    """The course page, live and with all that was posted, by way of the list of courses."""
    classroom.view()
    page.goto("/")
    page.get_by_role("link", name="Ropework").click()
    expect(page.locator("#link")).to_have_text("Live")
    page.evaluate("window.never_reloaded = true")


def shows_everything(page: Page, classroom: Classroom) -> None:
    """Every number of the page is the one that the API tells, and the page was never reloaded."""
    view = classroom.view()
    expect(page.locator("#position")).to_have_text(str(view["position"]), timeout=20_000)
    rows = page.locator("#roster tr")
    expect(rows).to_have_count(len(view["roster"]))
    for one in view["roster"]:
        row = page.locator(f'#roster tr[data-key="{one["person"]}"]')
        expect(row.locator('[data-f="name"]')).to_have_text(one["name"])
        expect(row.locator("progress")).to_have_js_property("value", one["progress"])
        grade = one["grade_so_far"]
        expect(row.locator('[data-f="grade"]')).to_have_text("–" if grade is None else f"{round(grade * 100)} %")
        expect(row.locator('[data-f="status"]')).to_have_text(one["status"].capitalize())
    for name in ("enrolled", "active", "completed", "at_risk"):
        expect(page.locator(f'[data-tile="{name}"] [data-f="value"]')).to_have_text(str(view["summary"][name]))
    shown = page.locator("#recent > li").evaluate_all("all => all.map((one) => one.dataset.key)")
    assert shown == [one["statement_id"] for one in view["recent"]]
    nodes = [one for one in view["outline"] if one["required"]]
    counts = [f"{one['completed']} of {view['summary']['enrolled']}" for one in nodes]
    expect(page.locator('#outline [data-f="counts"]:not(:empty)')).to_have_text(counts)
    assert page.evaluate("window.never_reloaded")


def test_a_posted_statement_moves_the_page_within_a_second(page: Page, classroom: Classroom) -> None:
    for number in range(1, 4):
        classroom.watch(number)
    classroom.watch(4)
    opened(page, classroom)
    expect(page.locator("#roster tr")).to_have_count(4)
    took = []
    for number in range(1, 5):
        for scaled in (0.5, 0.9):
            person = next(one["person"] for one in classroom.view()["roster"] if one["name"] == f"Learner {number}")
            cell = f'#roster tr[data-key="{person}"] [data-f="grade"]'
            page.evaluate(WATCH, [cell, f"{scaled:.0%}".replace("%", " %")])
            sent = time.time() * 1000
            classroom.take_quiz(number, scaled)
            took.append(page.evaluate("window.seen") - sent)
    page.evaluate(WATCH, ["#roster", "Learner 77"])
    classroom.watch(77)
    page.evaluate("window.seen")
    print("\nmilliseconds from before the POST to the moved page:", sorted(round(one) for one in took))
    shows_everything(page, classroom)


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_the_page_outlives_a_restart_and_misses_nothing(
    page: Page, classroom: Classroom, server: LrsServer, end: str
) -> None:
    for number in range(5):
        classroom.watch(number)
    opened(page, classroom)
    shows_everything(page, classroom)
    classroom.take_quiz(1, 0.7)
    classroom.take_quiz(2, 0.3)  # acknowledged, perhaps not yet shown
    if end == "SIGKILL":
        server.kill()
    else:
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2.5, "an open stream holds the server up"
    expect(page.locator("#link")).to_have_text("Reconnecting…")
    with pytest.raises(httpx.TransportError):
        classroom.take_quiz(3, 1.0)
    server.start()
    classroom.take_quiz(4, 0.8)
    classroom.watch(9)
    shows_everything(page, classroom)
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator("#roster tr", has_text="Learner 3").locator('[data-f="grade"]')).to_have_text("–")
    classroom.take_quiz(3, 1.0)
    shows_everything(page, classroom)


def test_a_page_that_was_away_for_two_lives_of_the_server_begins_anew(
    page: Page, classroom: Classroom, server: LrsServer
) -> None:
    classroom.watch(1)
    opened(page, classroom)
    page.context.set_offline(True)
    server.kill()
    expect(page.locator("#link")).to_have_text("Reconnecting…")
    server.start()
    classroom.watch(2)
    classroom.view()
    server.kill()
    server.start()
    with page.expect_response(re.compile(r"/api/courses/[^/]+$"), timeout=20_000):
        page.context.set_offline(False)
    shows_everything(page, classroom)
    expect(page.locator("#link")).to_have_text("Live")


def test_an_instructor_finds_sorts_and_looks_behind(page: Page, classroom: Classroom) -> None:
    for number in (1, 2, 3):
        classroom.watch(number)
    classroom.take_quiz(2, 0.9)
    statement = classroom.take_quiz(3, 0.4)
    opened(page, classroom)
    names = page.locator('#roster [data-f="name"]')
    expect(names).to_have_text(["Learner 1", "Learner 2", "Learner 3"])
    page.get_by_role("button", name="Grade so far").click()
    expect(names).to_have_text(["Learner 1", "Learner 3", "Learner 2"])
    heading = page.get_by_role("columnheader", name="Grade so far")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Grade so far").click()
    expect(names).to_have_text(["Learner 2", "Learner 3", "Learner 1"])
    page.get_by_role("button", name="At risk").click()
    expect(page.locator("#shown")).to_have_text("No learner matches.")
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("searchbox").fill("LEARNER3@")
    expect(names).to_have_text(["Learner 3"])
    expect(page.locator("#outline")).to_contain_text("Tying a <b>bowline</b> & keeping it")
    page.locator(f'#recent [data-key="{statement}"] button').click()
    expect(page.get_by_role("dialog")).to_contain_text('"mbox": "mailto:learner3@example.org"')
    page.keyboard.press("Escape")
    time_element = page.locator("#roster time").first
    assert re.search(r"here, .* UTC$", time_element.get_attribute("title") or "")
    expect(page.locator("#zone")).to_contain_text("Asia/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_word_can_be_read(browser: Browser, classroom: Classroom, scheme: str, width: int) -> None:
    statement = {"timestamp": "2020-01-01T00:00:00Z"}
    classroom.post(1, "registered", COURSE, **statement)
    classroom.post(2, "completed", COURSE)
    classroom.take_quiz(3, 0.9)
    key, secret = CREDENTIAL
    with browser.new_context(
        http_credentials={"username": key, "password": secret},
        base_url=str(classroom.client.base_url),
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
    ) as context:
        page = context.new_page()
        opened(page, classroom)
        assert page.evaluate(PALE) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_a_script_the_page_is_complete_and_says_that_it_does_not_move(
    browser: Browser, classroom: Classroom
) -> None:
    classroom.take_quiz(3, 0.9)
    classroom.view()
    key, secret = CREDENTIAL
    with browser.new_context(
        http_credentials={"username": key, "password": secret},
        base_url=str(classroom.client.base_url),
        java_script_enabled=False,
    ) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Ropework").click()
        expect(page.locator("#link")).to_have_text("Not live")
        expect(page.locator("#roster tr")).to_contain_text(["90 %"])
        expect(page.locator("#roster time")).to_have_text(re.compile(r" UTC$"))
