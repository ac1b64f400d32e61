"""The reference is true: what is asked by it is answered by it, whatever is made up from it, and never with a 5xx."""

import re
from html import unescape
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lrs.api.read_after import READ_AFTER
from lrs.main import create_app
from lrs.reference.document import OPERATIONS, openapi, operations_of
from lrs.reference.operation import JSON, Json
from lrs.settings import Settings
from schemas.scope import Scope, included
from tests.acceptance.endpoint import VERSION, new_statement
from tests.acceptance.test_scopes import CONFIGURATION, OPEN, SETTINGS, TABLE, by_name
from tests.acceptance.wire import Wire
from tests.services.lrs_server import CREDENTIAL

APP: Final = create_app(Settings(), "postgresql://127.0.0.1:1/nothing", Path("nowhere"))
DOCUMENT: Final = openapi(APP.routes, "0")
SCHEMA: Final = schemathesis.openapi.from_dict(DOCUMENT)
EACH: Final = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
COURSE_TYPE: Final = "http://adlnet.gov/expapi/activities/course"
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MADE_UP: Final = settings(
    max_examples=15, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)


def described(method: str, path: str) -> Json:
    """An operation of the document."""
    found: Json = DOCUMENT["paths"][path][method.lower()]
    return found


@pytest.mark.parametrize(
    "operation",
    [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)],
    ids=lambda operation: str(operation.label),
)
def test_what_is_made_up_from_the_reference(operation: Any, wire: Wire) -> None:
    @MADE_UP
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        if "wait_for" in case.query:
            case.query["wait_for"] = 1  # later positions would be waited for
        if READ_AFTER in case.headers:
            case.headers[READ_AFTER] = "1"  # later ones were never given
        response = case.call(base_url=wire.origin, auth=CREDENTIAL, timeout=30)
        case.validate_response(response, checks=CHECKS)

    ask()


def test_what_a_client_asks(wire: Wire) -> None:
    """What cannot be made up: things that are there, by their ids."""
    course = {"id": "http://example.com/reference", "definition": {"type": COURSE_TYPE, "name": {"en": "Reference"}}}
    result = {"score": {"scaled": 0.9}}
    completed = {"id": "http://adlnet.gov/expapi/verbs/completed"}
    context = {"registration": str(uuid4())}
    statement = new_statement(object=course, context=context, verb=completed, result=result)
    position = wire.endpoint.send([new_statement(), statement]).headers["X-LRS-Position"]
    made = wire.endpoint.send({"name": "reference"}, path="/api/credentials").json()

    def ask(method: str, path: str, params: Json, status: int = 200, accept: str = "*/*") -> httpx.Response:
        ids = {one: params.pop(one) for one in ("course_id", "person_id", "node_id", "activity_id") if one in params}
        filled = path.format(key=made["key"], **ids)
        headers = {VERSION: "1.0.3", "Accept": accept}
        answer = httpx.request(
            method, wire.origin + filled, params=params, headers=headers, auth=CREDENTIAL, timeout=30
        )
        assert answer.status_code == status, answer.text
        SCHEMA[path][method].validate_response(answer)
        written = described(method, path)["responses"][str(status)]
        assert answer.headers["Content-Type"].partition(";")[0] in written["content"]
        return answer

    ask("GET", "/api/projections", {"wait_for": position})
    ask("GET", "/xapi/statements", {"statementId": statement["id"]})
    ask("GET", "/xapi/statements", {"statementId": statement["id"], "attachments": "true"})
    ask("GET", "/xapi/statements", {"statementId": str(uuid4())}, 404)
    page = ask("GET", "/xapi/statements", {"limit": 1}).json()
    ask("GET", "/xapi/statements", {"more": page["more"].partition("more=")[2]})
    (found,) = ask("GET", "/api/courses", {"iri": course["id"]}).json()["courses"]
    here = {"course_id": found["id"]}
    ask("GET", "/api/courses/{course_id}", {**here})
    for what in ("outline", "progress", "grades", "completions", "media", "responses", "items", "activity", "daily"):
        ask("GET", f"/api/courses/{{course_id}}/{what}", {**here})
    activity = ask("GET", "/api/unassigned", {}).json()["activities"][0]["activity"]
    ask("GET", "/api/unassigned/{activity_id}", {"activity_id": activity})
    (learner,) = ask("GET", "/api/courses/{course_id}/learners", {**here, "fields": "person"}).json()["learners"]
    there = {**here, "person_id": learner["person"]}
    ask("GET", "/api/courses/{course_id}/learners/{person_id}", {**there})
    explain = "/api/courses/{course_id}/learners/{person_id}/nodes/{node_id}/explain"
    ask("GET", explain, {**there, "node_id": found["id"]})
    ask("GET", "/api/learners/{person_id}/courses", {"person_id": learner["person"]})
    days = {"from": "2020-01-01", "to": "2100-01-01", "bucket": "month", "group_by": "course,verb"}
    ask("GET", "/api/analytics/activity", days)
    ask("GET", "/api/analytics/activity", days, accept="text/csv")
    ask("POST", "/api/credentials/{key}/rotate", {})
    ask("POST", "/api/credentials/{key}/disable", {})
    ask("POST", "/api/credentials/{key}/rotate", {}, 409)
    ask("GET", "/api/credentials", {})


def test_what_is_set_is_answered_as_it_is_written(wire: Wire) -> None:
    for method in ("PUT", "GET", "DELETE"):
        for path in SETTINGS if method == "PUT" else (*SETTINGS, *CONFIGURATION):
            if (method, path) in TABLE:
                filled, params = by_name(path)
                sent = SETTINGS[path] if method == "PUT" else None
                answer = httpx.request(method, wire.origin + filled, params=params, json=sent, auth=CREDENTIAL)
                assert answer.status_code == 200, answer.text
                SCHEMA[path][method].validate_response(answer)


def test_every_route_is_in_it() -> None:
    assert set(EACH) == set(operations_of(APP.routes))
    assert set(EACH) == {(method, path) for method, path in TABLE if path.startswith(("/xapi", "/api"))}
    assert len({described(*one)["operationId"] for one in EACH}) == len(EACH)


@pytest.mark.parametrize(("method", "path"), EACH)
def test_the_scopes_are_those_that_are_asked_for(method: str, path: str) -> None:
    needed = set(OPERATIONS["GET" if method == "HEAD" else method, path].scopes)
    allowed = {scope.value for scope in Scope if not needed or needed & included([scope])}
    assert allowed == TABLE[method, path]
    assert (path in OPEN) is (not needed)
    assert all(f"`{scope}`" in described(method, path)["description"] for scope in needed)


def _examples() -> list[tuple[str, Json, Any]]:
    """Every example of the document, with its place and its shape."""
    found: list[tuple[str, Json, Any]] = []

    def look(place: str, value: Any) -> None:
        if isinstance(value, dict):
            if "example" in value and "schema" in value:
                found.append((place, value["schema"], value["example"]))
            for name, inner in value.items():
                look(f"{place} {name}", inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                look(f"{place} {index}", inner)

    look("", DOCUMENT["paths"])
    return found


def test_the_examples_have_the_shapes() -> None:
    examples = _examples()
    assert len(examples) > 100
    for place, schema, example in examples:
        whole = {**schema, "components": DOCUMENT["components"]}
        assert jsonschema_rs.is_valid(whole, example), (place, example)


def test_a_request_of_examples_is_taken(wire: Wire) -> None:
    for method, path in [("POST", "/xapi/statements"), ("PUT", "/xapi/activities/state"), ("POST", "/api/credentials")]:
        operation = described(method, path)
        required = [one for one in operation["parameters"] if one["required"] and one["in"] == "query"]
        params = {
            one["name"]: one["example"] if "example" in one else as_text(one["content"][JSON]["example"])
            for one in required
        }
        answer = httpx.request(
            method,
            wire.origin + path,
            params=params,
            json=operation["requestBody"]["content"][JSON]["example"],
            headers={VERSION: "1.0.3"},
            auth=CREDENTIAL,
        )
        assert answer.status_code in (200, 201, 204), answer.text


def as_text(value: Any) -> str:
    """A value in a query."""
    return httpx.Request("POST", "http://x", json=value).content.decode()


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_both_forms_are_open(wire: Wire, path: str) -> None:
    get, head = httpx.get(wire.origin + path), httpx.head(wire.origin + path)
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_the_document_that_is_served(wire: Wire) -> None:
    served = httpx.get(f"{wire.origin}/openapi.json").json()
    assert served["paths"] == DOCUMENT["paths"]
    assert re.fullmatch(r"\d+\.\d+.*", served["info"]["version"])


def test_the_page_tells_of_everything_and_loads_nothing_from_elsewhere(wire: Wire) -> None:
    answer = httpx.get(f"{wire.origin}/docs")
    page = unescape(answer.text)
    for method, path in EACH:
        operation = described(method, path)
        assert path in page
        assert operation["summary"] in page
        assert method == "HEAD" or f'id="{operation["operationId"]}"' in page
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert all(link.startswith(("/", "#")) for link in links)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    for link in links:
        if link.startswith("/"):
            assert httpx.get(wire.origin + link).status_code == 200
