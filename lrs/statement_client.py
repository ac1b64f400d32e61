"""Statements to an xAPI endpoint, as a good client posts them. One rule: only a verdict ends a request.

A lost connection, a busy server (429, 503 with Retry-After) and a gateway's complaint are no verdicts: the
same bytes are sent again, with patience. That is safe because every statement carries its id.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self
from uuid import UUID

import httpx
import msgspec

from schemas.errors import LrsError, Violation

STORED_HEADER = "X-LRS-Stored"
POSITION_HEADER = "X-LRS-Position"
RESULTS_HEADER = "X-LRS-Results"

_TRY_AGAIN = frozenset({408, 425, 429, 502, 503, 504})
_LONGEST_WAIT = 10.0
_SERVER_ERROR_TRIES = 3


class EndpointUnavailable(LrsError):
    """The endpoint gave no answer for longer than the patience allows."""


class EndpointRefused(LrsError):
    """The endpoint takes nothing from this client: wrong credential or scope, or no xAPI at this address."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the server said about one statement of a request: stored, known, conflict, refused or unavailable."""

    outcome: str
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the server said about one request.

    `stored` is how many statements were new (the server's `X-LRS-Stored`), None where the server does not
    say; `position` is the highest log position of what was new (`X-LRS-Position`), None where nothing was;
    `results` are those of each statement in order, None where they were not asked for or the server has none.
    """

    status: int
    stored: int | None
    position: int | None
    title: str
    violations: tuple[Violation, ...]
    results: tuple[Result, ...] | None = None

    @property
    def accepted(self) -> bool:
        return self.status in (200, 204)

    def count_stored(self, sent: int, *, position_means_new: bool) -> int:
        """How many of the `sent` statements of an accepted request were new.

        Exact where the server says `stored`. Otherwise all or none: none when there is no position and
        `position_means_new`, that is, when this server is known to answer a position for whatever it stores.
        """
        if self.stored is not None:
            return min(self.stored, sent)
        return 0 if position_means_new and self.position is None else sent


class StatementClient:
    """An open connection pool to `endpoint` (the address before `/statements`). Use as an async context
    manager.

    `patience` is how many seconds one request may go without a verdict; `on_wait(reason, seconds)` hears of
    each wait.
    """

    def __init__(
        self,
        endpoint: str,
        credential: str,
        *,
        patience: float = 120.0,
        connections: int = 4,
        on_wait: Callable[[str, float], None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        key, _, secret = credential.partition(":")
        self.endpoint = endpoint.rstrip("/").removesuffix("/statements")
        self.origin = self.endpoint.removesuffix("/xapi")
        self.waits = 0
        self._patience = patience
        self._on_wait = on_wait
        self.http = httpx.AsyncClient(
            auth=httpx.BasicAuth(key, secret),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            timeout=httpx.Timeout(60.0, pool=None),
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def post(self, body: bytes, version: str, *, results: bool = False) -> Verdict:
        """POST one statement or an array (xAPI 1.0.3 Communication 2.1.2).

        `results` asks for one on each statement, whatever becomes of the others; another server than ours does
        not know of it. Raises EndpointUnavailable and EndpointRefused; every other outcome is a verdict.
        """
        return await self._send("POST", body, version, None, {RESULTS_HEADER: "true"} if results else {})

    async def put(self, statement_id: UUID, body: bytes, version: str) -> Verdict:
        """PUT one statement (xAPI 1.0.3 Communication 2.1.1). Raises as `post`."""
        return await self._send("PUT", body, version, {"statementId": str(statement_id)}, {})

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The JSON at `{origin}{path}`, waited for as patiently as a verdict. 404 and the like raise
        EndpointRefused.
        """
        response = await self._patiently("GET", f"{self.origin}{path}", params=dict(params or {}))
        if response.status_code != 200:
            raise EndpointRefused(f"GET {response.url} answered {response.status_code}")
        return msgspec.json.decode(response.content)

    async def tells_positions(self) -> bool:
        """Whether the server has read models behind it and so answers a position for whatever it stores."""
        try:
            standing = await self.get("/api/projections")
        except (EndpointRefused, EndpointUnavailable, msgspec.DecodeError):
            return False
        return isinstance(standing, dict) and "log_position" in standing

    async def _send(
        self, method: str, body: bytes, version: str, params: dict[str, str] | None, more: dict[str, str]
    ) -> Verdict:
        response = await self._patiently(
            method,
            f"{self.endpoint}/statements",
            content=body,
            params=params,
            headers={"Content-Type": "application/json", "X-Experience-API-Version": version, **more},
        )
        if response.status_code in (401, 403, 404, 405) or response.is_redirect:
            raise EndpointRefused(
                f"{method} {response.url.copy_with(query=None)} answered {response.status_code}: {_title(response)}"
            )
        return _verdict(response)

    async def _patiently(self, method: str, url: str, **request: Any) -> httpx.Response:
        deadline = time.monotonic() + self._patience
        tries = errors = 0
        while True:
            wait = min(_LONGEST_WAIT, 0.1 * 2**tries) * random.uniform(0.8, 1.2)
            try:
                response = await self.http.request(method, url, **request)
            except httpx.TransportError as error:
                reason = f"{type(error).__name__}: {error}".rstrip(": ")
            else:
                errors += response.status_code == 500
                hopeless = response.status_code == 500 and errors >= _SERVER_ERROR_TRIES
                if hopeless or response.status_code not in _TRY_AGAIN | {500}:
                    return response
                reason = f"answered {response.status_code}"
                wait = _retry_after(response.headers.get("Retry-After")) or wait
            tries += 1
            if time.monotonic() + wait > deadline:
                raise EndpointUnavailable(f"{url} gave no answer for {self._patience:g} s ({reason})")
            self.waits += 1
            if self._on_wait:
                self._on_wait(reason, wait)
            await asyncio.sleep(wait)


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header (seconds or an HTTP date, RFC 9110 10.2.3); None where it cannot be
    read.
    """
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _number(value: str | None) -> int | None:
    return int(value) if value is not None and value.isascii() and value.isdigit() else None


def _verdict(response: httpx.Response) -> Verdict:
    violations: tuple[Violation, ...] = ()
    if response.status_code >= 400:
        violations = _violations(response)
    return Verdict(
        response.status_code,
        _number(response.headers.get(STORED_HEADER)),
        _number(response.headers.get(POSITION_HEADER)),
        _title(response) if response.status_code >= 400 else "",
        violations,
        _results(response) if RESULTS_HEADER in response.request.headers else None,
    )


def _results(response: httpx.Response) -> tuple[Result, ...] | None:
    listed = _problem(response).get("results") if response.status_code in (200, 207) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return None
    return tuple(Result(str(one.get("outcome")), _read_violations(one.get("violations"))) for one in listed)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _title(response: httpx.Response) -> str:
    title = _problem(response).get("title")
    return title if isinstance(title, str) else response.text[:200].strip() or response.reason_phrase


def _violations(response: httpx.Response) -> tuple[Violation, ...]:
    return _read_violations(_problem(response).get("violations"))


def _read_violations(listed: Any) -> tuple[Violation, ...]:
    if not isinstance(listed, list):
        return ()
    return tuple(
        Violation(*(str(entry.get(field, "")) for field in ("path", "rule", "clause", "found")))
        for entry in listed
        if isinstance(entry, dict)
    )
