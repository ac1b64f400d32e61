"""An answer comes compressed to who accepts that, and is the same answer."""

import httpx
import pytest

from tests.acceptance.endpoint import VERSION, new_statement
from tests.acceptance.wire import Wire
from tests.services.lrs_server import CREDENTIAL

QUERY = {"limit": "3", "verb": "http://example.com/verbs/compressed"}


@pytest.fixture(scope="module", autouse=True)
def _long_statements(wire: Wire) -> None:
    long = {"en": "a long description " * 200}
    for _ in range(3):
        thing = {"id": "http://example.com/activities/long", "definition": {"description": long}}
        wire.endpoint.post(new_statement(verb={"id": QUERY["verb"]}, object=thing))


def ask(wire: Wire, accepted: str, method: str = "GET") -> httpx.Response:
    """The statements with the long descriptions."""
    return wire.endpoint.ask(method, params=QUERY, headers={"Accept-Encoding": accepted})


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("br", "br"), ("gzip, deflate, br", "br"), ("zstd;q=0, gzip;q=0.5", "gzip"), ("*", None)],
)
def test_what_is_accepted(wire: Wire, accepted: str, coding: str | None) -> None:
    plain = ask(wire, "identity")
    assert "Content-Encoding" not in plain.headers
    answer = ask(wire, accepted)
    if coding is not None:
        assert answer.headers["Content-Encoding"] == coding
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.json() == plain.json()
    assert int(answer.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 4


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "", "x"])
def test_what_is_not(wire: Wire, accepted: str) -> None:
    answer = ask(wire, accepted)
    assert "Content-Encoding" not in answer.headers
    assert len(answer.content) == int(answer.headers["Content-Length"])


@pytest.mark.parametrize("accepted", ["gzip", "br", "identity"])
def test_head_is_get_without_the_body(wire: Wire, accepted: str) -> None:
    get, head = ask(wire, accepted), ask(wire, accepted, "HEAD")
    assert head.content == b""
    for name in ("Content-Length", "Content-Encoding", "Content-Type", VERSION):
        assert head.headers.get(name) == get.headers.get(name)


def test_short_answers_are_left_alone(wire: Wire) -> None:
    answer = wire.endpoint.send([new_statement() for _ in range(50)], headers={"Accept-Encoding": "gzip, br, zstd"})
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_a_live_stream_is_left_alone(wire: Wire) -> None:
    course = {
        "id": "http://example.com/courses/live",
        "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
    }
    (posted,) = [wire.endpoint.send(new_statement(object=course))]
    asked = {"wait_for": posted.headers["X-LRS-Position"]}
    wire.endpoint.ask("GET", "/api/projections", params=asked)
    courses = wire.endpoint.ask("GET", "/api/courses", params={"iri": course["id"]}).json()["courses"]
    url = f"{wire.origin}/api/courses/{courses[0]['id']}/live"
    with httpx.stream("GET", url, auth=CREDENTIAL, headers={"Accept-Encoding": "gzip, br, zstd"}) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert "Content-Encoding" not in answer.headers
        assert next(answer.iter_raw()).startswith(b"retry:")
