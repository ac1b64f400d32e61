"""A line of the log says which request it is about; the id that comes with a request is taken where it is one."""

import json
import logging
from io import StringIO

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from lrs.api import edges, problems
from lrs.api.identified import Identified
from lrs.api.problems import problem
from lrs.logs import JsonLines, TextLines
from lrs.request_id import REQUEST_ID, Ids
from lrs.settings import Settings


def record(message: str = "it is %s", *args: object, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("lrs.api", logging.WARNING, __file__, 1, message, args, exc_info)


@pytest.fixture
def asked() -> str:
    REQUEST_ID.set("r-1")
    return "r-1"


def test_a_line_for_machines_is_one_object(asked: str) -> None:
    error = ValueError("two\nlines")
    line = JsonLines().format(record("it is %s", "so\nso", error=error))
    assert "\n" not in line
    told = json.loads(line)
    assert told["message"] == "it is so\nso"
    assert told["request_id"] == asked
    assert (told["level"], told["logger"]) == ("WARNING", "lrs.api")
    assert "ValueError: two\nlines" in told["error"]


def test_a_line_for_people_names_the_request(asked: str) -> None:
    assert TextLines().format(record("it is %s", "so")).endswith(f"WARNING lrs.api: it is so [request {asked}]")


def test_what_is_about_no_request_names_none() -> None:
    REQUEST_ID.set("")
    assert "request" not in TextLines().format(record("it is so"))
    assert "request_id" not in json.loads(JsonLines().format(record("it is so")))
    assert b"request_id" not in problem(400, "So").body


def test_no_two_are_the_same() -> None:
    one, other = Ids(), Ids()
    made = [ids.next() for ids in (one, other) for _ in range(100)]
    assert len(set(made)) == 200
    assert all(one.of(id) == id for id in made)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        *((fit, True) for fit in (b"abc-1", b"a/b=+:._9", b"x" * 128)),
        *((unfit, False) for unfit in (b"", b"x" * 129, b'a"b', b"a b", b"\xe4", b"a\nb")),
    ],
)
async def test_an_id_is_taken_where_it_is_one(given: bytes, is_taken: bool) -> None:
    sent: list[Message] = []
    seen: list[str] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(REQUEST_ID.get())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await Identified(app)({"type": "http", "headers": [(b"x-request-id", given)]}, receive, send)
    first, (name, told) = sent[0]["headers"]
    assert (first, name) == ((b"a", b"b"), b"x-request-id")
    assert (told == given) is is_taken
    assert seen == [told.decode()]
    assert sent[1] == {"type": "http.response.body", "body": b""}


@pytest.mark.anyio
async def test_what_fails_is_found_again_by_its_id() -> None:
    app = FastAPI()
    problems.install(app)
    edges.install(app, Settings())

    @app.get("/failing")
    async def failing() -> None:
        raise ValueError

    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("lrs.api")
    logger.addHandler(handler)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Identified(app)), base_url="http://lrs") as client:
            answer = await client.get("/failing")
    finally:
        logger.removeHandler(handler)
    assert answer.status_code == 500
    told = json.loads(lines.getvalue())
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == told["request_id"]
    assert "ValueError" in told["error"]
