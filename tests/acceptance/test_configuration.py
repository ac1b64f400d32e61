"""What is set of courses and persons over HTTP: set, read back, seen again as of any position, and by nobody else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from schemas.scope import Scope
from tests.acceptance.configured import PASSED, VIEWED, Setter, read, took
from tests.acceptance.endpoint import Json
from tests.acceptance.tenants import Caller, add_tenant, credential
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.one_database("embedded")

OTHER_TENANT = 2
ANN, ANNA = "mbox:mailto:ann@x.example", "mbox:mailto:anna@x.example"
DUE = "2026-03-01T12:00:00+01:00"


@pytest.fixture(scope="module")
def callers(database_server: PostgresServer) -> Iterator[tuple[Caller, Caller]]:
    """One who may set everything in each of two tenants; what one process is told, the other has to know."""
    with ExitStack() as stack:
        url = stack.enter_context(migrated_database(database_server))
        add_tenant(url, OTHER_TENANT)
        origin = stack.enter_context(serving(url, LRS_WORKERS="2")).origin
        client = stack.enter_context(httpx.Client())
        ours = Caller(origin, client, credential(url, Scope.ALL))
        yield ours, Caller(origin, client, credential(url, Scope.ALL, tenant=OTHER_TENANT))


@pytest.fixture
def setter(callers: tuple[Caller, Caller]) -> Setter:
    """A course of this test alone, of which nothing is set."""
    return Setter(callers[0])


def in_force(setter: Setter, node: str) -> tuple[str, str, int | None]:
    """Kind, source and version of the rule of a node."""
    found = setter.get("/rules/-", node=node)
    return found["rule"]["when"]["rule"], found["source"], found.get("set", {}).get("version")


def test_the_rule_in_force_where_it_comes_from_and_its_version(setter: Setter) -> None:
    assert in_force(setter, "film") == ("any", "default", None)
    assert setter.set("/rules/types/content", PASSED)["version"] == 1
    assert in_force(setter, "film") == ("passed", "content type", 1)
    outline = setter.outline("quiz")
    outline["nodes"].append({"id": setter.iri("film"), "rule": VIEWED})
    assert setter.set("/configuration/outline", outline)["version"] == 2
    assert in_force(setter, "film") == ("viewed", "outline", 2)
    assert setter.set("/rules/-", PASSED, node="film")["version"] == 3
    assert in_force(setter, "film") == ("passed", "set", 3)
    assert in_force(setter, "quiz") == ("passed", "content type", 1)

    assert setter.set("/rules/-", node="film") == {**setter.set("/rules/-", node="film"), "changed": True}
    assert in_force(setter, "film") == ("viewed", "outline", 2)
    setter.set("/configuration/outline")
    assert setter.ask("GET", "/configuration/outline").status_code == 404
    setter.set("/rules/types/content")
    assert in_force(setter, "film") == ("any", "default", None)
    assert setter.get("/rules/types/content")["source"] == "default"


def test_a_course_that_only_an_outline_knows_has_ids(setter: Setter) -> None:
    outline = setter.outline("film", title="Rocks")
    position = setter.set("/configuration/outline", outline)["position"]
    course = setter.get()["course"]
    assert course["iri"] == setter.course
    assert str(UUID(course["id"])) == course["id"]
    found = setter.ask(
        "GET", "/configuration/outline", course=course["id"], headers={"X-LRS-Read-After": str(position)}
    )
    assert read(found) == {**outline, "source": {"kind": "set"}, "nodes": [{**outline["nodes"][0], "kind": "unit"}]}
    assert (found.headers["ETag"], found.headers["X-LRS-Position"]) == ('"1"', str(position))
    node = setter.get("/rules/-", node="film")["node"]["id"]
    setter.set(f"/rules/{node}", PASSED, course=course["id"])
    assert in_force(setter, "film")[1] == "set"
    assert course in read(setter.caller.get("/api/configuration"))["courses"]


def test_what_statements_tell_of_is_found_by_its_id(setter: Setter) -> None:
    caller = setter.caller
    caller.get("/api/projections", wait_for=caller.post([caller.in_course()]))
    (line,) = caller.get("/api/courses", iri=caller.iri("course")).json()["courses"]
    view = caller.get(f"/api/courses/{line['id']}").json()
    lesson = next(one["id"] for one in view["outline"] if one["iri"] == caller.iri("lesson"))
    person = view["roster"][0]["person"]
    waits = {"when": {"rule": "prerequisite", "node": caller.iri("lesson")}}
    took(caller.ask("PUT", f"/api/courses/{line['id']}/rules/{line['id']}", json=waits))
    took(caller.ask("PUT", f"/api/courses/{line['id']}/due/{lesson}/{person}", json={"due_at": DUE}))
    took(caller.ask("PUT", f"/api/mappings/{lesson}", json={"course": caller.iri("other")}))
    (due,) = caller.get(f"/api/courses/{line['id']}/configuration").json()["due"]
    assert (due["person"]["identifier"], due["due_at"]) == (f"mbox:{caller.agent['mbox']}", "2026-03-01T11:00:00Z")
    assert caller.get(f"/api/mappings/{lesson}").json()["course"]["iri"] == caller.iri("other")


def test_setting_what_is_set_records_nothing(setter: Setter) -> None:
    changes: list[tuple[str, Any, Json]] = [
        ("/configuration/outline", setter.outline("film"), {}),
        ("/policy", {"pass_mark": 0.5}, {}),
        ("/rules/-", VIEWED, {"node": "film"}),
        ("/rules/types/media", VIEWED, {}),
        ("/due/-", {"due_at": DUE}, {"node": "film"}),
        ("/due/-/-", {"due_at": DUE}, {"node": "film", "person": ANN}),
        ("/overrides/-/-", {"completed": True}, {"node": "film", "person": ANN}),
        ("/overrides/-/-", {"score": 0.8}, {"node": "film", "person": ANNA}),
    ]
    for version, (path, value, named) in enumerate(changes, start=1):
        first, again = setter.set(path, value, **named), setter.set(path, value, **named)
        assert first == {"changed": True, "version": version, "position": first["position"]}
        assert again == {**first, "changed": False}
    assert len(setter.get("/configuration/events")["events"]) == len(changes)
    for path, _, named in changes:
        first, again = setter.set(path, **named), setter.set(path, **named)
        assert first["changed"]
        assert again == {**first, "changed": False}
    known = setter.get()
    assert known["version"] == 2 * len(changes)
    assert not any(known[name] for name in ("outline", "policy", "rules", "due", "overrides", "mappings"))


def test_an_override_says_all_that_is_said(setter: Setter) -> None:
    named = {"node": "film", "person": ANN}
    assert setter.set("/overrides/-/-", {"completed": True, "score": 0.8}, **named)["version"] == 2
    assert setter.set("/overrides/-/-", {"excused": True}, **named)["version"] == 4
    (found,) = setter.get()["overrides"]
    assert (found["excused"], "completed" in found, found["person"]["identifier"]) == (True, False, ANN)


def test_who_set_what_and_when_and_what_held_at_each_position(setter: Setter) -> None:
    positions = [
        0,
        *(setter.set("/policy", {"pass_mark": mark / 10}, reason=f"for {mark}")["position"] for mark in range(1, 6)),
    ]
    assert isinstance(setter.caller.auth, tuple)
    events, page = [], setter.ask("GET", "/configuration/events?limit=2")
    while True:
        found = read(page)
        events += found["events"]
        if not found["more"]:
            break
        assert len(found["events"]) == 2
        page = setter.caller.ask("GET", found["more"])
    assert [one["position"] for one in events] == positions[:0:-1]
    assert {one["by"] for one in events} == {setter.caller.auth[0]}
    assert [one["reason"] for one in events] == [f"for {mark}" for mark in range(5, 0, -1)]
    assert events[0]["what"]["policy"]["pass_mark"] == 0.5
    assert events[0]["kind"] == "policy.set"
    for version, position in enumerate(positions):
        then = setter.get(at=position)
        assert then["version"] == version
        assert (then["policy"] or {"policy": {"pass_mark": 0.0}})["policy"]["pass_mark"] == version / 10
    assert setter.ask("GET", "/configuration", at=2**62).status_code == 400


def test_who_is_slower_is_told(setter: Setter) -> None:
    assert setter.ask("PUT", "/policy", {"pass_mark": 0.1}, headers={"If-Match": '"0"'}).status_code == 200
    again = setter.ask("PUT", "/policy", {"pass_mark": 0.1}, headers={"If-Match": '"0"'})  # its answer was lost
    assert (took(again)["changed"], again.json()["version"]) == (False, 1)
    slow = setter.ask("PUT", "/policy", {"pass_mark": 0.2}, headers={"If-Match": '"0"'})
    assert (slow.status_code, slow.json()["violations"][0]["path"]) == (412, "If-Match")
    assert setter.ask("DELETE", "/policy", headers={"If-Match": '"7", "1"'}).status_code == 200
    assert setter.ask("PUT", "/policy", {"pass_mark": 0.3}, headers={"If-Match": '"1'}).status_code == 400
    setter.set("/policy", {"pass_mark": 0.4})
    assert setter.get()["version"] == 3


def test_of_two_that_cannot_both_be_set_one_is(setter: Setter) -> None:
    """Each waits for the other's node; each asks on a connection of its own."""
    setter.set("/configuration/outline", setter.outline("film", "quiz"))
    both = [("film", "quiz"), ("quiz", "film")]
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(2))
        clients = [stack.enter_context(httpx.Client()) for _ in both]

        def wait_for(client: httpx.Client, node: str, other: str) -> int:
            rule = {"when": {"rule": "prerequisite", "node": setter.iri(other)}}
            caller = replace(setter.caller, client=client)
            return replace(setter, caller=caller).ask("PUT", "/rules/-", rule, node=node).status_code

        for _ in range(5):
            racing = [threads.submit(wait_for, client, *nodes) for client, nodes in zip(clients, both, strict=True)]
            assert sorted(one.result() for one in racing) == [200, 400]
            assert len(setter.get()["rules"]) == 1
            for node, _ in both:
                setter.set("/rules/-", node=node)


def test_an_activity_that_is_mapped_is_of_both_courses(setter: Setter) -> None:
    other = Setter(setter.caller)
    activity = {"activity": f"{setter.course}/film"}

    def mapped(method: str, course: str | None = None, **more: str) -> httpx.Response:
        sent = {} if course is None else {"json": {"course": course, **more}}
        return setter.caller.ask(method, "/api/mappings/-", params=activity, **sent)

    assert mapped("GET").status_code == 404
    assert took(mapped("PUT", setter.course, module=setter.iri("week")))["version"] is None
    assert took(mapped("PUT", other.course))["changed"]
    assert not took(mapped("PUT", other.course))["changed"]
    assert read(mapped("GET"))["course"]["iri"] == other.course
    assert [one["activity"]["iri"] for one in other.get()["mappings"]] == [activity["activity"]]
    assert took(mapped("DELETE"))["changed"]
    assert (setter.get()["version"], other.get()["version"]) == (2, 2)
    for one in (setter, other):
        assert [event["kind"] for event in one.get("/configuration/events")["events"]] == ["mapping.set"] * 3


def test_persons_are_merged_and_apart_again(setter: Setter) -> None:
    caller = setter.caller

    def merged(change: str, person: str, into: str | None = None) -> httpx.Response:
        sent = {} if into is None else {"json": {"into": into}}
        return caller.ask("POST", f"/api/persons/-/{change}", params={"person": person}, **sent)

    assert took(merged("merge", ANN, "mbox:mailto:anna@X.EXAMPLE"))["changed"]
    assert not took(merged("merge", ANN, ANNA))["changed"]
    ring = merged("merge", ANNA, ANN)
    assert [one["path"] for one in ring.json()["violations"]] == ["into"]
    (found,) = caller.get("/api/configuration").json()["merges"]
    assert (found["person"]["identifier"], found["into"]["identifier"]) == (ANN, ANNA)
    again = caller.ask("POST", f"/api/persons/{found['person']['id']}/unmerge")
    assert took(again)["changed"]
    assert not took(merged("unmerge", ANN))["changed"]
    assert [one["kind"] for one in caller.get("/api/configuration/events", limit=2).json()["events"]] == [
        "person.unmerged",
        "person.merged",
    ]


def test_another_tenant_sees_and_changes_nothing_of_it(callers: tuple[Caller, Caller], setter: Setter) -> None:
    setter.set("/configuration/outline", setter.outline("film"))
    course = setter.get()["course"]["id"]
    theirs = Setter(callers[1])
    theirs.course = setter.course
    for path in ("/configuration", "/configuration/events", "/configuration/outline", "/policy", "/rules/types/media"):
        assert theirs.ask("GET", path, course=course).status_code == 404
    assert theirs.ask("PUT", "/policy", {}, course=course).status_code == 404
    assert (theirs.get()["version"], theirs.get("/configuration/events")["events"]) == (0, [])
    assert setter.course not in theirs.caller.get("/api/configuration").text
    assert setter.course not in theirs.caller.get("/api/configuration/events").text
    assert theirs.set("/policy", {"pass_mark": 0.9})["version"] == 1
    assert setter.get()["policy"] is None
