"""Every scope against every route: what the table allows is answered, and everything else is 403, naming the scope."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from lrs.main import create_app
from lrs.settings import Settings
from schemas.scope import Scope
from tests.acceptance.endpoint import Json, new_statement
from tests.acceptance.poison import add_letter
from tests.acceptance.tenants import Caller, credential
from tests.acceptance.token_issuer import Bearer
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.one_database("embedded")

WRITERS = {"statements/write", "all"}
READERS = {"statements/read", "all/read", "all"}
STATE_READERS, STATE_WRITERS = {"state", "all/read", "all"}, {"state", "all"}
PROFILE_READERS, PROFILE_WRITERS = {"profile", "all/read", "all"}, {"profile", "all"}
EVERYBODY = {scope.value for scope in Scope}
SCHEMAS = tuple(f"/api/schemas/{name}" for name in ("completion-rule", "grade-policy", "outline"))
PROBES = ("/health/live", "/health/ready")
OPEN = ("/xapi/about", *PROBES, "/openapi.json", "/docs", *SCHEMAS)

COURSE = "/api/courses/{course_id}"
NOWHERE = 10**15
"""The position of a letter."""
LETTER = "/api/dead-letters/{position}"
ONLY_SET = (f"{COURSE}/due", f"{COURSE}/overrides")
SETTINGS: dict[str, Json] = {
    f"{COURSE}/configuration/outline": {"course": "https://scopes.example/course", "nodes": []},
    f"{COURSE}/rules/{{node_id}}": {"when": {"rule": "viewed"}},
    f"{COURSE}/rules/types/{{content_type}}": {"when": {"rule": "viewed"}},
    f"{COURSE}/policy": {"pass_mark": 0.5},
    f"{COURSE}/due/{{node_id}}": {"due_at": "2026-03-29T10:15:00Z"},
    f"{COURSE}/due/{{node_id}}/{{person_id}}": {"due_at": "2026-03-29T10:15:00Z"},
    f"{COURSE}/overrides/{{person_id}}/{{node_id}}": {"excused": True},
    "/api/mappings/{activity_id}": {"course": "https://scopes.example/course"},
}
"""What can be set, and to what; that it is set again and again changes nothing."""
CONFIGURATION = tuple(f"{of}/configuration{what}" for of in ("/api", COURSE) for what in ("", "/events"))
NAMED = {
    "course": "https://scopes.example/course",
    "node": "https://scopes.example/node",
    "person": "mbox:mailto:ann@example.com",
    "activity": "https://scopes.example/node",
}
"""What the query names where the path does not."""

TABLE: dict[tuple[str, str], set[str]] = {
    **{(method, path): EVERYBODY for path in OPEN for method in ("GET", "HEAD")},
    ("POST", "/xapi/statements"): WRITERS,
    ("PUT", "/xapi/statements"): WRITERS,
    ("GET", "/xapi/statements"): {"statements/read/mine"} | READERS,
    ("HEAD", "/xapi/statements"): {"statements/read/mine"} | READERS,
    **{(method, path): READERS for path in ("/xapi/agents", "/xapi/activities") for method in ("GET", "HEAD")},
    **dict.fromkeys([(method, "/xapi/activities/state") for method in ("GET", "HEAD")], STATE_READERS),
    **dict.fromkeys([(method, "/xapi/activities/state") for method in ("PUT", "POST", "DELETE")], STATE_WRITERS),
    **{
        (method, path): holders
        for path in ("/xapi/activities/profile", "/xapi/agents/profile")
        for methods, holders in ((("GET", "HEAD"), PROFILE_READERS), (("PUT", "POST", "DELETE"), PROFILE_WRITERS))
        for method in methods
    },
    **{(method, path): READERS for path in ("/xapi/agents", "/xapi/activities") for method in ("GET", "HEAD")},
    ("GET", "/"): READERS,
    ("GET", "/courses/{course_id}"): READERS,
    ("GET", "/api/courses"): READERS,
    ("GET", "/api/courses/{course_id}"): READERS,
    ("GET", "/api/courses/{course_id}/live"): READERS,
    **{
        ("GET", f"{COURSE}/{what}"): READERS
        for what in ("outline", "learners", "learners/{person_id}", "progress", "grades", "completions")
    },
    **{("GET", f"{COURSE}/{what}"): READERS for what in ("media", "responses", "items", "activity", "daily")},
    **{("GET", f"/api/unassigned{what}"): READERS for what in ("", "/{activity_id}")},
    ("GET", f"{COURSE}/learners/{{person_id}}/nodes/{{node_id}}/explain"): READERS,
    ("POST", f"{COURSE}/what-if"): READERS,
    ("GET", "/api/learners/{person_id}/courses"): READERS,
    ("GET", "/api/projections"): READERS,
    ("GET", "/api/analytics/activity"): READERS,
    ("GET", "/metrics"): {"all/read", "all"},
    ("GET", "/api/credentials"): {"all"},
    ("POST", "/api/credentials"): {"all"},
    ("POST", "/api/credentials/{key}/rotate"): {"all"},
    ("POST", "/api/credentials/{key}/disable"): {"all"},
    ("POST", "/api/credentials/{key}/compatibility"): {"all"},
    **{(method, path): {"all"} for path in SETTINGS for method in ("PUT", "DELETE")},
    **{("GET", path): READERS for path in (*SETTINGS, *CONFIGURATION) if not path.startswith(ONLY_SET)},
    **{("POST", f"/api/persons/{{person_id}}/{change}"): {"all"} for change in ("merge", "unmerge")},
    ("GET", "/api/dead-letters"): {"all"},
    ("GET", LETTER): {"all"},
    **{("POST", f"{LETTER}/{decision}"): {"all"} for decision in ("retry", "discard")},
}


class Room(NamedTuple):
    """A server, what is in it, and a caller of each scope."""

    owner: Caller
    course: str
    person: str
    spare: str
    callers: dict[str, Caller]


@pytest.fixture(scope="module")
def room(database_server: PostgresServer) -> Iterator[Room]:
    with ExitStack() as stack:
        url = stack.enter_context(migrated_database(database_server))
        origin = stack.enter_context(serving(url)).origin
        client = stack.enter_context(httpx.Client())
        owner = Caller(origin, client, CREDENTIAL)
        position = owner.post([owner.in_course()])
        owner.get("/api/projections", wait_for=position)
        course = owner.get("/api/courses").json()["courses"][0]["id"]
        person = owner.get(f"/api/courses/{course}/learners").json()["learners"][0]["person"]
        add_letter(url, NOWHERE)
        callers = {scope.value: Caller(origin, client, credential(url, scope)) for scope in Scope}
        yield Room(owner, course, person, credential(url, Scope.STATE)[0], callers)


def by_name(path: str) -> tuple[str, Json]:
    """A path of the configuration, and the query that names what it leaves open."""
    named = {name: text for name, text in NAMED.items() if f"{{{name}_id}}" in path}
    return path.format(content_type="media", **{f"{name}_id": "-" for name in NAMED}), named


def request_for(path: str, method: str, room: Room, caller: Caller) -> tuple[str, dict[str, Any]]:
    """An URL and options that are right for a route, whoever asks."""
    if path == "/xapi/statements":
        statement = new_statement()
        if method == "PUT":
            return path, {"json": statement, "params": {"statementId": statement["id"]}}
        return path, {"json": statement} if method == "POST" else {}
    if path in ("/xapi/agents", "/xapi/activities"):
        agent = '{"mbox":"mailto:ann@example.com"}'
        return path, {"params": {"agent": agent} if "agents" in path else {"activityId": "http://example.com/one"}}
    if path.startswith("/xapi/a") and path != "/xapi/about":
        is_state = path.endswith("state")
        owner: dict[str, Any] = {"activityId": "http://example.com/activities/one"}
        if is_state or "agents" in path:
            owner |= {"agent": '{"mbox":"mailto:ann@example.com"}'}
        if "agents" in path:
            del owner["activityId"]
        if method in ("GET", "HEAD"):
            return path, {"params": owner}
        owner |= {"stateId" if is_state else "profileId": str(uuid4())}
        if method == "DELETE":
            return path, {"params": owner}
        return path, {"params": owner, "json": {"a": 1}, "headers": {"If-None-Match": "*"}}
    if path == "/api/analytics/activity":
        params = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "bucket": "day"}
        return path, {"params": params}
    if path in SETTINGS or path in CONFIGURATION or path.startswith("/api/persons"):
        filled, named = by_name(path)
        sent = {"into": "mbox:mailto:anna@example.com"} if path.endswith("/merge") else SETTINGS.get(path)
        if method == "GET" and sent is not None:
            assert room.owner.ask("PUT", filled, params=named, json=sent).status_code == 200
        return filled, {"params": named} | ({"json": sent} if method in ("PUT", "POST") else {})
    if path.endswith("/what-if"):
        tried = {"kind": "policy.set", "policy": {"pass_mark": 0.5}}
        return path.format(course_id=room.course), {"json": {"events": [tried]}}
    if path.endswith("/compatibility"):
        return path.format(key=room.spare), {"json": {"on": True}}
    options = {"json": {"on": True}} if path.endswith("/compatibility") else {}
    of_course = {"course_id": room.course, "person_id": room.person, "node_id": room.course, "activity_id": room.course}
    return path.format(key=room.spare, position=NOWHERE, **of_course), options


def status_of(caller: Caller, method: str, path: str, options: dict[str, Any]) -> tuple[int, httpx.Response]:
    """The status; a stream is not followed."""
    if not path.endswith("/live"):
        answer = caller.ask(method, path, **options)
        return answer.status_code, answer
    with caller.client.stream(method, caller.origin + path, auth=caller.auth) as answer:
        if answer.status_code >= 400:
            answer.read()
        return answer.status_code, answer


@pytest.mark.parametrize("scope", [scope.value for scope in Scope])
def test_what_a_scope_allows(room: Room, scope: str) -> None:
    caller = room.callers[scope]
    found, expected = {}, {}
    for (method, template), holders in TABLE.items():
        path, options = request_for(template, method, room, caller)
        status, answer = status_of(caller, method, path, options)
        found[method, template] = status if status in (401, 403) or status >= 500 else status < 400
        expected[method, template] = scope in holders or 403
        if status == 403 and method != "HEAD":
            (violation,) = answer.json()["violations"]
            assert violation["path"] == "Authorization"
            assert violation["clause"] == "xAPI 1.0.3 Communication 4.2"
            assert scope in violation["found"].split()
            assert any(holder in violation["rule"] for holder in holders)
    assert found == expected


@pytest.mark.parametrize("auth", [httpx.Auth(), ("nobody", "nothing"), ("test-key", "wrong"), Bearer("x.y.z")])
def test_without_a_credential_there_is_little(room: Room, auth: httpx.Auth | tuple[str, str]) -> None:
    stranger = Caller(room.owner.origin, room.owner.client, auth)
    for method, template in TABLE:
        path, options = request_for(template, method, room, stranger)
        status, answer = status_of(stranger, method, path, options)
        assert status == (200 if template in OPEN else 401), (method, template)
        assert status == 200 or answer.headers["WWW-Authenticate"].startswith(("Basic ", "Bearer "))


def test_every_route_is_in_the_table() -> None:
    app = create_app(Settings(), "postgresql://127.0.0.1:1/nothing", Path("nowhere"))
    routes = {
        (method, context.path)
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.original_route.methods or ()
    }
    assert routes == set(TABLE)
