"""Where a statement belongs and whose it is follows what is set, over HTTP: for what came before, and back again."""

from typing import Any

from tests.acceptance.configured import Setter, read, setter_at, took
from tests.acceptance.endpoint import Endpoint, Json, new_statement

ADL = "http://adlnet.gov/expapi/"


class Reader:
    """One course of its own, and what the read models tell of it after the last change."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.setter: Setter = setter_at(endpoint)
        self.course = self.setter.course
        self._position = 0

    def did(self, who: str, verb: str, target: Json, **around: Any) -> None:
        """A learner did something."""
        statement = new_statement(
            actor={"mbox": f"mailto:{who}@{self.course.split('/')[2]}", "name": who.title()},
            verb={"id": ADL + "verbs/" + verb},
            object=target,
            context={"contextActivities": around},
        )
        self._position = int(self.endpoint.send(statement).headers["X-LRS-Position"])

    def ifi(self, who: str) -> str:
        """How the read models write a learner."""
        return f"mbox:mailto:{who}@{self.course.split('/')[2]}"

    def map(self, activity: str, **place: str) -> Json:
        """Map an activity; to nothing, take the mapping away."""
        method = "PUT" if place else "DELETE"
        options: Json = {"json": place} if place else {}
        return self._set(method, "/api/mappings/-", {"activity": activity}, **options)

    def person(self, who: str, into: str | None = None) -> Json:
        """Merge a learner into another, or out of it."""
        path, options = ("unmerge", {}) if into is None else ("merge", {"json": {"into": self.ifi(into)}})
        return self._set("POST", f"/api/persons/-/{path}", {"person": self.ifi(who)}, **options)

    def outline(self, *names: str) -> None:
        """Set the outline."""
        self._position = self.setter.set("/configuration/outline", self.setter.outline(*names))["position"]

    def override(self, who: str, node: str) -> None:
        """Say that a learner has completed a node."""
        said = self.setter.set("/overrides/-/-", {"completed": True}, person=self.ifi(who), node=node)
        self._position = said["position"]

    def get(self, path: str, expected: int = 200, **params: str) -> Any:
        """What the read models tell."""
        headers = {"X-LRS-Read-After": str(self._position)}
        answer = self.endpoint.ask("GET", path, params=params or None, headers=headers)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def there(self, iri: str | None = None) -> str | None:
        """The id of the course, where there is one."""
        found = self.get("/api/courses", iri=iri or self.course)["courses"]
        return found[0]["id"] if found else None

    def all(self, what: str, **params: str) -> list[Json]:
        """A list of the course."""
        found = self.get(f"/api/courses/{self.there()}/{what}", 200, **params)
        rows: list[Json] = found["nodes" if what == "outline" else what]
        return rows

    def nodes(self) -> dict[str, tuple[str, str | None]]:
        """Kind and parent of every node of the course."""
        rows = self.all("outline")
        iris = {row["node"]: row["iri"] for row in rows}
        return {row["iri"]: (row["kind"], iris.get(row["parent"])) for row in rows}

    def placements(self, who: str, node: str) -> list[str]:
        """How the statements behind a row were placed."""
        person = next(row["person"] for row in self.all("learners") if row["ifi"] == self.ifi(who))
        id = next(row["node"] for row in self.all("outline") if row["iri"] == node)
        found = self.get(f"/api/courses/{self.there()}/learners/{person}/nodes/{id}/explain")
        return [one["placement"] for one in found["statements"]]

    def _set(self, method: str, path: str, params: Json, **options: Any) -> Json:
        found = took(self.setter.caller.ask(method, path, params=params, **options))
        self._position = found["position"]
        return found


def typed(iri: str, type_: str) -> Json:
    """An activity."""
    return {"id": iri, "definition": {"type": ADL + "activities/" + type_}}


def test_an_unassigned_statement_is_part_of_a_course_for_as_long_as_it_is_mapped(endpoint: Endpoint) -> None:
    given = Reader(endpoint)
    site, other = f"{given.course}/portal", f"{given.course}/other"
    talk, talk_node, week = f"{site}/talk", f"{given.course}/talk", f"{given.course}/week-1"
    given.did("ann", "completed", {"id": talk})
    given.did("ann", "answered", typed(f"{talk}#q", "cmi.interaction"), parent=[{"id": talk}])
    given.did("eve", "completed", {"id": f"{site}/elsewhere"})
    assert given.there() is None

    assert given.map(talk, course=given.course, module=week, node=talk_node)["changed"]
    assert given.nodes() == {
        given.course: ("course", None),
        week: ("module", given.course),
        talk_node: ("unit", week),
        f"{talk}#q": ("item", talk_node),
    }
    assert [row["ifi"] for row in given.all("learners")] == [given.ifi("ann")]
    assert [row["state"] for row in given.all("progress")].count("completed") == 1
    assert given.placements("ann", talk_node) == ["mapping"]
    given.did("eve", "completed", {"id": talk})
    assert {row["ifi"] for row in given.all("learners")} == {given.ifi("ann"), given.ifi("eve")}

    given.map(talk, course=other)
    assert given.there() is None
    assert given.there(other) is not None
    given.map(talk)
    assert given.there(other) is None
    said = read(given.setter.caller.ask("GET", "/api/configuration"))
    assert talk not in {one["activity"]["iri"] for one in said["mappings"]}


def test_two_persons_are_one_until_they_are_two_again(endpoint: Endpoint) -> None:
    given = Reader(endpoint)
    film, quiz = (typed(f"{given.course}/{name}", "lesson") for name in ("film", "quiz"))
    course = [typed(given.course, "course")]
    given.did("ann", "experienced", film, grouping=course)
    given.did("anna", "completed", quiz, grouping=course)
    given.override("anna", "film")
    before = given.all("learners", sort="name"), given.all("progress")
    assert [row["merged_from"] for row in before[0]] == [[], []]
    ids = {row["ifi"]: row["person"] for row in before[0]}

    given.person("anna", into="ann")
    (one,) = given.all("learners")
    assert (one["ifi"], one["merged_from"], one["completed_nodes"]) == (given.ifi("ann"), [given.ifi("anna")], 2)
    assert {row["person"] for row in given.all("progress")} == {ids[given.ifi("ann")]}
    assert [row["person"] for row in given.all("learners", q=given.ifi("anna")[12:])] == [one["person"]]
    assert given.placements("ann", quiz["id"]) == ["context"]
    shown = given.get(f"/api/learners/{one['person']}/courses")["learner"]
    assert shown == {name: one[name] for name in ("person", "name", "ifi", "merged_from")}
    given.get(f"/api/learners/{ids[given.ifi('anna')]}/courses", expected=404)

    given.did("anna", "completed", typed(f"{given.course}/talk", "lesson"), grouping=course)
    assert [row["completed_nodes"] for row in given.all("learners")] == [3]
    given.person("anna")
    assert {row["ifi"]: row["completed_nodes"] for row in given.all("learners")} == {
        given.ifi("ann"): 0,
        given.ifi("anna"): 3,
    }
    same = ("person", "name", "ifi", "merged_from", "status", "enrolled_at")
    after = given.all("learners", sort="name")
    assert [[row[name] for name in same] for row in after] == [[row[name] for name in same] for row in before[0]]


def test_an_outline_places_what_says_no_course(endpoint: Endpoint) -> None:
    given = Reader(endpoint)
    film = f"{given.course}/film"
    given.did("ann", "completed", {"id": film})
    assert given.there() is None
    given.outline("film")
    assert given.placements("ann", film) == ["outline"]
    assert [row["completed_nodes"] for row in given.all("learners")] == [1]
    given.outline("quiz")
    assert given.all("learners") == []
