"""The three document resources as a client sees them, and the ETag that every document must have."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha1
from typing import Any
from uuid import uuid4

import httpx

from tests.acceptance.endpoint import Endpoint, Json

ANN = {"objectType": "Agent", "mbox": "mailto:ann@example.com"}
STATE, ACTIVITY_PROFILE, AGENT_PROFILE = "activities/state", "activities/profile", "agents/profile"
RESOURCES = (STATE, ACTIVITY_PROFILE, AGENT_PROFILE)
PROFILES = (ACTIVITY_PROFILE, AGENT_PROFILE)
VERSIONS = ("1.0.3", "2.0.0")
JSON = "application/json"
ANY = {"If-None-Match": "*"}


def etag(content: bytes) -> str:
    """The ETag that a document of this content has."""
    return f'"{sha1(content).hexdigest()}"'


def as_json(value: Any) -> bytes:
    """JSON as bytes."""
    return json.dumps(value).encode()


@dataclass(frozen=True)
class Documents:
    """The documents of one owner; every test has an owner of its own."""

    endpoint: Endpoint
    resource: str
    owner: Json
    version: str = "1.0.3"

    @property
    def id_name(self) -> str:
        """What the resource calls the id of a document."""
        return "stateId" if self.resource == STATE else "profileId"

    def ask(self, method: str, id: str | None = None, content: Any = None, **options: Any) -> httpx.Response:
        """Any request; `params` and `headers` come on top."""
        params = {**self.owner, **({} if id is None else {self.id_name: id}), **options.pop("params", {})}
        path = f"/xapi/{self.resource}"
        return self.endpoint.ask(
            method, path, params=params, content=content, version=options.pop("version", self.version), **options
        )

    def put(self, id: str, content: bytes, kind: str = "application/json", **headers: str) -> int:
        """The status of a PUT; header names have underscores."""
        return self.ask("PUT", id, content, headers=_headers(kind, headers)).status_code

    def post(self, id: str, content: bytes, kind: str = "application/json", **headers: str) -> int:
        """The status of a POST."""
        return self.ask("POST", id, content, headers=_headers(kind, headers)).status_code

    def delete(self, id: str | None = None, **headers: str) -> int:
        """The status of a DELETE."""
        return self.ask("DELETE", id, headers=_headers(None, headers)).status_code

    def create(self, id: str, content: bytes, kind: str = "application/json") -> None:
        """A document that was not there."""
        assert self.put(id, content, kind, If_None_Match="*") == 204

    def get(self, id: str) -> bytes | None:
        """The content of a document, if there is one; what must be on it is checked."""
        answer = self.ask("GET", id)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        assert answer.headers["ETag"] == etag(answer.content)
        assert abs(parsedate_to_datetime(answer.headers["Last-Modified"]) - datetime.now(UTC)).total_seconds() < 120
        return answer.content

    def ids(self, **params: str) -> list[str]:
        """The ids of the owner's documents."""
        answer = self.ask("GET", params=params)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        found: list[str] = answer.json()
        return found


def documents_of_a_new_owner(endpoint: Endpoint, resource: str, version: str = "1.0.3") -> Documents:
    """An owner that has no documents."""
    owner: Json = {}
    if resource != AGENT_PROFILE:
        owner["activityId"] = f"http://example.com/activities/{uuid4()}"
    if resource != ACTIVITY_PROFILE:
        owner["agent"] = json.dumps({"account": {"homePage": "http://example.com", "name": str(uuid4())}})
    return Documents(endpoint, resource, owner, version)


def _headers(kind: str | None, headers: dict[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return named if kind is None else {"Content-Type": kind, **named}
