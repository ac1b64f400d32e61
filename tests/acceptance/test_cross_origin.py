"""A script of another site may ask, and may read what matters of every answer, of refusals too."""

import pytest

from tests.acceptance.endpoint import VERSION, Json, new_statement
from tests.acceptance.wire import Wire

ORIGIN = {"Origin": "https://content.example"}
ASKED = ", ".join(
    ("authorization", "content-type", "if-match", "if-none-match", "accept-language", VERSION.lower(), "x-lrs-whatever")
)
EXPOSED = {
    "ETag",
    "Last-Modified",
    "Location",
    "Content-Length",
    "X-Experience-API-Version",
    "X-Experience-API-Consistent-Through",
    "X-LRS-Position",
    "X-LRS-Repaired",
    "X-LRS-Stored",
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/xapi/statements", "/xapi/activities/state", "/xapi/nothing", "/api/courses"])
def test_preflights_need_no_credential(wire: Wire, path: str, method: str) -> None:
    headers = {**ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": ASKED}
    answer = wire.preflight(path, headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert answer.headers["Access-Control-Allow-Headers"] == ASKED
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    ("status", "method", "options"),
    [
        (200, "GET", {}),
        (400, "GET", {"params": {"x": "1"}}),
        (400, "GET", {"version": None}),
        (400, "GET", {"path": "/xapi/statements?verb=%FF"}),
        (400, "POST", {"path": "/xapi/statements?method=PUT"}),
        (401, "GET", {"auth": None}),
        (404, "GET", {"path": "/xapi/nothing"}),
        (405, "PATCH", {}),
        (413, "POST", {"content": b" " * 200_000, "headers": {"Content-Type": "application/json"}}),
        (415, "POST", {"content": b"x", "headers": {"Content-Encoding": "gzip"}}),
    ],
)
def test_every_answer_can_be_read(wire: Wire, status: int, method: str, options: Json) -> None:
    headers = ORIGIN | options.pop("headers", {})
    answer = wire.endpoint.ask(method, headers=headers, **options)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) >= EXPOSED
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_what_is_stored_from_elsewhere(wire: Wire) -> None:
    answer = wire.endpoint.send(new_statement(), headers=ORIGIN)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert "Access-Control-Allow-Origin" not in wire.endpoint.send(new_statement()).headers
