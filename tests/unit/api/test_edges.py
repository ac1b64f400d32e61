"""The layers around the routes, around an application that fails."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi import Depends, FastAPI
from starlette.responses import StreamingResponse

from lrs.api import edges, problems
from lrs.api.cross_origin import EXPOSED
from lrs.settings import Settings
from schemas.errors import NotFound

pytestmark = pytest.mark.anyio
VERSION = "X-Experience-API-Version"
LRS = Path(problems.__file__).parents[1]


class Unheard(Exception):
    """An error that nobody has foreseen."""


async def failing() -> None:
    raise Unheard("the secret is in this text")


def application(**settings: str) -> FastAPI:
    """An application whose parts fail in several ways."""
    app = FastAPI(openapi_url=None)
    problems.install(app)

    @app.get("/xapi/dependency", dependencies=[Depends(failing)])
    @app.get("/api/dependency", dependencies=[Depends(failing)])
    async def never() -> None:
        raise AssertionError

    @app.get("/xapi/away")
    async def away() -> None:
        raise psycopg.OperationalError("connection lost")

    @app.get("/xapi/missing")
    async def missing() -> None:
        raise NotFound

    async def pieces() -> AsyncIterator[bytes]:
        yield b"[1"
        raise Unheard

    @app.get("/xapi/breaking")
    async def breaking() -> StreamingResponse:
        return StreamingResponse(pieces(), media_type="application/x-unknown")

    edges.install(app, Settings.model_validate(settings))
    return app


async def ask(path: str, headers: dict[str, str] | None = None, method: str = "GET", **settings: str) -> httpx.Response:
    """What the application answers; an error that it lets out is an error here."""
    transport = httpx.ASGITransport(application(**settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://lrs.example") as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize("path", ["/xapi/dependency", "/api/dependency"])
async def test_an_error_that_nobody_foresaw(path: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = await ask(path, {"Origin": "https://a.example", VERSION: "2.0.0"})
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["status"], answer.json()["title"]) == (500, "Server error")
    assert "secret" not in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers.get(VERSION) == ("2.0.0" if path.startswith("/xapi") else None)
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert record.getMessage() == f"GET {path} failed"
    assert record.exc_info is not None
    assert record.exc_info[0] is Unheard


async def test_an_answer_that_breaks_off_is_not_made_whole() -> None:
    with pytest.raises(Unheard):
        await ask("/xapi/breaking")


@pytest.mark.parametrize(("path", "status"), [("/xapi/away", 503), ("/xapi/missing", 404), ("/xapi/nothing", 404)])
@pytest.mark.parametrize(
    ("asked", "named"),
    [("1.0", "1.0.3"), ("1.0.9", "1.0.3"), ("2.0.1", "2.0.0"), (None, "0.95"), ("0.9", "0.95"), ("1.1.0", "0.95")],
)
async def test_every_answer_names_a_version(path: str, status: int, asked: str | None, named: str) -> None:
    answer = await ask(path, {} if asked is None else {VERSION: asked}, unversioned_answer="0.95")
    assert (answer.status_code, answer.headers.get_list(VERSION)) == (status, [named])


async def test_the_version_of_an_unversioned_answer_is_1_0_3() -> None:
    assert (await ask("/xapi/missing")).headers[VERSION] == "1.0.3"


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ("https://a.example,https://b.example", "https://b.example", "https://b.example"),
        ("https://a.example https://b.example", "https://c.example", None),
        ("", "https://a.example", None),
        ("*", "https://a.example", "*"),
    ],
)
async def test_the_settings_may_name_origins(origins: str, origin: str, allowed: str | None) -> None:
    answer = await ask("/xapi/missing", {"Origin": origin}, cors_origins=origins)
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed
    asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    preflight = await ask("/xapi/missing", asked, "OPTIONS", cors_origins=origins)
    assert preflight.headers.get("Access-Control-Allow-Origin") == allowed


def test_no_header_of_ours_is_hidden_from_scripts() -> None:
    named = {
        name
        for file in LRS.rglob("*.py")
        for name in re.findall('"(X-LRS-[A-Za-z-]+|X-Experience-API-[A-Za-z-]+)"', file.read_text(encoding="utf-8"))
    }
    assert {"X-LRS-Stored", "X-LRS-Position"} <= named
    assert named - {"X-LRS-Results", "X-LRS-Read-After"} <= set(EXPOSED)  # those are of requests
