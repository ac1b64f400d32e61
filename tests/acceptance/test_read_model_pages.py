"""The read models over HTTP: pages in every order, filters, fields, ETags, and refusals that name what is wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest

from lrs.simulation.cohort import simulate
from lrs.simulation.course import COURSE_IRI
from tests.acceptance.endpoint import Endpoint, Json, new_statement, paths, violations
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

LEARNERS = 14
NOW = datetime(2026, 9, 1, tzinfo=UTC)
SORTS: dict[str, Any] = {
    "name": lambda one: one["name"].lower(),
    "progress": lambda one: one["progress"],
    "grade": lambda one: one["grade_so_far"],
    "last_activity": lambda one: one["last_activity_at"],
    "enrolled": lambda one: one["enrolled_at"],
}


LISTS = ("statements", "nodes", "learners", "progress", "grades", "completions", "courses")


class School(NamedTuple):
    """A server that has read the demo's cohort, and the address of its course."""

    endpoint: Endpoint
    course: str

    def get(
        self, path: str, expected: int = 200, headers: dict[str, str] | None = None, **params: Any
    ) -> httpx.Response:
        """Something of the course, or an address."""
        address = path if path.startswith("/") else f"{self.course}/{path}"
        answer = self.endpoint.ask("GET", address, params=params or None, headers=headers)
        assert answer.status_code == expected, answer.text
        return answer

    def pages(self, path: str, **params: Any) -> list[list[Json]]:
        """Every page of a list, `more` followed to the end."""
        pages: list[list[Json]] = []
        answer = self.get(path, **params)
        while True:
            body = answer.json()
            pages.append(body[next(name for name in LISTS if name in body)])
            if not body["more"]:
                return pages
            answer = self.get(body["more"])

    def all(self, path: str, **params: Any) -> list[Json]:
        """Every row of a list."""
        return [row for page in self.pages(path, **params) for row in page]


@pytest.fixture(scope="module")
def school(database_server: PostgresServer) -> Iterator[School]:
    with migrated_database(database_server) as url, serving(url) as server, httpx.Client() as client:
        endpoint = Endpoint(server.origin, client)
        statements = [one.statement for one in simulate(3, LEARNERS, 28, NOW)]
        for at in range(0, len(statements), 300):
            answer = endpoint.send(statements[at : at + 300])
        position = answer.headers["X-LRS-Position"]
        read = {"X-LRS-Read-After": position}
        (course,) = endpoint.ask("GET", "/api/courses", params={"iri": COURSE_IRI}, headers=read).json()["courses"]
        yield School(endpoint, f"/api/courses/{course['id']}")


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


def test_only_some_fields(school: School) -> None:
    rows = school.all("learners", fields="person,progress")
    assert rows == [{"person": one["person"], "progress": one["progress"]} for one in school.all("learners")]
    answer = school.get("learners", 400, fields="person,colour")
    (violation,) = violations(answer)
    assert violation["path"] == "fields"
    assert "colour" in violation["rule"]


def test_what_is_known_is_not_sent_again_and_what_is_new_is(school: School) -> None:
    """A 304 for the same answer only, also after something else was stored."""
    person = school.all("learners")[0]["person"]
    asked: list[tuple[str, Json]] = [
        ("outline", {}),
        ("learners", {"sort": "grade", "limit": 3}),
        ("progress", {"state": "completed"}),
        ("grades", {}),
        ("completions", {}),
        (f"learners/{person}", {}),
        (f"/api/learners/{person}/courses", {}),
    ]
    tags = {}
    for path, params in asked:
        answer = school.get(path, **params)
        tags[path] = answer.headers["ETag"]
        for tag in (tags[path], f'"other", W/{tags[path]}', "*"):
            known = school.get(path, 304, {"If-None-Match": tag}, **params)
            assert known.content == b""
            assert int(known.headers["X-LRS-Position"]) >= int(answer.headers["X-LRS-Position"])
    school.get("learners", 200, {"If-None-Match": tags["learners"]}, sort="grade", limit=4)
    school.get("progress", 200, {"If-None-Match": tags["grades"]}, state="completed")
    stored = school.endpoint.send(new_statement()).headers["X-LRS-Position"]
    for path, params in asked:
        headers = {"If-None-Match": tags[path], "X-LRS-Read-After": stored}
        answer = school.get(path, 304, headers, **params)
        assert answer.headers["ETag"] == tags[path]
        assert int(answer.headers["X-LRS-Position"]) >= int(stored)
    before = school.get("learners", sort="name", limit=3)
    line = before.json()["learners"][0]
    named = new_statement(actor={"mbox": line["ifi"].removeprefix("mbox:"), "name": "Somebody Else"})
    named["timestamp"] = "2027-01-01T00:00:00Z"
    stored = school.endpoint.send(named).headers["X-LRS-Position"]
    headers = {"If-None-Match": before.headers["ETag"], "X-LRS-Read-After": stored}
    assert school.get("learners", 200, headers, sort="name", limit=3).json() != before.json()
    school.endpoint.post(_voiding(named["id"]))


def _voiding(target: str) -> Json:
    statement = new_statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"})
    return {**statement, "object": {"objectType": "StatementRef", "id": target}}


def test_a_page_goes_on_though_others_change(school: School) -> None:
    """Whoever stays in place is met once, whoever else comes and goes."""
    before = school.all("learners", sort="enrolled", fields="person")
    page = school.get("learners", sort="enrolled", fields="person", limit=5).json()
    course = {"id": COURSE_IRI, "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}
    news = [
        new_statement(actor={"mbox": f"mailto:{name}@example.com"}, object=course, timestamp=at)
        for name, at in (("early", "2020-01-01T00:00:00Z"), ("late", "2027-01-01T00:00:00Z"))
    ]
    read = {"X-LRS-Read-After": school.endpoint.send(news).headers["X-LRS-Position"]}
    met = page["learners"]
    while page["more"]:
        page = school.get(page["more"], headers=read).json()
        met += page["learners"]
    assert met[:-1] == before
    (last,) = school.all("learners", q="late@example.com")
    assert met[-1] == {"person": last["person"]}
    for one in news:
        school.endpoint.post(_voiding(one["id"]))


@pytest.mark.parametrize(
    ("path", "params", "place"),
    [
        ("learners", {"limit": "0"}, "limit"),
        ("learners", {"limit": "1001"}, "limit"),
        ("learners", {"limit": "ten"}, "limit"),
        ("learners", {"sort": "colour"}, "sort"),
        ("learners", {"order": "up"}, "order"),
        ("learners", {"at_risk": "perhaps"}, "at_risk"),
        ("learners", {"min_progress": "nan"}, "min_progress"),
        ("learners", {"max_progress": "2"}, "max_progress"),
        ("learners", {"q": ""}, "q"),
        ("learners", {"status": ["active", "completed"]}, "status"),
        ("learners", {"colour": "red"}, "colour"),
        ("learners", {"more": "made-up"}, "more"),
        ("progress", {"person": "ann"}, "person"),
        ("progress", {"state": "lost"}, "state"),
        ("completions", {"since": "yesterday"}, "since"),
        ("grades", {"limit": "101"}, "limit"),
        ("outline", {"sort": "name"}, "sort"),
    ],
)
def test_what_cannot_be_asked(school: School, path: str, params: Json, place: str) -> None:
    answer = school.get(path, 400, **params)
    assert paths(answer) == [place]


def test_a_link_to_more_is_of_its_own_list(school: School) -> None:
    more = school.get("learners", limit=1).json()["more"]
    token = more.partition("=")[2]
    assert paths(school.get("progress", 400, more=token)) == ["more"]
    assert paths(school.get("learners", 400, more=token, limit=1)) == ["more"]
    statements = school.endpoint.get(limit=1).json()["more"].partition("=")[2]
    assert paths(school.get("learners", 400, more=statements)) == ["more"]


def test_what_is_not_there(school: School) -> None:
    nobody = uuid4()
    for path in (
        f"learners/{nobody}",
        f"learners/{nobody}/nodes/{nobody}/explain",
        f"/api/learners/{nobody}/courses",
        *(f"/api/courses/{nobody}/{what}" for what in ("outline", "learners", "progress", "grades", "completions")),
    ):
        school.get(path, 404)
    person = school.all("learners")[0]["person"]
    school.get(f"learners/{person}/nodes/{nobody}/explain", 404)


def test_every_number_is_explained_by_statements_that_are_there(school: School) -> None:
    learner = max(school.all("learners"), key=lambda one: (one["passed"] is None, one["completed_nodes"]))
    rows = school.all(f"learners/{learner['person']}")
    named: set[str] = set()
    for row in rows:
        path = f"learners/{learner['person']}/nodes/{row['node']}/explain"
        told = school.get(path).json()
        verdict = told["verdict"]
        same = ("state", "fraction", "completed_at", "satisfied_by", "revoked_at")
        assert {name: verdict[name] for name in same} == {name: row[name] for name in same}
        assert told["rule"]["source"] == "default"
        assert told["sentence"].startswith(("completed", "not completed"))
        if row["grade"] is None:
            assert told["grade"] is None
        else:
            names = ("score", "attempts", "best_attempt", "counts")
            assert {name: told["grade"][name] for name in names} == {name: row["grade"][name] for name in names}
        assert [one["attempt"] for one in told["attempts"]] == [one["attempt"] for one in row["attempts"]]
        assert len(told["statements"]) == row["statements"]
        by_two = school.all(path, limit=2)
        assert by_two == told["statements"]
        named |= {one for one in [row["satisfied_by"], *(one["scored_by"] for one in told["attempts"])] if one}
        if told["course_row"] is not None:
            assert {name: told["course_row"][name] for name in ("progress", "grade_so_far", "passed")} == {
                name: learner[name] for name in ("progress", "grade_so_far", "passed")
            }
    assert len(named) > 5
    assert all(school.endpoint.is_there(one) for one in named)


def test_a_rule_that_is_set_is_the_one_that_explains(school: School) -> None:
    """As long as the read models stand before it, they are explained by what counted there."""
    rows = school.all("progress", state="completed")
    row = rows[0]
    path = f"learners/{row['person']}/nodes/{row['node']}/explain"
    before = school.get(path).json()
    rule = {"when": {"rule": "score", "at_least": 1.0}}
    named = f"{school.course}/rules/{row['node']}"
    put = school.endpoint.send(rule, "PUT", path=named)
    assert put.status_code == 200, put.text
    after = school.get(path, headers={"X-LRS-Read-After": put.headers["X-LRS-Position"]}).json()
    assert before["rule"]["source"] == "default"
    assert (after["rule"]["source"], after["rule"]["version"]) == ("set", 1)
    assert after["rule"]["rule"]["when"] == rule["when"]
    assert after["explanation"]["asked"] == 1
    tag = school.get(path).headers["ETag"]
    standing_alike = f'{tag.rpartition(".")[0]}.of-other-code"'
    school.get(path, 304, {"If-None-Match": tag})
    school.get(path, 200, {"If-None-Match": standing_alike})
    school.endpoint.ask("DELETE", named)
