"""Two contents as every JavaScript client writes them: no line break between the first and the next delimiter."""

import httpx
import pytest

from tests.acceptance.endpoint import Json
from tests.acceptance.mixed_bodies import BOUNDARY, END, attachment, data, first, send
from tests.clients.served import Served, binary, statements

DELIMITER = f"--{BOUNDARY}\r\n".encode()


def joined(*contents: bytes, described: tuple[bytes, ...] | None = None) -> tuple[Json, bytes]:
    """A statement, and a body that joins its contents."""
    _, [statement] = statements(1, attachments=[attachment(one) for one in described or contents])
    parts = b"".join(data(one).removesuffix(b"\r\n") for one in contents)
    return statement, first(statement) + parts + b"\r\n" + END


def sent(served: Served, body: bytes) -> httpx.Response:
    """What the server says to it."""
    return send(served.endpoint, body)


@pytest.mark.parametrize(
    "contents",
    [
        (b"a", b"b"),
        (b"one\r\ntwo\r\n", b"three\n", b"four\r\n"),
        (b"legal: " + DELIMITER + b" in a line", b"second", DELIMITER[:-1]),
        (binary(200_000), DELIMITER[2:] * 3, binary(3)),
    ],
)
def test_joined_contents(served: Served, contents: tuple[bytes, ...]) -> None:
    statement, body = joined(*contents)
    answer = sent(served, body)
    assert (answer.status_code, answer.text) == (200, f'["{statement["id"]}"]')
    assert sorted(served.contents(statement["id"])) == sorted(contents)


def test_a_delimiter_within_a_line_of_a_content_is_content(served: Served) -> None:
    content = b"a" + DELIMITER + b"Content-Type: text/plain\r\n\r\nb"
    statement, body = joined(content)
    assert sent(served, body).status_code == 200
    assert served.contents(statement["id"]) == [content]


def test_the_hash_decides(served: Served) -> None:
    statement, body = joined(b"a", b"b", described=(b"a", b"c"))
    answer = sent(served, body)
    assert answer.status_code == 400
    assert {one["path"] for one in answer.json()["violations"]} == {"parts[2].X-Experience-API-Hash", "attachments[1]"}
    assert not served.endpoint.is_there(statement["id"])
