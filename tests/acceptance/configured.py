"""The configuration as who sets it sees it: the query names the course, and things of it go by name or by id."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.acceptance.endpoint import Endpoint, Json
from tests.acceptance.tenants import Caller
from tests.services.lrs_server import CREDENTIAL

VIEWED = {"when": {"rule": "viewed"}}
PASSED = {"when": {"rule": "passed"}}


@dataclass
class Setter:
    """One caller on one course of its own."""

    caller: Caller
    course: str = field(default_factory=lambda: f"https://{uuid4().hex}.example/course")

    def iri(self, name: str) -> str:
        """A node of the course."""
        return f"{self.course}/{name}"

    def outline(self, *names: str, **said: Any) -> Json:
        """An outline of units."""
        return {"course": self.course, "nodes": [{"id": self.iri(name)} for name in names], **said}

    def ask(
        self, method: str, path: str, json: Any = None, *, course: str | None = None, **options: Any
    ) -> httpx.Response:
        """Any request about the course; `node`, `person` and `activity` name what the path has `-` for."""
        params = {
            name: options.pop(name) for name in ("node", "person", "at", "reason", "format", "lms") if name in options
        }
        if "node" in params and ":" not in params["node"]:
            params["node"] = self.iri(params["node"])
        if json is not None:
            options["json"] = json
        named = {"course": self.course} if course is None else {}
        return self.caller.ask(method, f"/api/courses/{course or '-'}{path}", params={**named, **params}, **options)

    def set(self, path: str, json: Any = None, **options: Any) -> Json:
        """A change that must be taken; without JSON, taking away."""
        return took(self.ask("DELETE" if json is None else "PUT", path, json, **options))

    def get(self, path: str = "/configuration", **options: Any) -> Any:
        """What is set."""
        return read(self.ask("GET", path, **options))


def setter_at(endpoint: Endpoint) -> Setter:
    """Who may set everything at a server, on a course of its own."""
    return Setter(Caller(endpoint.origin, endpoint.client, CREDENTIAL))


def took(answer: httpx.Response) -> Json:
    """What became of a change that must be taken."""
    found: Json = read(answer)
    assert set(found) == {"changed", "version", "position"}
    assert answer.headers["X-LRS-Position"] == str(found["position"])
    assert answer.headers.get("ETag") == (None if found["version"] is None else f'"{found["version"]}"')
    return found


def read(answer: httpx.Response) -> Any:
    """What an answer that must be there says."""
    assert answer.status_code == 200, answer.text
    return answer.json()
