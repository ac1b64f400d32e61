"""A course as it was, and as it would be, over HTTP: before and after each thing that moves its grades."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from projections.fact import name_of
from tests.acceptance.configured import Setter, setter_at
from tests.acceptance.endpoint import Endpoint, Json, new_statement, paths, voiding

pytestmark = pytest.mark.one_database("embedded")

ADL = "http://adlnet.gov/expapi/"
ANN, EVE = "mbox:mailto:ann@example.com", "mbox:mailto:eve@example.com"


class Class:
    """A course of its own, of which something is told and set, and what it was at any moment."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.setter: Setter = setter_at(endpoint)
        self.path = f"/api/courses/{name_of(self.setter.course)}"

    def scored(self, node: str, score: float, who: str = "ann") -> Json:
        """Somebody has a score."""
        return new_statement(
            actor={"mbox": f"mailto:{who}@example.com", "name": who.title()},
            verb={"id": f"{ADL}verbs/scored"},
            object={"id": self.setter.iri(node), "definition": {"type": f"{ADL}activities/assessment"}},
            result={"score": {"scaled": score}},
            context={
                "contextActivities": {
                    "grouping": [{"id": self.setter.course, "definition": {"type": f"{ADL}activities/course"}}]
                }
            },
        )

    def after(self, *statements: Json) -> int:
        """Their position."""
        return int(self.endpoint.send(list(statements)).headers["X-LRS-Position"])

    def set(self, path: str, json: Any = None, **options: Any) -> int:
        """The position of what is set."""
        return int(self.setter.set(path, json, **options)["position"])

    def read(
        self, path: str, expected: int = 200, headers: dict[str, str] | None = None, **params: Any
    ) -> httpx.Response:
        """Anything of the course; what is being built is asked for again."""
        while True:
            answer = self.endpoint.ask("GET", f"{self.path}/{path}", params=params, headers=headers)
            if answer.status_code != 202:
                assert answer.status_code == expected, answer.text
                return answer
            assert answer.headers["Retry-After"]
            assert answer.json()["building"].keys() == {"statements", "of"}

    def grades(self, as_of: Any) -> dict[str, tuple[float | None, float | None]]:
        """So far, and if nothing more is done, by learner."""
        answer = self.read("grades", as_of=as_of)
        if isinstance(as_of, int):
            assert answer.headers["X-LRS-Position"] == str(as_of)
        return {one["name"]: (one["grade_so_far"], one["grade_if_nothing_more"]) for one in answer.json()["grades"]}

    def what_if(self, *events: Json, **params: Any) -> Json:
        """What these would change."""
        while True:
            answer = self.endpoint.send({"events": list(events)}, path=f"{self.path}/what-if", params=params)
            if answer.status_code != 202:
                assert answer.status_code == 200, answer.text
                found: Json = answer.json()
                return found


@pytest.fixture
def course(endpoint: Endpoint) -> Class:
    return Class(endpoint)


def test_grades_as_of_each_thing_that_moved_them(course: Class) -> None:
    wrong = {**course.scored("quiz", 0.2), "timestamp": "2198-01-01T00:00:00Z"}
    first = course.after(course.scored("quiz", 0.6), course.scored("essay", 0.4, "eve"))
    instant = datetime.now(UTC).isoformat()
    late = course.after({**course.scored("essay", 1.0), "timestamp": "2020-01-01T00:00:00Z"}, wrong)
    policy = course.set("/policy", {"attempts": {"take": "last"}})
    voided = course.after(voiding(wrong["id"]))
    override = course.set("/overrides/-/-", {"score": 0.1}, person=ANN, node="quiz")
    now = course.after(course.scored("film", 0.5, "bo"))
    known = course.grades(now)
    eve = (0.4, 0.2)
    assert course.grades(first) == {"Ann": (0.6, 0.3), "Eve": eve}
    assert course.grades(instant) == {"Ann": (0.6, 0.3), "Eve": eve}
    assert course.grades(late) == {"Ann": (0.8, 0.8), "Eve": eve}
    assert course.grades(policy) == {"Ann": (0.6, 0.6), "Eve": eve}  # the last attempt at the quiz: 0.2
    assert course.grades(voided) == {"Ann": (0.8, 0.8), "Eve": eve}
    assert course.grades(override) == {"Ann": (0.55, 0.55), "Eve": eve}
    assert known.keys() == {"Ann", "Eve", "Bo"}
    live = course.read("grades", headers={"X-LRS-Read-After": str(now)}).json()
    assert course.read("grades", as_of=now).json() == live
    assert course.read("grades", as_of="2199-01-01T00:00:00Z").json() == live
    course.read("grades", 404, as_of="2001-01-01T00:00:00Z")


def test_everything_of_a_course_is_as_of_then(course: Class) -> None:
    """Every resource says what it says live, as of the position where it said so."""
    rule = {"when": {"rule": "score", "at_least": 0.9}}
    position = course.after(course.scored("quiz", 0.7), course.scored("quiz", 0.8, "eve"))
    learner = f"learners/{name_of(ANN)}"
    explained = f"{learner}/nodes/{name_of(course.setter.iri('quiz'))}/explain"
    asked = ("outline", "learners", "progress", "grades", "completions", learner, explained)
    read = {"X-LRS-Read-After": str(position)}
    live = {path: course.read(path, headers=read).json() for path in asked}
    set_at = course.set("/rules/-", rule, node="quiz")
    course.after(course.scored("exam", 0.1), course.scored("quiz", 0.1))
    for path in asked:
        answer = course.read(path, as_of=position)
        assert answer.json() == live[path]
        tag = answer.headers["ETag"]
        course.read(path, 304, headers={"If-None-Match": tag}, as_of=position)
    assert course.read(explained, as_of=position).json()["rule"]["source"] == "default"
    assert course.read(explained, as_of=set_at).json()["rule"]["source"] == "set"
    page = course.read("learners", as_of=position, limit=1, fields="name").json()
    assert page["learners"] == [{"name": "Ann"}]
    following = course.endpoint.ask("GET", page["more"])
    assert following.headers["X-LRS-Position"] == str(position)
    assert following.json()["learners"] == [{"name": "Eve"}]


def test_what_cannot_be_asked_is_refused(course: Class) -> None:
    position = course.after(course.scored("quiz", 0.7))
    for wrong in ("yesterday", "-1", "1.5", str(position + 1_000_000), str(2**63)):
        assert paths(course.read("grades", 400, as_of=wrong)) == ["as_of"]
    unknown = f"/api/courses/{uuid4()}"
    assert course.endpoint.ask("GET", f"{unknown}/grades", params={"as_of": position}).status_code == 404
    nowhere = f"/api/learners/{name_of(ANN)}/courses"
    assert paths(course.endpoint.ask("GET", nowhere, params={"as_of": position})) == ["as_of"]

    def refused(body: Any, **params: Any) -> list[str]:
        return paths(course.endpoint.send(body, path=f"{course.path}/what-if", params=params))

    rule = {"kind": "rule.set", "node": course.setter.iri("quiz"), "rule": {"when": {"rule": "viewed"}}}
    assert refused({"events": []}) == [""]
    assert refused([rule]) == [""]
    assert refused({"events": [rule] * 21}) == [""]
    assert refused({"events": [rule, {"kind": "person.merged"}]}) == ["events[1].kind"]
    assert refused({"events": [{**rule, "by": "me"}]}) == ["events[0].by"]
    assert refused({"events": [{**rule, "rule": {"when": {"rule": "guess"}}}]}) == ["events[0].rule.when"]
    waiting = {"when": {"rule": "prerequisite", "node": course.setter.iri("nowhere")}}
    (path,) = refused({"events": [{**rule, "rule": waiting}]})
    assert path.startswith("events[0].rule")
    assert refused({"events": [rule]}, as_of="soon") == ["as_of"]
    assert course.endpoint.send({"events": [rule]}, path=f"{unknown}/what-if").status_code == 404
    assert course.setter.get()["version"] == 0  # nothing of all that was recorded


SHOWN = ("status", "progress", "completed_at", "grade_so_far", "grade_if_nothing_more", "passed")
ON_NODE = {"state": None, "completed_at": None, "late": False, "expires_at": None}


def standing(course: Class, position: int) -> tuple[dict[str, Json], dict[tuple[str, str], Json]]:
    """How everybody stands in the course, and on its nodes, once the read models have come so far."""
    read = {"X-LRS-Read-After": str(position)}
    lines = course.read("learners", headers=read).json()["learners"]
    rows = course.read("progress", headers=read).json()["progress"]
    scores = {
        (line["person"], node["node"]): node["score"]
        for line in course.read("grades", headers=read).json()["grades"]
        for node in line["nodes"]
    }
    return (
        {one["person"]: {name: one[name] for name in SHOWN} for one in lines},
        {
            (key := (one["person"], one["node"])): {name: one.get(name, usual) for name, usual in ON_NODE.items()}
            | {"score": scores.get(key)}
            for one in rows
        },
    )


def test_what_if_says_what_then_happens(course: Class) -> None:
    learners = [course.scored("quiz", score, f"l{number}") for number, score in enumerate((0.65, 0.7, 0.75, 0.8, 0.9))]
    position = course.after(*learners, course.scored("exam", 0.5, "l1"), course.scored("exam", 0.9, "l4"))
    quiz = course.setter.iri("quiz")
    rule = {"when": {"rule": "score", "at_least": 0.75}}
    due = "2020-01-01T00:00:00Z"
    late = {"late_penalty": {"at_once": 0.5}}
    outline = course.setter.outline("quiz", "film")
    trials: list[tuple[Json, str, Json]] = [
        ({"kind": "rule.set", "node": quiz, "rule": rule}, "/rules/-", rule),
        ({"kind": "due.set", "node": quiz, "due_at": due}, "/due/-", {"due_at": due}),
        ({"kind": "policy.set", "policy": {"attempts": late}}, "/policy", {"attempts": late}),
        ({"kind": "outline.set", "outline": outline}, "/configuration/outline", outline),
    ]
    changes = []
    for event, path, body in trials:
        before = standing(course, position)
        told = course.what_if(event)
        position = course.set(path, body, **({"node": "quiz"} if path.endswith("-") else {}))
        after = standing(course, position)
        moved = {one for one in before[0] if before[0][one] != after[0].get(one)}
        moved |= {key[0] for key in before[1].keys() | after[1].keys() if before[1].get(key) != after[1].get(key)}
        assert {one["person"] for one in told["learners"]} == moved
        assert told["changed"] == len(moved)
        for one in told["learners"]:
            person = one["person"]
            assert (one["before"], one["after"]) == (before[0][person], after[0][person])
            nodes = {node["node"]: (node["before"], node["after"]) for node in one["nodes"]}
            keys = {key for key in before[1].keys() | after[1].keys() if key[0] == person}
            assert nodes == {
                key[1]: (before[1].get(key), after[1].get(key))
                for key in keys
                if before[1].get(key) != after[1].get(key)
            }
        changes.append(told["changed"])
    assert changes == [
        2,
        0,
        5,
        5,
    ]  # of five: below 0.75 are two; nothing is due, late or penalised before there is a penalty


def test_what_if_of_the_past_in_pages(course: Class) -> None:
    position = course.after(*(course.scored("quiz", 0.7, f"l{number}") for number in range(3)))
    course.after(course.scored("quiz", 0.9, "l0"), course.scored("quiz", 0.7, "l9"))
    strict = {"kind": "policy.set", "policy": {"pass_mark": 0.8}}
    excused = {"kind": "grade.overridden", "node": course.setter.iri("quiz"), "person": "mbox:mailto:l1@example.com"}
    told = course.what_if(strict, {**excused, "excused": True}, as_of=position, limit=2)
    assert (told["changed"], told["position"], len(told["learners"])) == (3, position, 2)
    body = {"events": [strict, {**excused, "excused": True}]}
    rest = course.endpoint.send(body, path=told["more"]).json()
    assert (rest["changed"], rest["more"], len(rest["learners"])) == (3, "", 1)
    everybody = {one["name"]: one for one in told["learners"] + rest["learners"]}
    assert everybody.keys() == {"L0", "L1", "L2"}
    (node,) = everybody["L0"]["nodes"]
    assert (node["before"]["state"], node["after"]["state"]) == ("completed", "in_progress")
    assert everybody["L1"]["after"]["grade_so_far"] is None
    assert course.setter.get()["version"] == 0
