"""Requests and answers of multipart/mixed, made and taken apart as clients do, with nothing of the server's own."""

import hashlib
import json
from typing import Any, NamedTuple

import httpx

from tests.acceptance.endpoint import Endpoint, Json, new_statement

BOUNDARY = "-------314159265358979323846"
MIXED = f"multipart/mixed; boundary={BOUNDARY}"
HASH = "X-Experience-API-Hash"
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
URL = "http://over.there.example.com/file.txt"


class Part(NamedTuple):
    """One part of an answer: its header lines as they came, and its content."""

    headers: list[str]
    content: bytes


def attachment(content: bytes, algorithm: str = "sha256", **changes: Any) -> Json:
    """The description of a content."""
    return {
        "usageType": "http://example.com/attachment-usage/test",
        "display": {"en-US": "A test attachment"},
        "contentType": "text/plain; charset=ascii",
        "length": len(content),
        "sha2": hashlib.new(algorithm, content).hexdigest(),
        **changes,
    }


def with_content(*contents: bytes, **changes: Any) -> Json:
    """A statement that was never sent before, with an attachment for each content."""
    return new_statement(attachments=[attachment(one) for one in contents], **changes)


def part(content: bytes, *headers: str) -> bytes:
    """A part with these header lines, its delimiter before it."""
    return b"\r\n".join([f"--{BOUNDARY}".encode(), *(line.encode() for line in headers), b"", content, b""])


def first(statements: Any) -> bytes:
    """The part with the statements; bytes are taken as they are."""
    text = statements if isinstance(statements, bytes) else json.dumps(statements).encode()
    return part(text, "Content-Type: application/json")


def data(content: bytes, algorithm: str = "sha256", **changes: str | None) -> bytes:
    """The part of a content; a header that is None is left out."""
    headers: dict[str, str | None] = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        HASH: hashlib.new(algorithm, content).hexdigest(),
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return part(content, *(f"{name}: {value}" for name, value in headers.items() if value is not None))


END = f"--{BOUNDARY}--\r\n".encode()


def mixed(statements: Any, *contents: bytes) -> bytes:
    """A whole body."""
    return first(statements) + b"".join(map(data, contents)) + END


def send(endpoint: Endpoint, body: bytes, method: str = "POST", kind: str = MIXED, **options: Any) -> httpx.Response:
    """A body as it is."""
    return endpoint.send(body, method, headers={"Content-Type": kind}, **options)


def store(endpoint: Endpoint, statements: Any, *contents: bytes, **options: Any) -> None:
    """Statements and contents that must be taken."""
    answer = send(endpoint, mixed(statements, *contents), **options)
    assert answer.status_code == 200, answer.text


def parts_of(answer: httpx.Response) -> list[Part]:
    """The parts of an answer that has them; the first must be JSON on one line."""
    assert answer.status_code == 200, answer.text
    kind, _, boundary = answer.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/mixed"
    assert boundary.isalnum()
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    before, *pieces, after = answer.content.split(f"--{boundary}".encode())
    assert (before, after) == (b"", b"--\r\n")
    parts = []
    for piece in pieces:
        head, blank, content = piece.partition(b"\r\n\r\n")
        assert head.startswith(b"\r\n")
        assert blank
        assert content.endswith(b"\r\n")
        parts.append(Part(head.decode().split("\r\n")[1:], content[:-2]))
    assert parts[0].headers == ["Content-Type: application/json"]
    assert b"\n" not in parts[0].content
    return parts


def contents_of(answer: httpx.Response) -> list[bytes]:
    """The contents that an answer has, each with the headers that belong to it."""
    contents = []
    for one in parts_of(answer)[1:]:
        names, values = zip(*(line.split(": ") for line in one.headers), strict=True)
        assert names == ("Content-Type", "Content-Transfer-Encoding", HASH)
        assert values[1] == "binary"
        algorithm = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}[len(values[2])]
        assert hashlib.new(algorithm, one.content).hexdigest() == values[2].lower()
        contents.append(one.content)
    return contents
