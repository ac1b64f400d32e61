"""Credentials of any tenant and scope in the database of a server, and what each of them stores there.

A caller's texts all contain its own mark, so that whatever of them is seen elsewhere can be found.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg

from lrs.access.credentials import Credentials
from lrs.database import read_pool
from schemas.scope import Scope
from tests.acceptance.endpoint import VERSION, Json, ids_to_the_end, new_statement, voiding

COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
LESSON_TYPE = "http://adlnet.gov/expapi/activities/lesson"


def add_tenant(url: str, tenant: int) -> None:
    """A tenant beside the first."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO tenant (tenant, name) VALUES (%s, %s)", [tenant, f"tenant {tenant}"])


def credential(url: str, *scopes: Scope, tenant: int = 1) -> tuple[str, str]:
    """Key and secret of a new credential."""

    async def create() -> str | None:
        async with read_pool(url, size=1) as pool:
            return await Credentials(pool).create(tenant, scopes=frozenset(scopes))

    made = asyncio.run(create())
    assert made is not None
    key, _, secret = made.partition(":")
    return key, secret


@dataclass
class Caller:
    """One credential at one server."""

    origin: str
    client: httpx.Client
    auth: httpx.Auth | tuple[str, str]
    mark: str = field(default_factory=lambda: f"mark-{uuid4().hex}")

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request."""
        headers = {VERSION: "1.0.3", **options.pop("headers", {})}
        return self.client.request(method, self.origin + path, headers=headers, auth=self.auth, timeout=30, **options)

    def get(self, path: str = "/xapi/statements", **params: Any) -> httpx.Response:
        """A query."""
        return self.ask("GET", path, params=params)

    def post(self, statements: list[Json]) -> int:
        """Statements that must be taken; answers the highest position."""
        answer = self.ask("POST", "/xapi/statements", json=statements)
        assert answer.status_code == 200, answer.text
        return int(answer.headers["X-LRS-Position"])

    def found(self, **params: Any) -> list[str]:
        """The ids of every statement that a query finds, `more` followed to the end."""
        return ids_to_the_end(self.get(**params), lambda more: self.ask("GET", more))

    def iri(self, name: str) -> str:
        """An activity of its own."""
        return f"https://{self.mark}.example/{name}"

    @property
    def registration(self) -> str:
        """The registration of its statements."""
        return str(UUID(self.mark.removeprefix("mark-")))

    @property
    def agent(self) -> Json:
        """A learner of its own."""
        return {"objectType": "Agent", "mbox": f"mailto:{self.mark}@example.com", "name": f"Learner {self.mark}"}

    def in_course(self, **changes: Any) -> Json:
        """A statement of its learner about a lesson of its course."""
        course = {"id": self.iri("course"), "definition": {"type": COURSE_TYPE, "name": {"en": f"Course {self.mark}"}}}
        lesson = {"id": self.iri("lesson"), "definition": {"type": LESSON_TYPE, "name": {"en": f"Lesson {self.mark}"}}}
        context = {"registration": self.registration, "contextActivities": {"parent": [course]}}
        return new_statement(actor=self.agent, object=lesson, context=context, **changes)

    def fill(self, count: int = 6) -> tuple[list[str], str]:
        """Store statements of a course, one of them voided; answers the ids of those in force, and the voided one's."""
        batch = [self.in_course() for _ in range(count)]
        wrong = self.in_course()
        undo = voiding(wrong["id"])
        self.post([*batch, wrong])
        self.post([undo])
        return [one["id"] for one in [*batch, undo]], wrong["id"]
