"""The read models over HTTP: pages in every order, and filters."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from lrs.simulation.course import COURSE_IRI
from tests.acceptance.endpoint import Json
from tests.acceptance.school import LEARNERS, School

SORTS: dict[str, Any] = {
    "name": lambda one: one["name"].lower(),
    "progress": lambda one: one["progress"],
    "grade": lambda one: one["grade_so_far"],
    "last_activity": lambda one: one["last_activity_at"],
    "enrolled": lambda one: one["enrolled_at"],
}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_roster_in_every_order(school: School, sort: str, order: str) -> None:
    """What cannot be sorted comes last, whichever way; pages of any size are the same list."""
    found = school.all("learners", sort=sort, order=order)
    assert len({one["person"] for one in found}) == len(found) == LEARNERS
    for size in (1, 3, LEARNERS):
        pages = school.pages("learners", sort=sort, order=order, limit=size)
        assert [one for page in pages for one in page] == found
        assert all(len(page) == size for page in pages[:-1])
    values = [SORTS[sort](one) for one in found]
    there = [value for value in values if value is not None]
    assert there == sorted(there, reverse=order == "desc")
    assert values[: len(there)] == there
    assert (len(there) < LEARNERS) is (sort in ("grade", "last_activity"))


def test_the_roster_is_that_of_the_course_page(school: School) -> None:
    page = school.get(school.course).json()
    mine = {one["person"]: one for one in school.all("learners")}
    for line in page["roster"]:
        assert {name: mine[line["person"]][name] for name in line} == line
    assert len(mine) == len(page["roster"])


def test_filters_of_the_roster(school: School) -> None:
    everyone = school.all("learners")
    ann = everyone[0]
    wanted: dict[str, tuple[Json, Any]] = {
        "status": ({"status": "active"}, lambda one: one["status"] == "active"),
        "withdrawn": ({"status": "withdrawn"}, lambda one: one["status"] == "withdrawn"),
        "at risk": ({"at_risk": "true"}, lambda one: one["risk"] is not None),
        "not at risk": ({"at_risk": "false"}, lambda one: one["risk"] is None),
        "passed": ({"passed": "true"}, lambda one: one["passed"] is True),
        "not known": ({"passed": "unknown"}, lambda one: one["passed"] is None),
        "name": ({"q": ann["name"].upper()}, lambda one: ann["name"].lower() in one["name"].lower()),
        "identifier": ({"q": ann["ifi"][5:]}, lambda one: one["ifi"] == ann["ifi"]),
        "pattern": ({"q": "%"}, lambda one: False),
        "progress": (
            {"min_progress": 0.2, "max_progress": 0.8},
            lambda one: 0.2 <= one["progress"] <= 0.8,
        ),
        "two": ({"status": "active", "min_progress": 0.5}, lambda o: o["status"] == "active" and o["progress"] >= 0.5),
    }
    for name, (params, is_wanted) in wanted.items():
        expected = [one for one in everyone if is_wanted(one)]
        assert school.all("learners", limit=2, **params) == expected, name
        assert (len(expected) > 0) is (name not in ("pattern",)), name


def test_progress_by_person_node_and_state(school: School) -> None:
    rows = school.all("progress", limit=1000)
    assert len({(one["person"], one["node"]) for one in rows}) == len(rows) > LEARNERS
    assert rows == sorted(rows, key=lambda one: (one["person"], one["node"]))
    one = rows[len(rows) // 2]
    for params in ({"person": one["person"]}, {"node": one["node"]}, {"state": "completed"}, {"state": "in_progress"}):
        ((name, value),) = params.items()
        expected = [row for row in rows if row[name] == value]
        assert expected
        assert school.all("progress", limit=7, **params) == expected
    both = {"person": one["person"], "node": one["node"]}
    assert school.all("progress", **both) == [one]
    assert school.all("progress", node=str(uuid4())) == []


def test_completions_are_those_of_progress(school: School) -> None:
    progress = {(one["person"], one["node"]): one for one in school.all("progress") if one["completed_at"]}
    found = school.all("completions", limit=13)
    assert [(one["completed_at"], one["person"], one["node"]) for one in found] == sorted(
        (one["completed_at"], *key) for key, one in progress.items()
    )
    assert all(one["satisfied_by"] == progress[one["person"], one["node"]]["satisfied_by"] for one in found)
    assert school.all("completions", limit=13, order="desc") == found[::-1]
    begin, end = found[5]["completed_at"], found[-5]["completed_at"]
    within = [one for one in found if begin <= one["completed_at"] < end]
    assert school.all("completions", since=begin, until=end, limit=9) == within
    course = UUID(school.course.rpartition("/")[2])
    of_course = [one for one in found if one["node"] == str(course)]
    assert of_course
    assert {one["kind"] for one in of_course} == {"course"}
    assert school.all("completions", node=course, limit=1) == of_course
    person = found[0]["person"]
    assert school.all("completions", person=person) == [one for one in found if one["person"] == person]


def test_the_gradebook(school: School) -> None:
    learners = school.all("learners")
    found = school.all("grades", limit=4)
    same = ("person", "name", "ifi", "grade_so_far", "grade_if_nothing_more", "passed")
    assert [{name: one[name] for name in same} for one in found] == [
        {name: one[name] for name in same} for one in learners
    ]
    for one in found:
        scores = [node["score"] for node in one["nodes"] if node["counts"] and node["score"] is not None]
        if scores and one["grade_so_far"] is not None:
            assert one["grade_so_far"] == pytest.approx(sum(scores) / len(scores), abs=1e-6)
    best = max(found, key=lambda one: len(one["nodes"]))
    node = best["nodes"][0]
    only = {one["person"]: one["nodes"] for one in school.all("grades", node=node["node"])}
    assert only == {one["person"]: [it for it in one["nodes"] if it["node"] == node["node"]] for one in found}
    assert school.all("grades", person=best["person"]) == [best]


def test_one_learner(school: School) -> None:
    learner = school.all("learners", sort="progress", order="desc")[0]
    body = school.get(f"learners/{learner['person']}").json()
    assert body["learner"] == learner
    rows = school.all("progress", person=learner["person"])
    grades = {one["node"]: one for one in school.all("grades", person=learner["person"])[0]["nodes"]}
    for told, row in zip(body["nodes"], rows, strict=True):
        assert {name: told[name] for name in row} == row
        assert told["grade"] == grades.get(row["node"])
        assert len(told["attempts"]) == (told["grade"] or {"attempts": 0})["attempts"]
    assert school.all(f"learners/{learner['person']}", limit=3) == body["nodes"]
    (course,) = school.all(f"/api/learners/{learner['person']}/courses")
    assert course["iri"] == COURSE_IRI
    assert {name: course[name] for name in learner if name in course} == {
        name: value for name, value in learner.items() if name in course
    }


def test_the_outline(school: School) -> None:
    nodes = school.all("outline")
    assert school.all("outline", limit=4) == nodes
    assert nodes[0]["kind"] == "course"
    seen: dict[str, int] = {}
    for one in nodes:
        assert one["depth"] == (0 if one["parent"] is None else seen[one["parent"]] + 1)
        seen[one["node"]] = one["depth"]
    shown = school.get(school.course).json()["outline"]
    assert {one["id"]: one["parent"] for one in shown} == {one["node"]: one["parent"] for one in nodes}
