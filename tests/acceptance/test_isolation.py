"""What a credential may not see it does not see, whichever way it asks: another tenant's, or another authority's."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from schemas.scope import UNASKED, Scope
from tests.acceptance.endpoint import VERB, Json, new_statement, voiding
from tests.acceptance.tenants import Caller, add_tenant, credential
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

OTHER_TENANT = 2
LAST_TIMES = {"since": "2020-01-01T00:00:00Z", "until": "2199-01-01T00:00:00Z"}


class Neighbours(NamedTuple):
    """Callers at one server: `ours` and `mine` in one tenant, `theirs` in another; `mine` reads its own only."""

    ours: Caller
    mine: Caller
    theirs: Caller


@pytest.fixture(scope="module")
def neighbours(database_server: PostgresServer) -> Iterator[Neighbours]:
    with ExitStack() as stack:
        url = stack.enter_context(migrated_database(database_server))
        add_tenant(url, OTHER_TENANT)
        origin = stack.enter_context(serving(url, LRS_PAGE_SIZE="2")).origin
        client = stack.enter_context(httpx.Client())
        yield Neighbours(
            Caller(origin, client, credential(url, Scope.ALL)),
            Caller(origin, client, credential(url, *UNASKED)),
            Caller(origin, client, credential(url, Scope.ALL, tenant=OTHER_TENANT)),
        )


def filters(caller: Caller) -> list[dict[str, Any]]:
    """Every way to ask for what a caller has stored."""
    agent = json.dumps({"mbox": caller.agent["mbox"]})
    return [
        {},
        {"verb": VERB},
        {"activity": caller.iri("lesson")},
        {"activity": caller.iri("course"), "related_activities": "true"},
        {"agent": agent},
        {"agent": agent, "related_agents": "true"},
        {"agent": agent, "verb": VERB, "ascending": "true"},
        {"registration": caller.registration},
        {"ascending": "true"},
        LAST_TIMES,
    ]


def documents(caller: Caller) -> list[tuple[str, Json]]:
    """Where a caller keeps a document, by each resource."""
    agent = json.dumps(caller.agent)
    return [
        ("/xapi/activities/state", {"activityId": caller.iri("lesson"), "agent": agent, "stateId": caller.mark}),
        ("/xapi/activities/profile", {"activityId": caller.iri("lesson"), "profileId": caller.mark}),
        ("/xapi/agents/profile", {"agent": agent, "profileId": caller.mark}),
    ]


def read_models(course: str, person: str) -> list[str]:
    """What is told of a course and a learner in it."""
    learner = f"/api/courses/{course}/learners/{person}"
    names = ("outline", "learners", "progress", "grades", "completions", "media", "responses", "items", "activity")
    lists = [f"/api/courses/{course}/{what}" for what in names]
    return [*lists, learner, f"{learner}/nodes/{course}/explain", f"/api/learners/{person}/courses"]


def test_nothing_of_another_tenant(neighbours: Neighbours) -> None:
    ours, _, theirs = neighbours
    ids, voided = theirs.fill()
    for path, params in documents(theirs):
        kept = theirs.ask("PUT", path, params=params, json={"is": theirs.mark}, headers={"If-None-Match": "*"})
        assert kept.status_code == 204
    completed = theirs.in_course(verb={"id": "http://adlnet.gov/expapi/verbs/completed"})
    answered = theirs.in_course(verb={"id": "http://adlnet.gov/expapi/verbs/answered"})
    question = {"type": "http://adlnet.gov/expapi/activities/question"}
    answered["object"] = {"id": theirs.iri("question"), "definition": question}
    played = theirs.in_course(verb={"id": "https://w3id.org/xapi/video/verbs/played"})
    lost = new_statement(actor=theirs.agent, object={"id": theirs.iri("lost")})
    position = theirs.post([completed, answered, played, lost])
    theirs.get("/api/projections", wait_for=position)
    course = theirs.get("/api/courses").json()["courses"][0]["id"]
    person = theirs.get(f"/api/courses/{course}/learners").json()["learners"][0]["person"]
    for path in read_models(course, person):
        answer = theirs.get(path)
        assert answer.status_code == 200
        assert theirs.mark in answer.text
        tag = answer.headers["ETag"]
        assert theirs.ask("GET", path, headers={"If-None-Match": tag}).status_code == 304
        assert ours.ask("GET", path, headers={"If-None-Match": tag}).status_code == 404
        if path.startswith("/api/courses/"):
            assert theirs.mark in theirs.get(path, as_of=position).text
            assert ours.get(path, as_of=position).status_code == 404
    tried = {"events": [{"kind": "policy.set", "policy": {"pass_mark": 0.99}}]}
    told = theirs.ask("POST", f"/api/courses/{course}/what-if", json=tried)
    assert (told.status_code, theirs.mark in told.text) == (200, True)
    assert ours.ask("POST", f"/api/courses/{course}/what-if", json=tried).status_code == 404
    more = theirs.get().json()["more"]
    key = theirs.ask("POST", "/api/credentials", json={"name": theirs.mark}).json()["key"]

    for filter in filters(theirs):
        assert set(ids[:-1]) <= set(theirs.found(**filter))
        assert set(ours.found(**filter)).isdisjoint([*ids, voided])
    hidden: list[tuple[int, str, Json]] = [
        (404, "/xapi/statements", {"statementId": ids[0]}),
        (404, "/xapi/statements", {"voidedStatementId": voided}),
        (404, f"/api/courses/{course}", {}),
        (404, f"/api/courses/{course}/live", {}),
        (404, f"/courses/{course}", {}),
        (404, f"/api/courses/{course}/daily", {}),
        *((404, path, {}) for path in read_models(course, person)),
        *((404, path, params) for path, params in documents(theirs)),
    ]
    for status, path, params in hidden:
        answer = ours.get(path, **params)
        assert answer.status_code == status, (path, params)
        assert theirs.mark not in answer.text
        assert ours.ask("HEAD", path, params=params).status_code in (status, 405)
    assert ours.ask("GET", more).status_code == 400
    for path, params in documents(theirs):
        params = {name: value for name, value in params.items() if name not in ("stateId", "profileId")}
        assert ours.get(path, **params).json() == []
    year = {"from": "2026-01-01", "to": "2199-01-01", "group_by": "course,learner"}
    lists: list[tuple[str, Json]] = [("/", {}), ("/api/courses", {}), ("/api/unassigned", {})]
    (activity,) = theirs.get("/api/unassigned").json()["activities"]
    lists.append((f"/api/unassigned/{activity['activity']}", {}))
    for path, params in (*lists, ("/api/credentials", {}), ("/api/analytics/activity", year)):
        assert theirs.mark in theirs.get(path, **params).text
        answer = ours.get(path, **params)
        assert answer.status_code == 200
        assert theirs.mark not in answer.text
    described: list[tuple[str, Json, str]] = [
        ("/xapi/agents", {"agent": json.dumps({"mbox": theirs.agent["mbox"]})}, f"Learner {theirs.mark}"),
        ("/xapi/activities", {"activityId": theirs.iri("lesson")}, f"Lesson {theirs.mark}"),
    ]
    for path, params, name in described:
        assert name in theirs.get(path, **params).text
        answer = ours.get(path, **params)
        assert answer.status_code == 200
        assert name not in answer.text
    assert ours.get("/api/projections").json()["counts"].get("enrollment", 0) == 0
    for change in ("rotate", "disable"):
        assert ours.ask("POST", f"/api/credentials/{key}/{change}").status_code == 404
    assert [one["disabled"] for one in theirs.get("/api/credentials").json()["credentials"]] == [None, None]


def test_what_one_tenant_does_changes_nothing_of_another(neighbours: Neighbours) -> None:
    """The same ids, documents and voided targets are others in each tenant."""
    ours, _, theirs = neighbours
    statement = theirs.in_course()
    theirs.post([statement])
    assert ours.ask("POST", "/xapi/statements", json=ours.in_course(id=statement["id"])).status_code == 200
    ours.post([voiding(statement["id"])])
    answer = theirs.get(statementId=statement["id"])
    assert answer.status_code == 200
    assert ours.mark not in answer.text
    for path, params in documents(theirs):
        stored = {"headers": {"If-None-Match": "*"}, "params": {**params, **_document_id(params)}}
        assert theirs.ask("PUT", path, json={"is": "theirs"}, **stored).status_code == 204
        assert ours.ask("PUT", path, json={"is": "ours"}, **stored).status_code == 204
        assert ours.ask("DELETE", path, params=stored["params"]).status_code == 204
        assert theirs.get(path, **stored["params"]).json() == {"is": "theirs"}


def _document_id(params: Json) -> Json:
    return {name: str(uuid4()) for name in params if name in ("stateId", "profileId")}


def test_nothing_of_another_authority(neighbours: Neighbours) -> None:
    """statements/read/mine (Communication 4.2), though learner, verb, activity and registration are the same."""
    ours, mine, _ = neighbours
    mine.mark = ours.mark
    their_ids, their_voided = ours.fill()
    my_ids, wrong = mine.fill()
    of_theirs = [
        voiding(their_voided),
        new_statement(object={"objectType": "StatementRef", "id": their_ids[0]}),
    ]
    mine.post(of_theirs)
    ours.post([new_statement(object={"objectType": "StatementRef", "id": my_ids[0]})])
    visible = [*my_ids, *(one["id"] for one in of_theirs)]

    for filter in filters(mine):
        found = mine.found(**filter)
        assert set(found) <= set(visible), filter
        assert set(my_ids[:-1]) <= set(found), filter
        assert len(set(found)) == len(found)
    assert sorted(mine.found()) == sorted(visible)
    assert set(their_ids) <= set(ours.found())
    assert set(visible) <= set(ours.found())
    for hidden in ({"statementId": their_ids[0]}, {"voidedStatementId": their_voided}):
        assert ours.get(**hidden).status_code == 200
        answer = mine.get(**hidden)
        assert answer.status_code == 404
        assert mine.mark not in answer.text
    assert mine.get(statementId=my_ids[0]).status_code == 200
    assert mine.get(voidedStatementId=wrong).status_code == 200


def test_a_link_to_more_shows_no_more_than_its_reader_may_see(neighbours: Neighbours) -> None:
    ours, mine, _ = neighbours
    their_ids, _ = ours.fill()
    my_ids, _ = mine.fill()
    ours.fill()
    answer = ours.get()
    seen: list[str] = []
    while answer.json()["more"]:
        answer = mine.ask("GET", answer.json()["more"])
        seen += [one["id"] for one in answer.json()["statements"]]
    assert set(my_ids) <= set(seen)
    assert set(their_ids).isdisjoint(seen)


def test_the_authority_is_the_credential_whatever_the_statement_says(neighbours: Neighbours) -> None:
    ours, mine, _ = neighbours
    borrowed = ours.get(limit=1).json()["statements"][0]["authority"]
    statement = new_statement(authority=borrowed)
    mine.post([statement])
    stored = mine.get(statementId=statement["id"]).json()
    assert isinstance(mine.auth, tuple)
    assert stored["authority"]["account"]["name"] == mine.auth[0]
    assert stored["authority"] != borrowed


def test_the_canonical_form_shows_nothing_that_another_authority_says(neighbours: Neighbours) -> None:
    ours, mine, _ = neighbours
    iri = mine.iri("shared")
    own = new_statement(object={"id": iri, "definition": {"name": {"en": "mine"}}})
    said = {"name": {"en": "theirs"}, "description": {"en": "secret"}}
    mine.post([own])
    ours.post([new_statement(object={"id": iri, "definition": said})])
    asked = {"statementId": own["id"], "format": "canonical"}
    assert mine.get(**asked).json()["object"]["definition"] == {"name": {"en": "mine"}}
    assert ours.get(**asked).json()["object"]["definition"] == said
