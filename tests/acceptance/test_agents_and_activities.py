"""What is known of Agents and Activities is read straight after it was said (xAPI Communication 2.4, 2.5)."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from schemas.scope import UNASKED, Scope
from tests.acceptance.endpoint import VERSION, Endpoint, Json, new_statement, voiding
from tests.acceptance.tenants import Caller, add_tenant, credential
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.one_database("embedded")

AGENTS, ACTIVITIES = "/xapi/agents", "/xapi/activities"
SUITES_IRI = "http://www.example.com/a/../b/{}?q=ä%20b&x=%C3%A4#frag"


class Room(NamedTuple):
    """Callers at one server: two of one tenant, of whom one may not define; one of another."""

    endpoint: Endpoint
    definer: Caller
    writer: Caller
    stranger: Caller


@pytest.fixture(scope="module")
def room(database_server: PostgresServer) -> Iterator[Room]:
    with ExitStack() as stack:
        url = stack.enter_context(migrated_database(database_server))
        add_tenant(url, 2)
        origin = stack.enter_context(serving(url)).origin
        client = stack.enter_context(httpx.Client())
        yield Room(
            Endpoint(origin, client),
            Caller(origin, client, credential(url, Scope.STATEMENTS_WRITE, Scope.DEFINE)),
            Caller(origin, client, credential(url, *UNASKED)),
            Caller(origin, client, credential(url, Scope.ALL, tenant=2)),
        )


@pytest.fixture
def endpoint(room: Room) -> Endpoint:
    """The server as one who may do everything sees it."""
    return room.endpoint


def new_iri() -> str:
    """An activity that nobody has spoken of."""
    return f"https://example.com/path/../ä/{uuid4()}"


def new_agent(**others: Any) -> Json:
    """An agent that nobody has spoken of."""
    return {"account": {"homePage": "https://example.com", "name": f"漢 {uuid4()}"}, **others}


def about(iri: str, definition: Json, **changes: Any) -> Json:
    return new_statement(object={"id": iri, "definition": definition}, **changes)


def activity(endpoint: Endpoint, iri: str, **options: Any) -> Json:
    answer = endpoint.ask("GET", ACTIVITIES, params={"activityId": iri}, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    found: Json = answer.json()
    assert found.pop("objectType") == "Activity"
    assert found.pop("id") == iri
    assert set(found) <= {"definition"}
    definition: Json = found.get("definition", {})
    return definition


def person(endpoint: Endpoint, agent: Json, **options: Any) -> Json:
    answer = endpoint.ask("GET", AGENTS, params={"agent": json.dumps(agent)}, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    found: Json = answer.json()
    assert found.pop("objectType") == "Person"
    assert all(isinstance(value, list) and value for value in found.values())
    return found


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_an_activity_is_what_all_statements_say_of_it(endpoint: Endpoint, version: str) -> None:
    iri = new_iri()
    assert activity(endpoint, iri, version=version) == {}
    endpoint.post([about(iri, {"name": {"en": "one"}}), about(iri, {"name": {"fr": "réunion"}})], version=version)
    assert activity(endpoint, iri, version=version) == {"name": {"en": "one", "fr": "réunion"}}
    endpoint.put(about(iri, {"name": {"en": "two"}, "type": "x:a", "extensions": {"x:k": [1.50]}}))
    endpoint.post(about(iri, {"type": "x:b", "extensions": {"x:l": None}}), version=version)
    endpoint.post(new_statement(object={"id": iri}), version=version)
    assert activity(endpoint, iri, version=version) == {
        "name": {"en": "two", "fr": "réunion"},
        "type": "x:b",
        "extensions": {"x:k": [1.5], "x:l": None},
    }


def test_the_last_word_counts_however_often_it_changes(endpoint: Endpoint) -> None:
    iri = new_iri()
    for name in ("one", "two", "one", "three", "one", "two"):
        endpoint.post(about(iri, {"name": {"en": name}, "type": "x:t"}))
        assert activity(endpoint, iri) == {"name": {"en": name}, "type": "x:t"}


def test_wherever_an_activity_is_described(endpoint: Endpoint) -> None:
    iris = [new_iri() for _ in range(8)]
    described = [{"id": iri, "definition": {"name": {"en": iri}}} for iri in iris]
    inner = {
        "objectType": "SubStatement",
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": "x:planned"},
        "object": described[0],
        "context": {"contextActivities": {"other": [described[1]]}},
    }
    context = {"parent": described[2], "grouping": described[3:5], "category": [described[5]], "other": [described[6]]}
    endpoint.post([new_statement(object=inner, context={"contextActivities": context}), about(iris[7], {})])
    for iri in iris[:7]:
        assert activity(endpoint, iri) == {"name": {"en": iri}}
    assert activity(endpoint, iris[7]) == {}


def test_numbers_keep_their_digits(endpoint: Endpoint) -> None:
    iri = new_iri()
    value = '{"a":0.12345678901234567890123,"b":[1e400,1.00,-0.0,123456789012345678901234567890]}'
    statement = about(iri, {"extensions": {"x:e": "VALUE", "x:ä": "😀"}})
    assert endpoint.send(json.dumps(statement).replace('"VALUE"', value).encode()).status_code == 200
    answer = endpoint.ask("GET", ACTIVITIES, params={"activityId": iri})
    assert f'{{"x:e":{value},"x:ä":"😀"}}' in answer.text


def test_what_is_not_stored_defines_nothing(endpoint: Endpoint) -> None:
    iri = new_iri()
    first = about(iri, {"name": {"en": "first"}})
    endpoint.post(first)
    later = {**first, "object": {"id": iri, "definition": {"name": {"en": "sent again"}}}}
    assert endpoint.send([later]).status_code == 200  # a definition makes no other statement (Data 2.3.1)
    assert endpoint.send({**first, "verb": {"id": "x:other"}, "object": later["object"]}).status_code == 409
    wrong = {"actor": {}, **about(iri, {"name": {"en": "refused"}})} | {"verb": {}}
    assert endpoint.send([about(iri, {"name": {"en": "with it"}}), wrong]).status_code == 400
    assert activity(endpoint, iri) == {"name": {"en": "first"}}


def test_a_definition_stays_when_its_statement_is_voided(endpoint: Endpoint) -> None:
    iri = new_iri()
    (identity,) = endpoint.post(about(iri, {"type": "x:t"}))
    endpoint.post(voiding(identity))
    assert activity(endpoint, iri) == {"type": "x:t"}


def test_an_iri_is_compared_as_it_is_written(endpoint: Endpoint) -> None:
    iri = SUITES_IRI.format(uuid4())
    endpoint.post(about(iri, {"type": "x:t"}))
    assert activity(endpoint, iri) == {"type": "x:t"}
    assert activity(endpoint, iri.replace("%C3", "%c3")) == {}
    long = f"https://example.com/{uuid4()}/{'x' * 20_000}"
    endpoint.post(about(long, {"type": "x:t"}))
    endpoint.post(about(f"{long}y", {"type": "x:u"}))
    assert endpoint.get(activity=long).status_code == 200
    assert activity(endpoint, long) == {"type": "x:t"}


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_person_has_every_name_that_was_seen(endpoint: Endpoint, version: str) -> None:
    agent = new_agent()
    assert person(endpoint, agent, version=version) == {"account": [agent["account"]]}
    group = {"objectType": "Group", "member": [{**agent, "name": "Member"}]}
    endpoint.post(new_statement(actor={**agent, "name": "Änn"}), version=version)
    endpoint.post([new_statement(actor=group), new_statement(actor=agent)], version=version)
    endpoint.post(new_statement(object={"objectType": "Agent", **agent, "name": "Änn"}), version=version)
    found = person(endpoint, {**agent, "name": "Asked"}, version=version)
    assert found == {"account": [agent["account"]], "name": ["Änn", "Member", "Asked"]}


def test_a_voided_statement_names_nobody(endpoint: Endpoint) -> None:
    agent = new_agent()
    (identity,) = endpoint.post(new_statement(actor={**agent, "name": "wrong"}))
    endpoint.post(voiding(identity))
    assert person(endpoint, agent) == {"account": [agent["account"]]}


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        (ACTIVITIES, "", ["activityId"]),
        (ACTIVITIES, "?activityId=", ["activityId"]),
        (ACTIVITIES, "?activityId=no%20iri", ["activityId"]),
        (ACTIVITIES, "?activityId=x:y&activityId=x:z", ["activityId"]),
        (ACTIVITIES, "?activityid=x:y", ["activityId", "activityid"]),
        (ACTIVITIES, "?activityId=x:y&agent=x", ["agent"]),
        (ACTIVITIES, "?activityId=x:%00", ["activityId"]),
        (ACTIVITIES, "?activityId=x:%ff", ["activityId"]),
        (AGENTS, "", ["agent"]),
        (AGENTS, "?agent=", ["agent"]),
        (AGENTS, "?agent={}", ["agent"]),
        (AGENTS, "?agent=[]", ["agent"]),
        (AGENTS, "?agent=null", ["agent"]),
        (AGENTS, '?agent={"name":"nobody"}', ["agent"]),
        (AGENTS, '?agent={"objectType":"Person","mbox":["mailto:a@b.example"]}', ["agent.objectType"]),
        (AGENTS, '?agent={"objectType":"Group","mbox":"mailto:a@b.example"}', ["agent"]),
        (AGENTS, '?agent={"mbox":["mailto:a@b.example"]}', ["agent.mbox"]),
        (AGENTS, '?agent={"mbox":"mailto:a@b.example","openid":"x:y"}', ["agent"]),
        (AGENTS, '?agent={"mbox":"mailto:a@b.example","name":"\\ud800"}', ["agent"]),
        (AGENTS, '?agent={"mbox":"mailto:a@b.example","name":"\\u0000"}', ["agent"]),
        (AGENTS, '?agent={"mbox":"mailto:a@b.example"}&activityId=x:y', ["activityId"]),
    ],
)
def test_bad_queries(endpoint: Endpoint, path: str, query: str, names: list[str]) -> None:
    answer = endpoint.ask("GET", path + query)
    assert answer.status_code == 400, answer.text
    violations = answer.json()["violations"]
    assert sorted(one["path"] for one in violations) == names
    assert all(one["rule"] and one["clause"].startswith("xAPI 1.0.3 ") for one in violations)


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [(AGENTS, "agent", '{"mbox":"mailto:one@example.com"}'), (ACTIVITIES, "activityId", "https://example.com/one")],
)
def test_methods_and_versions(endpoint: Endpoint, path: str, name: str, value: str) -> None:
    params = {name: value}
    read = endpoint.ask("GET", path, params=params)
    head = endpoint.ask("HEAD", path, params=params)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == read.headers["Content-Length"]
    assert endpoint.ask("HEAD", path).status_code == 400
    assert endpoint.ask("GET", path, params=params, version=None).status_code == 400
    assert endpoint.ask("GET", path, params=params, version="2.0.0").headers[VERSION] == "2.0.0"
    for method in ("PUT", "POST", "DELETE"):
        assert endpoint.ask(method, path, params=params).status_code == 405
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = str(httpx.QueryParams({**params, VERSION: "1.0.3"})).encode()
    assert endpoint.ask("POST", f"{path}?method=GET", headers=form, content=body).json() == read.json()


def test_only_who_may_define_does(room: Room) -> None:
    """The scope define (Communication 4.2), by each way in."""
    iri, (identity, other) = new_iri(), (str(uuid4()), str(uuid4()))
    room.writer.post([about(iri, {"name": {"en": "no"}})])
    put = {"params": {"statementId": identity}, "json": about(iri, {"name": {"en": "no"}}, id=identity)}
    assert room.writer.ask("PUT", "/xapi/statements", **put).status_code == 204
    results = {"headers": {"X-LRS-Results": "true"}, "json": [about(iri, {"name": {"en": "no"}}, id=other)]}
    assert room.writer.ask("POST", "/xapi/statements", **results).status_code == 200
    assert activity(room.endpoint, iri) == {}
    assert room.endpoint.is_there(identity)
    assert room.endpoint.is_there(other)
    room.definer.post([about(iri, {"name": {"en": "yes"}})])
    room.writer.post([about(iri, {"name": {"en": "no"}, "type": "x:no"})])
    assert activity(room.endpoint, iri) == {"name": {"en": "yes"}}


def test_what_another_tenant_says_is_not_known_here(room: Room) -> None:
    iri, agent = new_iri(), new_agent(name="Known there")
    room.stranger.post([about(iri, {"type": "x:t"}, actor=agent)])
    del agent["name"]
    assert activity(room.endpoint, iri) == {}
    assert person(room.endpoint, agent) == {"account": [agent["account"]]}
    assert room.stranger.get(ACTIVITIES, activityId=iri).json()["definition"] == {"type": "x:t"}
    assert room.stranger.get(AGENTS, agent=json.dumps(agent)).json()["name"] == ["Known there"]
    room.definer.post([about(iri, {"type": "x:u"})])
    assert room.stranger.get(ACTIVITIES, activityId=iri).json()["definition"] == {"type": "x:t"}


def test_the_canonical_form_shows_what_is_merged(endpoint: Endpoint) -> None:
    """The definition of the LRS, not that of the statement (Communication 2.1.3, format)."""
    iri = new_iri()
    (identity,) = endpoint.post(about(iri, {"name": {"en": "old"}, "extensions": {"x:n": 1.50}}))
    endpoint.post(about(iri, {"name": {"en": "new", "de": "neu"}, "type": "x:t"}))
    answer = endpoint.ask(
        "GET", params={"statementId": identity, "format": "canonical"}, headers={"Accept-Language": "de"}
    )
    expected = {"name": {"de": "neu"}, "type": "x:t", "extensions": {"x:n": 1.5}}
    assert answer.json()["object"] == {"id": iri, "definition": expected}
