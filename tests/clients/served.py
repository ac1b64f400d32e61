"""What a client library is told of a server, and what a test asks that server past the library.

Statements of a test share a registration of its own, by which it finds them among all others.
"""

import base64
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.acceptance.endpoint import Endpoint, Json, new_statement
from tests.acceptance.mixed_bodies import contents_of

PAGE_SIZE = 4
TIMESTAMP = "2026-03-04T05:06:07.089Z"


@dataclass(frozen=True)
class Served:
    """One server; `endpoint` speaks to it without any library."""

    origin: str
    endpoint: Endpoint

    @property
    def url(self) -> str:
        """The xAPI endpoint."""
        return f"{self.origin}/xapi/"

    def stored(self, statement_id: str) -> Json:
        """A statement as the server has it now."""
        answer = self.endpoint.get(statementId=statement_id)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def document(self, resource: str, **where: str | Json) -> httpx.Response:
        """A document as the server has it now."""
        return self.endpoint.ask("GET", f"/xapi/{resource}", params=_params(where))

    def put_document(self, resource: str, content: bytes, **where: str | Json) -> httpx.Response:
        """Store a new document."""
        headers = {"Content-Type": "application/json", "If-None-Match": "*"}
        return self.endpoint.ask("PUT", f"/xapi/{resource}", params=_params(where), headers=headers, content=content)

    def contents(self, statement_id: str) -> list[bytes]:
        """The contents of the attachments of a statement as the server has them now."""
        return contents_of(self.endpoint.get(statementId=statement_id, attachments="true"))


def statements(count: int, **changes: Any) -> tuple[str, list[Json]]:
    """A registration and statements that have it, of one learner about one activity of theirs."""
    registration = str(uuid4())
    actor = {"objectType": "Agent", "mbox": f"mailto:{registration}@example.com", "name": "Ännchen 作"}
    activity = {"objectType": "Activity", "id": f"http://example.com/{registration}"}
    context = {"registration": registration}
    common = {"actor": actor, "object": activity, "context": context, "timestamp": TIMESTAMP, **changes}
    return registration, [new_statement(**common) for _ in range(count)]


def ids(given: list[Json]) -> list[str]:
    """Their ids, in their order."""
    return [one["id"] for one in given]


def in_base64(content: bytes) -> str:
    """As contents go to scripts and come from them."""
    return base64.b64encode(content).decode()


def binary(size: int = 300) -> bytes:
    """A content that was never sent before and is no text."""
    return b"\0\xff\xfe\r\n--" + random.randbytes(size)


def _params(where: Mapping[str, str | Json]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in where.items()}
