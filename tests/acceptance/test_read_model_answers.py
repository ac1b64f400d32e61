"""The read models over HTTP: fields, ETags, links to more, explanations, and refusals that name what is wrong."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from lrs.simulation.course import COURSE_IRI
from tests.acceptance.endpoint import Json, new_statement, paths, violations
from tests.acceptance.school import School

pytestmark = pytest.mark.one_database("embedded")


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
        *((name, {}) for name in ("media", "responses", "items", "activity", "daily")),
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
        ("media", {"node": "video"}, "node"),
        ("responses", {"final": "perhaps"}, "final"),
        ("items", {"since": "2026-03-01"}, "since"),
        ("items", {"limit": "101"}, "limit"),
        ("activity", {"since": "2026-03-01T00:00:00Z"}, "since"),
        ("activity", {"sort": "person"}, "sort"),
        ("daily", {"until": "2026-02-30"}, "until"),
        ("daily", {"person": str(COURSE_IRI)}, "person"),
        ("/api/unassigned", {"reason": "group"}, "reason"),
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
        *(f"/api/courses/{nobody}/{what}" for what in ("media", "responses", "items", "activity", "daily")),
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


def test_what_is_set_is_in_the_answers(school: School) -> None:
    """A completion that came late and has expired; where a node of the outline that was set stands."""
    lesson = next(one["iri"] for one in school.all("outline") if one["iri"].endswith("/lesson"))
    row = next(one for one in school.all("progress", state="completed") if one["iri"] == lesson)
    assert (row["late"], row["expires_at"]) == (False, None)
    said = {"rule": "statement", "verb": "http://adlnet.gov/expapi/verbs/completed"}
    rule = {"when": {"rule": "not_after", "deadline": "2020-01-01T00:00:00Z", "of": said}, "valid_for": "P2W"}
    outline = {"course": COURSE_IRI, "nodes": [{"id": f"{COURSE_IRI}/first"}, {"id": lesson, "rule": rule}]}
    before = school.get("outline").json()["nodes"]
    assert all((one["position"], one["source"]) == (None, None) for one in before)
    put = school.endpoint.send(outline, "PUT", path=f"{school.course}/configuration/outline")
    assert put.status_code == 200, put.text
    read = {"X-LRS-Read-After": put.headers["X-LRS-Position"]}
    names = "person,state,late,expires_at"
    answer = school.get("progress", headers=read, node=row["node"], fields=names).json()["progress"]
    (told,) = [one for one in answer if one["person"] == row["person"]]
    assert set(told) == set(names.split(","))
    assert told["late"] is True
    expires = datetime.fromisoformat(row["completed_at"]) + timedelta(weeks=2)
    assert datetime.fromisoformat(told["expires_at"]) == expires
    nodes = {one["iri"]: one for one in school.all("outline", fields="iri,position,source")}
    assert nodes[f"{COURSE_IRI}/first"] == {"iri": f"{COURSE_IRI}/first", "position": 0, "source": "set"}
    assert nodes[lesson]["position"] == 1
    taken = school.endpoint.ask("DELETE", f"{school.course}/configuration/outline")
    assert taken.status_code == 200, taken.text
