"""What is set of a course decides, from its position on: hand-checked rows, as of each thing that is set."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lrs.database import read_pool
from projections.course_configuration import fold
from schemas.course_configuration import read_configuration_event
from schemas.errors import ConfigurationRefused
from schemas.log_event import ControlEvent
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.explained_rows import misexplained
from tests.acceptance.read_back import read_models

pytestmark = pytest.mark.anyio

COURSE = "http://course.example/geology"
FILM, QUIZ, EXAM, TALK = (f"{COURSE}/{name}" for name in ("film", "quiz", "exam", "talk"))
ADL = "http://adlnet.gov/expapi/"
ANN, EVE = "mbox:mailto:ann@example.com", "mbox:mailto:eve@example.com"
BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
OUTLINE = {
    "course": COURSE,
    "title": "Geology",
    "nodes": [
        {"id": f"{COURSE}/week-1", "kind": "module", "children": [{"id": FILM}, {"id": QUIZ, "weight": 1}]},
        {"id": EXAM, "weight": 3, "due_at": "2026-03-05T08:00:00Z"},
    ],
}


def did(number: int, verb: str, node: str, hours: float, **result: Any) -> dict[str, Any]:
    """Ann did something."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "actor": {"mbox": "mailto:ann@example.com", "name": "Ann"},
        "verb": {"id": ADL + "verbs/" + verb},
        "object": {"id": node, "definition": {"type": ADL + "activities/assessment"}},
        "result": result,
        "context": {
            "contextActivities": {"grouping": [{"id": COURSE, "definition": {"type": ADL + "activities/course"}}]}
        },
        "timestamp": (BEGIN + timedelta(hours=hours)).isoformat(),
    }


class Course:
    """The read models of one course after everything that was told so far."""

    def __init__(self, log: CourseLog) -> None:
        self.log = log

    async def after(self, kind: str, **said: Any) -> None:
        """Set something, and follow."""
        self.log.configure(BEGIN + timedelta(hours=10), kind, {"course": COURSE, **said})
        await self.log.project()
        assert self.log.differences() == []
        assert await self.misexplained() == []

    async def misexplained(self) -> list[str]:
        """The rows that their explanations do not give."""
        events = [
            ControlEvent(one.position, TENANT, one.recorded, one.kind, one.payload) for one in self.log.configured()
        ]
        async with read_pool(self.log.url, size=1) as pool, pool.connection() as connection:
            return [one async for one in misexplained(connection, 50, fold(events).courses)]

    def row(self, model: str, *key: str) -> dict[str, Any]:
        """One row."""
        return read_models(self.log.url)[model][COURSE, *key]

    def state(self, node: str) -> tuple[str, float]:
        """How far Ann is with a node."""
        row = self.row("node_progress", ANN, node)
        return row["state"], row["fraction"]

    def grades(self) -> tuple[float | None, float | None, bool | None]:
        """Ann's grades in the course."""
        row = self.row("course_grade", ANN)
        return row["grade_so_far"], row["grade_if_nothing_more"], row["passed"]


async def test_what_is_set_decides_from_its_position_on(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        course = Course(log)
        await log.append(
            [
                did(1, "scored", QUIZ, 0, score={"scaled": 0.7}),
                did(2, "experienced", FILM, 1),
                did(3, "scored", TALK, 2, score={"scaled": 0.2}),
            ]
        )
        await log.project()
        # By default: the quiz has 0.7 of the 0.6 it takes; the film is one that is only looked at; (0.7 + 0.2) / 2.
        assert course.state(QUIZ) == ("completed", 1.0)
        assert course.state(FILM) == ("in_progress", 0.0)
        assert course.grades() == (0.45, 0.45, None)

        await course.after("outline.set", outline=OUTLINE)
        # The talk is no part of the outline. The exam weighs 3 of 4 and has no score: 0.7 / 4.
        assert course.row("outline_node", TALK)["required"] is False
        assert course.row("outline_node", EXAM)["position"] == 1
        assert course.grades() == (0.7, 0.175, None)
        assert course.row("enrollment", ANN)["progress"] == pytest.approx(1 / 3, abs=1e-6)

        await course.after("rule.set", node=FILM, rule={"when": {"rule": "viewed"}, "valid_for": "P3D"})
        assert course.state(FILM) == ("completed", 1.0)
        await course.after("rule.set", node=EXAM, rule={"when": {"rule": "prerequisite", "node": FILM}})
        await log.append([did(4, "attempted", EXAM, 3)])
        await log.project()
        row = course.row("node_progress", ANN, EXAM)
        assert (row["state"], row["completed_at"]) == ("completed", BEGIN + timedelta(hours=1))

        await course.after("completion.overridden", node=FILM, person=ANN, completed=False)
        assert course.state(EXAM) == ("in_progress", 0.0)
        await course.after("completion.overridden", node=FILM, person=ANN, completed=None)
        assert course.state(EXAM) == ("completed", 1.0)

        await course.after("policy.set", policy={"pass_mark": 0.8})
        assert course.state(QUIZ) == ("in_progress", 0.0)
        await course.after("completion.overridden", node=QUIZ, person=ANN, completed=True)
        assert course.row("node_progress", ANN, QUIZ)["completed_at"] == BEGIN + timedelta(hours=10)
        await course.after("grade.overridden", node=EXAM, person=ANN, score=0.9)
        assert course.grades() == (0.85, 0.85, True)

        await log.tick(BEGIN + timedelta(days=3, hours=1))
        await log.project()
        assert course.state(FILM) == ("expired", 0.0)  # what is there to renew it, nothing
        assert course.state(EXAM) == ("completed", 1.0)
        assert log.differences() == []
        assert await course.misexplained() == []


async def test_somebody_of_whom_no_statement_tells(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        course = Course(log)
        await course.after("completion.overridden", node=EXAM, person=EVE, completed=True)
        assert read_models(database_url)["enrollment"] == {}  # nothing tells of such a node yet
        await course.after("outline.set", outline=OUTLINE)
        row = course.row("node_progress", EVE, EXAM)
        assert (row["state"], row["statements"], row["satisfied_by"]) == ("completed", 0, None)
        assert course.row("enrollment", EVE)["enrolled_at"] == BEGIN + timedelta(hours=10)
        await course.after("outline.set", outline=None)
        assert read_models(database_url)["enrollment"] == {}
        assert read_models(database_url)["outline_node"] == {}


async def test_missing_work_counts_once_its_due_date_is_past(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        course = Course(log)
        await course.after("outline.set", outline=OUTLINE)
        await log.append([did(1, "scored", QUIZ, 0, score={"scaled": 0.8})])
        await log.tick(BEGIN + timedelta(days=4))
        await log.project()
        assert course.grades() == (0.8, 0.2, None)
        log.start_anew()
        await log.tick(BEGIN + timedelta(days=4, seconds=1))
        await log.project()
        assert course.grades() == (0.2, 0.2, None)
        assert log.differences() == []


async def test_what_was_recorded_is_followed_though_it_would_be_refused_today(database_url: str) -> None:
    """A check that comes later takes nothing back, and stops nobody's read models."""
    rule = {"when": {"rule": "prerequisite", "node": FILM}}
    async with CourseLog.open(database_url) as log:
        with pytest.raises(ConfigurationRefused):
            read_configuration_event("rule.set", {"by": "ann", "course": COURSE, "content_type": "media", "rule": rule})
        log.configure(BEGIN, "rule.set", {"by": "ann", "course": COURSE, "content_type": "media", "rule": rule})
        await log.append([did(1, "passed", QUIZ, 1)])
        await log.project()
        assert read_models(log.url)["node_progress"][COURSE, ANN, QUIZ]["state"] == "completed"
