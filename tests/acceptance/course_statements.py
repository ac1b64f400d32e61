"""Statements of one small course, and what its page then shows, over HTTP."""

from typing import Any

from lrs.api.read_after import READ_AFTER
from tests.acceptance.endpoint import Endpoint, Json, new_statement

COURSE = "http://example.com/courses/sailing"
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
_TYPE = "http://adlnet.gov/expapi/activities/"


def completed(learner: str, lesson: int = 1) -> Json:
    """A learner completes a lesson of the course."""
    return new_statement(
        actor={"mbox": f"mailto:{learner}@example.com", "name": learner},
        verb={"id": COMPLETED},
        object={"id": f"{COURSE}/{lesson}", "definition": {"type": f"{_TYPE}lesson"}},
        context={"contextActivities": {"parent": [{"id": COURSE, "definition": {"type": f"{_TYPE}course"}}]}},
    )


def posted(endpoint: Endpoint, learner: str) -> tuple[str, dict[str, str]]:
    """The id of a statement that is stored, and the header that asks to see it."""
    statement = completed(learner)
    answer = endpoint.send(statement)
    assert answer.status_code == 200
    return statement["id"], {READ_AFTER: answer.headers["X-LRS-Position"]}


def learners(endpoint: Endpoint, **options: Any) -> set[str]:
    """The names in the roster of the course; none where there is no course yet."""
    found: set[str] = set()
    for course in endpoint.ask("GET", "/api/courses", params={"iri": COURSE}, **options).json()["courses"]:
        view = endpoint.ask("GET", f"/api/courses/{course['id']}", **options).json()
        found |= {one["name"] for one in view["roster"]}
    return found
