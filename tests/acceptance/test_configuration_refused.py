"""What cannot be evaluated is refused when it is set, with the place of every fault in what was sent."""

from typing import Any

import pytest

from tests.acceptance.configured import PASSED, VIEWED, Setter, setter_at
from tests.acceptance.endpoint import Endpoint, Json, paths

pytestmark = pytest.mark.one_database("embedded")

ANN = "mbox:mailto:ann@x.example"
UNKNOWN = "5f0c4e57-6d1b-4a52-8f0c-7e1c0f2a3b42"


@pytest.fixture
def setter(endpoint: Endpoint) -> Setter:
    """A course of this test alone, on whose outline there are two nodes."""
    found = setter_at(endpoint)
    found.set("/configuration/outline", found.outline("film", "quiz"))
    return found


def waits_for(setter: Setter, name: str) -> Json:
    """A rule that asks for another node."""
    return {"when": {"rule": "prerequisite", "node": setter.iri(name)}}


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("/rules/-", {"when": {"rule": "all", "of": [{"rule": "score", "at_least": 2}]}}, ["when.of[0].at_least"]),
        ("/rules/-", {"when": {"rule": "viewed", "x": 1}, "revocable": 1}, ["when.x", "revocable"]),
        ("/rules/-", {"when": {"rule": "prerequisite", "node": "https://x.example/no"}}, ["when.node"]),
        ("/rules/types/media", {"when": {"rule": "prerequisite", "node": "https://x.example/no"}}, ["when.node"]),
        ("/rules/-", {"when": {"rule": "statement", "verb": "a\u0000:b"}}, ["when.verb"]),
        ("/rules/-", [], [""]),
        ("/policy", {"nodes": {"https://x.example/no": {"take": "last"}}}, ['nodes["https://x.example/no"]']),
        ("/policy", {"attempts": {"k": 10**400}}, ["attempts.k"]),
        ("/configuration/outline", {"course": "https://x.example/other"}, ["course"]),
        ("/configuration/outline", {"nodes": [{"id": "no iri"}]}, ["course", "nodes[0].id"]),
        ("/due/-", {"due_at": "2026-03-01T12:00:00"}, ["due_at"]),
        ("/due/-", {}, ["due_at"]),
        ("/overrides/-/-", {"score": 0.5, "excused": True}, ["score"]),
        ("/overrides/-/-", {}, [""]),
    ],
)
def test_every_fault_has_its_place_in_the_body(setter: Setter, path: str, value: Any, found: list[str]) -> None:
    answer = setter.ask("PUT", path, value, node="film", person=ANN)
    assert paths(answer) == found
    assert setter.get()["version"] == 1


def test_what_stands_against_what_is_set(setter: Setter) -> None:
    setter.set("/rules/-", waits_for(setter, "quiz"), node="film")
    assert paths(setter.ask("PUT", "/rules/-", waits_for(setter, "film"), node="quiz")) == ["when.node"]
    smaller = setter.ask("PUT", "/configuration/outline", setter.outline("film"))
    assert paths(smaller) == ["nodes[0].rule.when.node"]
    setter.set("/rules/-", node="film")
    setter.set("/configuration/outline", setter.outline("film"))
    assert setter.get()["version"] == 4


@pytest.mark.parametrize(
    ("method", "path", "params", "found"),
    [
        ("GET", "/api/courses/-/policy", {}, "course"),
        ("GET", "/api/courses/-/policy", {"course": "no iri"}, "course"),
        ("GET", "/api/courses/-/policy", {"course": ["https://a.example/", "https://b.example/"]}, "course"),
        ("GET", "/api/courses/no-id/policy", {}, "course_id"),
        ("GET", f"/api/courses/{UNKNOWN}/policy", {"course": "https://a.example/"}, "course"),
        ("DELETE", "/api/courses/-/policy", {"course": "https://a.example/", "reason": "x" * 3000}, "reason"),
        ("POST", "/api/persons/-/unmerge", {"person": "ann"}, "person"),
        ("GET", "/api/courses/-/rules/types/none", {"course": "https://a.example/"}, "path.content_type"),
        ("GET", "/api/configuration", {"at": "-1"}, "query.at"),
        ("GET", "/api/configuration/events", {"before": str(2**63)}, "query.before"),
    ],
)
def test_what_is_named_wrongly(endpoint: Endpoint, method: str, path: str, params: Json, found: str) -> None:
    assert paths_or_all(endpoint.ask(method, path, params=params).json()) == [found]


def paths_or_all(problem: Json) -> list[str]:
    """The places that a problem names; the framework's own refusals have no clause."""
    return [one["path"] for one in problem["violations"]]


@pytest.mark.parametrize("path", ["/configuration", "/policy", "/rules/-", "/due/-", "/configuration/outline"])
def test_what_nobody_knows_is_not_there(setter: Setter, path: str) -> None:
    value = {"due_at": "2026-03-01T12:00:00Z"} if path == "/due/-" else VIEWED if path == "/rules/-" else {}
    method = "GET" if path == "/configuration" else "PUT"
    assert setter.ask(method, path, value, node="film", course=UNKNOWN).status_code == 404
    assert setter.ask("GET", f"/rules/{UNKNOWN}").status_code == 404
    assert setter.ask("PUT", f"/overrides/{UNKNOWN}/-", {"excused": True}, node="film").status_code == 404
    assert setter.caller.get(f"/api/mappings/{UNKNOWN}").status_code == 404


def test_what_has_no_version_is_not_matched_by_one(setter: Setter) -> None:
    asked: list[tuple[str, str, Json, Json]] = [
        ("PUT", "mappings/-", {"activity": setter.iri("film")}, {"course": setter.course}),
        ("DELETE", "mappings/-", {"activity": setter.iri("film")}, {}),
        ("POST", "persons/-/merge", {"person": ANN}, {"into": "mbox:mailto:anna@x.example"}),
        ("POST", "persons/-/unmerge", {"person": ANN}, {}),
    ]
    for method, path, params, value in asked:
        answer = setter.caller.ask(method, f"/api/{path}", params=params, json=value, headers={"If-Match": '"1"'})
        assert paths(answer) == ["If-Match"]
    assert setter.get()["version"] == 1


def test_a_body_is_json_of_a_bounded_size(setter: Setter) -> None:
    named: Json = {"node": "film"}
    assert paths(setter.ask("PUT", "/rules/-", content=b"{}", **named)) == ["Content-Type"]
    headers = {"Content-Type": "application/json"}
    for content in (b"", b"{", b'"\\ud800"', b"\xff", b"[" * 50_000, b'{"when":' * 5_000):
        assert paths(setter.ask("PUT", "/rules/-", content=content, headers=headers, **named)) == [""]
    assert setter.ask("PUT", "/rules/-", content=b" " * 200_000, headers=headers, **named).status_code == 413
    assert (
        setter.ask("PUT", "/rules/-", PASSED, headers={"Origin": "https://elsewhere.example"}, **named).status_code
        == 403
    )
    assert setter.get()["version"] == 1
