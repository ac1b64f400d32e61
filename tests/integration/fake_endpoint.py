"""A small xAPI endpoint of our own making that misbehaves on demand. One rule: it never forgets what it stored.

It speaks HTTP/1.1 over a real socket, by hand, because it must be able to do what no framework lets a handler do: take
a request, store it, and hang up without an answer.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

CREDENTIAL = "key:secret"
COURSE_ID = "0198c0de-0000-7000-8000-000000000001"

Statement = dict[str, Any]
Headers = dict[str, str]


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Headers
    body: bytes


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: Headers = field(default_factory=dict)


def problem(status: int, title: str, *violations: dict[str, str]) -> Answer:
    return Answer(status, {"title": title, "status": status, "violations": list(violations)})


@dataclass
class FakeEndpoint:
    """What it holds and how it misbehaves.

    `refuse` says why a statement is bad (None: it is good). `before` hears of each statements request: an
    Answer is given instead of the true one, "hang up" closes the connection at once, "store and hang up" after storing.
    """

    says_stored: bool = True
    is_another_store: bool = False
    names_the_bad: bool = True
    gives_results: bool = False
    is_full: bool = False
    refuse: Callable[[Statement], str | None] = lambda _: None
    before: Callable[[Request], Answer | str | None] = lambda _: None
    log: list[Statement] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    _new: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/xapi"

    def ids(self) -> list[str]:
        return [statement["id"] for statement in self.log]

    def posted(self) -> list[list[Statement]]:
        """The statements of each request that came, as lists."""
        return [_statements(request) for request in self.requests]

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator[FakeEndpoint]:
        """Open while in the context; closing it cuts every connection, as a crash would."""
        self._new = asyncio.Condition()
        conversations: set[asyncio.Task[None]] = set()

        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._converse(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.transport.abort()

        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(converse(reader, writer))
            conversations.add(task)
            task.add_done_callback(conversations.discard)

        server = await asyncio.start_server(serve, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in conversations:
                task.cancel()
            await asyncio.gather(*conversations, return_exceptions=True)
            await server.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await _read_request(reader):
            if request.path == f"/api/courses/{COURSE_ID}/live":
                await self._stream(writer)
                return
            answer = await self._answer(request)
            if answer is None:
                return
            body = b"" if answer.body is None else json.dumps(answer.body).encode()
            head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
            headers = answer.headers | {"Content-Length": str(len(body))}
            head += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        told = 0
        while True:
            await self.holds(told)
            told = len(self.log)
            writer.write(f"event: change\nid: {told}\ndata: {{}}\n\n".encode())
            await writer.drain()
            told += 1

    async def holds(self, count: int) -> None:
        """Waits until at least `count` statements are stored."""
        async with self._new:
            await self._new.wait_for(lambda: len(self.log) >= count)

    async def _answer(self, request: Request) -> Answer | None:
        given = base64.b64encode(CREDENTIAL.encode()).decode()
        if request.headers.get("authorization") != f"Basic {given}":
            return problem(401, "who are you?")
        if request.path == "/api/projections" and not self.is_another_store:
            if "wait_for" in request.query:
                return Answer(200, {"position": len(self.log)})
            counts = {"person": len({json.dumps(s["actor"]) for s in self.log})}
            return Answer(200, {"position": len(self.log), "log_position": len(self.log), "counts": counts})
        if request.path == "/api/courses":
            found = [{"id": COURSE_ID, "iri": request.query["iri"]}] if self.log else []
            return Answer(200, {"courses": found})
        if request.path != "/xapi/statements":
            return problem(404, "nothing here")
        self.requests.append(request)
        fault = self.before(request)
        if isinstance(fault, Answer):
            return fault
        if fault == "hang up":
            return None
        answer = await self._take(request)
        return None if fault == "store and hang up" else answer

    async def _take(self, request: Request) -> Answer:
        """All of the request's statements or none, as the specification wants."""
        statements = _statements(request)
        if self.gives_results and request.headers.get("x-lrs-results") == "true":
            return await self._take_each(request, statements)
        batch = request.body.lstrip().startswith(b"[")
        bad: list[dict[str, str]] = []
        clashing: list[dict[str, str]] = []
        known = {statement["id"]: statement for statement in self.log}
        new = []
        for place, statement in enumerate(statements):
            here = f"[{place}]." if batch else ""
            if why := self.refuse(statement):
                bad.append({"path": here + "verb.id", "rule": why, "clause": "xAPI 1.0.3 Data 2.4.3", "found": "x"})
            elif statement["id"] not in known:
                known[statement["id"]] = statement
                new.append(statement)
            elif known[statement["id"]] != statement:
                clashing.append(
                    {"path": here + "id", "rule": "is another", "clause": "xAPI 1.0.3 Data 2.2", "found": "y"}
                )
        if bad or clashing:
            told = (bad or clashing) if self.names_the_bad else []
            return problem(400 if bad else 409, "refused" if bad else "conflict", *told)
        async with self._new:
            self.log += new
            self.raw.append(request.body)
            self._new.notify_all()
        headers = {"X-LRS-Stored": str(len(new))} if self.says_stored else {}
        if new:
            headers |= {} if self.is_another_store else {"X-LRS-Position": str(len(self.log))}
        if request.method == "PUT":
            return Answer(204, None, headers)
        return Answer(200, [statement["id"] for statement in statements], headers)

    async def _take_each(self, request: Request, statements: list[Statement]) -> Answer:
        """Each of the request's statements by itself, with a result for each."""
        results: list[dict[str, Any]] = []
        async with self._new:
            for statement in statements:
                same = [one for one in self.log if one["id"] == statement["id"]]
                if why := self.refuse(statement):
                    violation = {"path": "verb.id", "rule": why, "clause": "xAPI 1.0.3 Data 2.4.3", "found": "x"}
                    results.append({"outcome": "refused", "violations": [violation]})
                elif same:
                    results.append({"outcome": "known" if same == [statement] else "conflict"})
                elif self.is_full:
                    results.append({"outcome": "unavailable"})
                else:
                    self.log.append(statement)
                    results.append({"outcome": "stored"})
            self.raw.append(request.body)
            self._new.notify_all()
        return Answer(207, {"results": results})


def _statements(request: Request) -> list[Statement]:
    value = json.loads(request.body)
    return value if isinstance(value, list) else [value]


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, url.path, query, headers, body)
