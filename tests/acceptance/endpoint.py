"""A statements resource as a client sees it: what every answer must have is checked on every answer.

Every request is authorized and names a version unless a test says otherwise.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.services.lrs_server import CREDENTIAL

Json = dict[str, Any]
VERSION = "X-Experience-API-Version"
THROUGH = "X-Experience-API-Consistent-Through"
PROBLEM = "application/problem+json"
VERB = "http://example.com/verbs/did"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


class Endpoint:
    """The resource of one server; `ask` answers what came, having checked what must be on it."""

    def __init__(self, origin: str, client: httpx.Client) -> None:
        self.origin = origin
        self.client = client

    def through(self, client: httpx.Client) -> "Endpoint":
        """The same for another thread."""
        return Endpoint(self.origin, client)

    def ask(
        self,
        method: str,
        path: str = "/xapi/statements",
        *,
        params: Json | None = None,
        version: str | None = "1.0.3",
        headers: dict[str, str] | None = None,
        content: Any = None,
        auth: tuple[str, str] | None = CREDENTIAL,
    ) -> httpx.Response:
        """Any request; without params, the query of `path` is sent as it is."""
        named = {} if version is None else {VERSION: version}
        answer = self.client.request(
            method,
            self.origin + path,
            params=params,
            headers={**named, **(headers or {})},
            content=content,
            auth=auth,
            timeout=30,
        )
        if path.startswith("/xapi"):
            assert answer.headers[VERSION] in ("1.0.3", "2.0.0")
        if path.startswith("/xapi/statements"):
            assert instant(answer.headers[THROUGH])
        if answer.status_code >= 400 and method != "HEAD":
            assert answer.headers["Content-Type"] == PROBLEM
            assert answer.json()["status"] == answer.status_code
        return answer

    def send(self, body: Any, method: str = "POST", **options: Any) -> httpx.Response:
        """A body of JSON; bytes are sent as they are."""
        kind = {"Content-Type": "application/json", **options.pop("headers", {})}
        content = body if isinstance(body, bytes) else as_bytes(body)
        return self.ask(method, content=content, headers=kind, **options)

    def put(self, statement: Json, statement_id: str | None = None) -> httpx.Response:
        """One statement under its own id, or another."""
        return self.send(statement, "PUT", params={"statementId": statement_id or statement["id"]})

    def post(self, body: Json | list[Json], **options: Any) -> list[str]:
        """Statements that must be taken; answers their ids."""
        answer = self.send(body, **options)
        assert answer.status_code == 200, answer.text
        ids: list[str] = answer.json()
        assert [str(UUID(one)) for one in ids] == ids
        return ids

    def get(self, **params: Any) -> httpx.Response:
        """A query."""
        return self.ask("GET", params=params)

    def found(self, **params: Any) -> list[str]:
        """The ids of every statement that a query finds, `more` followed to the end."""
        return ids_to_the_end(self.get(**params), lambda more: self.ask("GET", more))

    def is_there(self, statement_id: str) -> bool:
        """Whether a statement is stored and not voided."""
        status = self.get(statementId=statement_id).status_code
        assert status in (200, 404)
        return status == 200


def ids_to_the_end(answer: httpx.Response, follow: Callable[[str], httpx.Response]) -> list[str]:
    """The ids on a page and on all that come after it; `follow` asks for what `more` names."""
    ids: list[str] = []
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert set(page) == {"statements", "more"}
        ids += [one["id"] for one in page["statements"]]
        if not page["more"]:
            return ids
        assert page["more"].startswith("/")
        answer = follow(page["more"])


def violations(answer: httpx.Response) -> list[Json]:
    """What a refusal says."""
    assert answer.status_code == 400, answer.text
    found: list[Json] = answer.json()["violations"]
    assert all(set(one) == {"path", "rule", "clause", "found"} for one in found)
    assert all(one["rule"] and one["clause"] and len(one["found"]) <= 100 for one in found)
    return found


def paths(answer: httpx.Response) -> list[str]:
    """The places that a refusal names."""
    return [one["path"] for one in violations(answer)]


def instant(text: str) -> datetime:
    """A timestamp of an answer: with a zone."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return moment


def as_bytes(body: Any) -> bytes:
    """JSON as a client writes it."""
    return httpx.Request("POST", "http://x", json=body).content


def in_chunks(body: bytes, size: int) -> Iterator[bytes]:
    """Sent without a Content-Length."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def new_statement(**changes: Any) -> Json:
    """A small statement that was never sent before."""
    return {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": VERB},
        "object": {"id": "http://example.com/activities/one"},
        **changes,
    }


def in_one_registration(count: int, **changes: Any) -> tuple[str, list[Json]]:
    """A registration of its own and statements that have it, which a test finds again among all others."""
    registration = str(uuid4())
    return registration, [new_statement(context={"registration": registration}, **changes) for _ in range(count)]


def voiding(target: str) -> Json:
    """A statement that voids another."""
    return new_statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": target})
