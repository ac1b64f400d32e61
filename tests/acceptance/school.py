"""A server that has read the demo's cohort, and its course: for what is asked of the read models over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx

from lrs.simulation.cohort import simulate
from lrs.simulation.course import COURSE_IRI
from tests.acceptance.endpoint import Endpoint, Json
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

LEARNERS = 14
NOW = datetime(2026, 9, 1, tzinfo=UTC)
LISTS = (
    *("statements", "nodes", "learners", "progress", "grades", "completions", "courses"),
    *("media", "responses", "items", "activity", "days", "activities"),
)


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


@contextmanager
def school_on(database_server: PostgresServer) -> Iterator[School]:
    """Over a database of its own."""
    with migrated_database(database_server) as url, serving(url) as server, httpx.Client() as client:
        endpoint = Endpoint(server.origin, client)
        statements = [one.statement for one in simulate(3, LEARNERS, 28, NOW)]
        for at in range(0, len(statements), 300):
            answer = endpoint.send(statements[at : at + 300])
        position = answer.headers["X-LRS-Position"]
        read = {"X-LRS-Read-After": position}
        (course,) = endpoint.ask("GET", "/api/courses", params={"iri": COURSE_IRI}, headers=read).json()["courses"]
        yield School(endpoint, f"/api/courses/{course['id']}")
