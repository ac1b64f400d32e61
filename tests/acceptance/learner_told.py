"""What a server tells of one learner in one course: the line of the roster, and the nodes by the end of their ids."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from lrs.api.read_after import READ_AFTER
from tests.acceptance.corpora import statements_of
from tests.acceptance.corpus_refusals import ID_TAKEN, REFUSED
from tests.acceptance.endpoint import Endpoint, Json
from tests.acceptance.school import School


class LearnerTold(NamedTuple):
    """One learner in one course, read after everything that was sent."""

    school: School
    line: Json
    nodes: dict[str, Json]

    def node(self, end: str) -> Json:
        """The one node whose id ends like this."""
        (found,) = [row for iri, row in self.nodes.items() if iri.endswith(end)]
        return found

    def says(self, end: str, *names: str) -> tuple[Any, ...]:
        """Fields of a node; `score` is its grade, and `tried` what its attempts scored."""
        row = self.node(end)
        row = {**row, "score": row["grade"] and row["grade"]["score"], "tried": [a["score"] for a in row["attempts"]]}
        return tuple(row[name] for name in names)

    def why(self, end: str) -> Json:
        """The explanation of a node."""
        told: Json = self.school.get(f"learners/{self.line['person']}/nodes/{self.node(end)['node']}/explain").json()
        return told

    def outline(self) -> dict[str, Json]:
        """The nodes of the course, by the last part of their ids."""
        return {one["iri"].rpartition("/")[2]: one for one in self.school.all("outline")}


def accepted(folder: Path, below: str, file: str = "") -> list[Json]:
    """What a corpus, or one file of it, has that is not refused, each with an id."""
    found = (one for one in statements_of(folder / "statements", below=below) if one.file.endswith(file))
    return [one.with_id() for one in found if (one.file, one.number) not in {*REFUSED, *ID_TAKEN}]


def sent(endpoint: Endpoint, statements: Iterable[Json]) -> str:
    """Send them one by one, as they came; answers the position of the last."""
    for one in statements:
        answer = endpoint.send(one)
        assert answer.status_code == 200, answer.text
    return str(answer.headers["X-LRS-Position"])


def told_of(endpoint: Endpoint, course: str, learner: str, position: str) -> LearnerTold:
    """One learner, by identifier, in one course, by IRI, once everything up to a position was read."""
    read = {READ_AFTER: position}
    (found,) = endpoint.ask("GET", "/api/courses", params={"iri": course}, headers=read).json()["courses"]
    school = School(endpoint, f"/api/courses/{found['id']}")
    (line,) = school.all("learners", q=learner)
    return LearnerTold(school, line, {row["iri"]: row for row in school.all(f"learners/{line['person']}")})


def of(statements: list[Json], **said: str) -> list[Json]:
    """Those of one learner, about things of which the text says something."""
    return [one for one in statements if all(text in str(one[name]) for name, text in said.items())]


def within(course: str, statements: list[Json]) -> list[Json]:
    """The same, in a course."""
    parent = {"id": course, "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}
    return [_with_parent(one, parent) for one in statements]


def _with_parent(one: Json, parent: Json) -> Json:
    context = one.get("context", {})
    activities = context.get("contextActivities", {})
    return {**one, "context": {**context, "contextActivities": {**activities, "parent": [parent]}}}
