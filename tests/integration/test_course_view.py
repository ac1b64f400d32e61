"""A course as the API and the page show it: what the read models hold, in words, to those whose course it is."""

import pytest

from lrs.access.credentials import Credentials
from lrs.database import read_pool
from tests.integration.live_course import (
    COURSE,
    MODULE,
    QUIZ,
    VIDEO,
    learner,
    live_course,
    statement,
)
from tests.integration.live_stream import URL

pytestmark = pytest.mark.anyio


async def test_the_course_as_its_page_shows_it(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        await course.enroll(1, done=2)
        await course.enroll(2, idle_days=9)
        await course.enroll(3, done=1, idle_days=20)
        await course.enroll(4, status="withdrawn", done=2)
        await course.enroll(5, status="completed", done=2)
        await course.answer(1, 6)
        await course.answer(2, 7)
        await course.answer(3, 8, voided=9)
        await course.tell([], 9)
        view = (await client.get(URL)).json()
        listed = (await client.get("/api/courses", params={"iri": "https://example.org/course"})).json()
        other = (await client.get("/api/courses", params={"iri": "https://example.org/other"})).json()

    assert view["position"] == 9
    assert view["course"]["title"] == "A <course>"
    assert view["summary"] == {
        "enrolled": 4,
        "active": 3,
        "completed": 1,
        "withdrawn": 1,
        "at_risk": 2,
        "mean_progress": 0.625,
        "mean_grade": 0.8,
    }
    assert [one["name"] for one in view["roster"]] == [f"Learner {number}" for number in (3, 2, 1, 5, 4)]
    high, warned, first = view["roster"][:3]
    assert high["risk"] == {
        "level": "high",
        "rule": "inactive",
        "since": "2026-11-15T12:00:00Z",
        "reason": "No activity for 20 days (since 1 Nov 2026); high after 14 days",
        "evidence": str(statement(3)),
    }
    assert warned["risk"]["reason"] == "No activity for 9 days (since 12 Nov 2026); warns after 7 days"
    assert first["risk"] is None
    assert (first["progress"], first["completed_nodes"], first["required_nodes"]) == (1.0, 2, 2)
    assert (first["grade_so_far"], first["grade_if_nothing_more"], first["passed"]) == (0.8, 0.8, True)
    assert (warned["grade_so_far"], warned["grade_if_nothing_more"], warned["passed"]) == (None, 0.0, None)
    outline = [(one["id"], one["title"], one["depth"], one["completed"], one["started"]) for one in view["outline"]]
    assert outline == [
        (str(COURSE), "A <course>", 0, 0, 0),
        (str(MODULE), "First", 1, 0, 0),
        (str(VIDEO), "Watch", 2, 3, 4),
        (str(QUIZ), "quiz", 2, 2, 4),
    ]
    said = [(one["statement_id"], one["name"], one["verb"], one["title"], one["score"]) for one in view["recent"]]
    assert said == [
        (str(statement(7)), "Learner 2", "answered", "quiz", 0.8),
        (str(statement(6)), "Learner 1", "answered", "quiz", 0.8),
    ]
    line = {"id": str(COURSE), "iri": "https://example.org/course", "title": "A <course>"}
    assert listed == {"courses": [line | {"enrolled": 4, "active": 3, "completed": 1, "at_risk": 2}]}
    assert other == {"courses": []}


async def test_nobody_sees_a_course_that_is_not_his(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        await course.connection.execute("INSERT INTO tenant (tenant, name) VALUES (2, 'other')")
        async with read_pool(database_url, size=1) as pool:
            await Credentials(pool).create(2, "stranger", "secret")
        for path in (URL, f"{URL}/live", f"/courses/{COURSE}"):
            assert (await client.get(path, auth=("stranger", "secret"))).status_code == 404
            refused = await client.get(path, auth=("reader", "wrong"))
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Basic realm=")
        assert (await client.get("/api/courses", auth=("stranger", "secret"))).json() == {"courses": []}
        unknown = await client.get(f"/api/courses/{learner(1)}/live")
        assert unknown.status_code == 404
        assert unknown.headers["content-type"] == "application/problem+json"


async def test_the_page_is_complete_and_keeps_to_itself(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        await course.enroll(1, done=1, idle_days=9)
        await course.tell([], 3)
        page = await client.get(f"/courses/{COURSE}")
        missing = await client.get(f"/courses/{learner(1)}")
        front = await client.get("/")
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert "A &lt;course&gt;" in page.text
    assert "A <course>" not in page.text
    for words in ("Learner 1", "50 %", "1 of 2 done", "No activity for 9 days", 'data-position="3"'):
        assert words in page.text
    assert " style=" not in page.text
    assert missing.status_code == 404
    assert missing.headers["content-type"].startswith("text/html")
    assert f'href="/courses/{COURSE}"' in front.text
