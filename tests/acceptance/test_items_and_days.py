"""What was played, answered and done by the day, over HTTP: pages and filters; and what no course was found for."""

from collections.abc import Callable
from statistics import correlation, fmean, median
from typing import Any
from uuid import uuid4

import pytest

from tests.acceptance.endpoint import Endpoint, Json, new_statement
from tests.acceptance.school import School

pytestmark = pytest.mark.one_database("embedded")

TYPE = "http://adlnet.gov/expapi/activities/"
ANSWERED = {"id": "http://adlnet.gov/expapi/verbs/answered"}

KEYS: dict[str, Callable[[Json], Any]] = {
    "media": lambda one: (one["person"], one["node"]),
    "responses": lambda one: (one["node"], one["person"], one["at"], one["id"]),
    "items": lambda one: one["node"],
    "activity": lambda one: (one["day"], one["person"]),
    "daily": lambda one: one["day"],
}


@pytest.mark.parametrize("what", KEYS)
def test_pages_of_any_size_are_the_same_list(school: School, what: str) -> None:
    whole = school.all(what)
    assert len(whole) > 4
    assert whole == sorted(whole, key=KEYS[what])
    assert len({KEYS[what](one) for one in whole}) == len(whole)
    for size in (max(1, len(whole) // 5), len(whole)):
        assert school.all(what, limit=min(size, 100)) == whole
    if what == "activity":
        assert school.all(what, order="desc") == whole[::-1]


def test_filters(school: School) -> None:
    for what, names in (("media", ("person", "node")), ("responses", ("person", "node")), ("activity", ("person",))):
        whole = school.all(what)
        for name in names:
            wanted = whole[len(whole) // 2][name]
            found = school.all(what, **{name: wanted})
            assert found == [one for one in whole if one[name] == wanted]
    responses = school.all("responses")
    for name in ("first_try", "final"):
        for value in (True, False):
            found = school.all("responses", **{name: str(value).lower()})
            assert found == [one for one in responses if one[name] is value]
    items = school.all("items")
    one = items[0]
    assert school.all("items", node=one["node"]) == [one]
    assert school.all("items", parent=one["parent"]) == [item for item in items if item["parent"] == one["parent"]]
    days = school.all("daily")
    middle = days[len(days) // 2]["day"]
    assert school.all("daily", since=middle) == [day for day in days if day["day"] >= middle]
    assert school.all("activity", until=middle) == [day for day in school.all("activity") if day["day"] < middle]


def test_days_add_up(school: School) -> None:
    """A course's day is its learners', and these are what the learners' nodes say."""
    activity = school.all("activity")
    for day in school.all("daily"):
        own = [one for one in activity if one["day"] == day["day"]]
        scores = [one["score"] for one in own if one["score"] is not None]
        assert day["active"] == sum(1 for one in own if one["events"])
        assert (day["events"], day["completions"]) == tuple(
            sum(one[name] for one in own) for name in ("events", "completions")
        )
        assert all(day[name] == sum(one[name] for one in own) for name in ("enrolled", "started", "completed"))
        assert day["mean_score"] == (pytest.approx(fmean(scores), abs=1e-6) if scores else None)
        assert day["median_score"] == (pytest.approx(median(scores), abs=1e-6) if scores else None)
    learners = school.all("learners")
    assert sum(one["enrolled"] for one in activity) == len(learners)
    assert sum(one["started"] for one in activity) == sum(one["started_at"] is not None for one in learners)
    done = {(one["person"], one["completed_at"][:10]) for one in learners if one["completed_at"]}
    assert {(one["person"], one["day"]) for one in activity if one["completed"]} == done
    course = school.course.rpartition("/")[2]
    completed = [one for one in school.all("progress") if one["completed_at"] and one["node"] != course]
    assert sum(one["completions"] for one in activity) == len(completed) > 0


def test_media_is_the_progress_of_the_video(school: School) -> None:
    progress = {(one["person"], one["node"]): one for one in school.all("progress")}
    for one in school.all("media"):
        row = progress[one["person"], one["node"]]
        assert row["completed_at"] is not None or one["fraction"] == pytest.approx(row["fraction"], abs=2e-6)
        covered = sum(end - start for start, end in one["segments"])
        assert one["fraction"] == pytest.approx(covered / one["length"], abs=2e-6)
        assert all(0 <= start < end <= one["length"] and times >= 1 for start, end, times in one["plays"])


def test_what_came_of_items(school: School) -> None:
    """As they are computed from the responses."""
    firsts = school.all("responses", first_try="true")
    for item in school.all("items"):
        own = [one for one in firsts if one["node"] == item["node"]]
        scores = [one["score"] for one in own if one["score"] is not None]
        assert (item["learners"], item["scored"]) == (len(own), len(scores))
        assert item["facility"] == (pytest.approx(fmean(scores), abs=1e-6) if scores else None)
        assert item["discrimination"] is None  # of fourteen learners nothing can be said
    times = sorted(one["at"] for one in firsts)
    since, until = times[len(times) // 4], times[len(times) // 2]
    inside = [one for one in firsts if since <= one["at"] < until]
    window = school.all("items", since=since, until=until)
    assert {one["node"]: one["learners"] for one in window} == {
        one["node"]: sum(first["node"] == one["node"] for first in inside) for one in window
    }


def answer_of(course: str, learner: int, item: int, **result: Any) -> Json:
    """A learner answers an item of the course's quiz."""
    parent = {"id": f"{course}/quiz", "definition": {"type": f"{TYPE}assessment"}}
    around = {"parent": [parent], "grouping": [{"id": course, "definition": {"type": f"{TYPE}course"}}]}
    return new_statement(
        actor={"mbox": f"mailto:learner-{learner}@example.com"},
        verb=ANSWERED,
        object={"id": f"{course}/quiz/{item}", "definition": {"type": f"{TYPE}cmi.interaction"}},
        result=result,
        context={"contextActivities": around},
        timestamp=f"2026-03-0{1 + item}T10:{learner:02}:00Z",
    )


def test_discrimination(endpoint: Endpoint) -> None:
    """The correlation with the mean on the other items: of 24 learners."""
    course = f"http://{uuid4().hex}.example/course"
    learners = range(24)
    scores = {item: [(n * (7 + item) % (item + 2)) / (item + 1) for n in learners] for item in range(3)}
    statements = [
        answer_of(course, learner, item, score={"scaled": score}, response=f"{learner % 2}[,]{item}")
        for item, own in scores.items()
        for learner, score in enumerate(own)
    ]
    again = answer_of(course, 0, 0, score={"scaled": 0.5})
    statements.append(again | {"timestamp": "2026-03-09T10:00:00Z"})
    read = {"X-LRS-Read-After": endpoint.send(statements).headers["X-LRS-Position"]}
    (found,) = endpoint.ask("GET", "/api/courses", params={"iri": course}, headers=read).json()["courses"]
    items = endpoint.ask("GET", f"/api/courses/{found['id']}/items").json()["items"]
    assert len(items) == 3
    for row in items:
        item = int(row["iri"][-1])
        own = [round(score, 6) for score in scores[item]]
        others = [fmean(round(scores[other][n], 6) for other in scores if other != item) for n in range(24)]
        assert row["learners"] == row["scored"] == 24
        assert row["facility"] == pytest.approx(fmean(own), abs=1e-6)
        assert row["discrimination"] == pytest.approx(correlation(own, others), abs=2e-6)
        twice = [["2", 24], ["0", 12], ["1", 12]] if item == 2 else [[str(item), 36], [str(1 - item), 12]]
        assert row["options"] == twice
    undo = new_statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"})
    undo["object"] = {"objectType": "StatementRef", "id": statements[0]["id"]}
    read = {"X-LRS-Read-After": endpoint.send(undo).headers["X-LRS-Position"]}
    after = endpoint.ask("GET", f"/api/courses/{found['id']}/items", headers=read).json()["items"]
    mine = next(row for row in after if row["iri"].endswith("/0"))
    own = [0.5, *(round(score, 6) for score in scores[0][1:])]  # the second try is the first one now
    assert mine["facility"] == pytest.approx(fmean(own), abs=1e-6)


def test_what_no_course_was_found_for(endpoint: Endpoint) -> None:
    place = f"http://{uuid4().hex}.example"
    ann = {"mbox": "mailto:ann@example.com"}
    registration = str(uuid4())
    lost = [
        new_statement(actor=ann, object={"id": f"{place}/{number % 2}"}, timestamp=f"2026-03-0{number + 1}T10:00:00Z")
        for number in range(6)
    ]
    lost[4]["context"] = {"registration": registration}
    group = new_statement(object={"id": f"{place}/group"})
    group["actor"] = {"objectType": "Group", "mbox": "mailto:class@example.com"}
    attempt = new_statement(actor=ann, object={"id": f"{place}/try", "definition": {"type": f"{TYPE}attempt"}})
    read = {"X-LRS-Read-After": endpoint.send([*lost, group, attempt]).headers["X-LRS-Position"]}

    def activities(**params: Any) -> dict[str, Json]:
        found: dict[str, Json] = {}
        more = "/api/unassigned"
        while more:
            page = endpoint.ask("GET", more, params=params or None, headers=read).json()
            params = {}
            found |= {one["iri"].removeprefix(place): one for one in page["activities"] if one["iri"].startswith(place)}
            more = page["more"]
        return found

    found = activities(limit=1)
    assert found == activities()
    assert {name: (one["statements"], one["reason"]) for name, one in found.items()} == {
        "/0": (3, "unknown_registration"),
        "/1": (3, "no_registration"),
        "/group": (1, "group"),
        "/try": (1, "attempt_without_unit"),
    }
    first = found["/0"]
    assert (first["example"], first["first_at"], first["last_at"]) == (
        lost[4]["id"],
        "2026-03-01T10:00:00Z",
        "2026-03-05T10:00:00Z",
    )
    of_first = endpoint.ask("GET", f"/api/unassigned/{first['activity']}", params={"order": "desc"}).json()
    assert [one["id"] for one in of_first["statements"]] == [lost[4]["id"], lost[2]["id"], lost[0]["id"]]
    assert [one["reason"] for one in of_first["statements"]] == ["unknown_registration", *["no_registration"] * 2]
    known = new_statement(actor=ann, object={"id": f"{place}/course", "definition": {"type": f"{TYPE}course"}})
    known["context"] = {"registration": registration}
    read = {"X-LRS-Read-After": endpoint.send(known).headers["X-LRS-Position"]}
    assert activities()["/0"]["statements"] == 2
