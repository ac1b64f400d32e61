"""A server as the network sees it: bytes in, bytes out, and what it writes into its log."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.acceptance.endpoint import Endpoint
from tests.services.lrs_process import ForkedServer
from tests.services.lrs_server import CREDENTIAL

PATIENCE = 30
AUTHORIZATION = b"Basic dGVzdC1rZXk6dGVzdC1zZWNyZXQ="


@dataclass(frozen=True)
class RawAnswer:
    """What came back until the server closed; `status` is 0 where nothing did."""

    status: int
    head: bytes
    body: bytes


@dataclass(frozen=True)
class Wire:
    """One server; `endpoint` speaks to it in HTTP that is in order."""

    endpoint: Endpoint
    origin: str
    log: Path

    def connect(self) -> socket.socket:
        """A connection of one's own."""
        parts = urlsplit(self.origin)
        assert parts.hostname is not None
        return socket.create_connection((parts.hostname, parts.port), PATIENCE)

    def preflight(self, path: str, headers: dict[str, str]) -> httpx.Response:
        """What a browser asks before a script may."""
        return httpx.options(self.origin + path, headers=headers)

    def say(self, *pieces: bytes) -> RawAnswer:
        """Whatever is said, until the server closes: of a request in order that must be asked for."""
        with self.connect() as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
            except (ConnectionResetError, BrokenPipeError):
                pass  # it has heard enough; what it said before may still be there
            said = b""
            try:
                while piece := connection.recv(65536):
                    said += piece
            except ConnectionResetError:
                pass
        head, _, body = said.partition(b"\r\n\r\n")
        return RawAnswer(int(head.split()[1]) if head else 0, head.lower(), body)


def request(method: str, target: str, *headers: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    """An authorized request of 1.0.3, after which the server closes."""
    lines = [
        f"{method} {target} HTTP/1.1".encode(),
        b"Host: lrs.example",
        b"Connection: close",
        b"Authorization: " + AUTHORIZATION,
        b"X-Experience-API-Version: 1.0.3",
        *headers,
    ]
    if body or length is not None:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % (len(body) if length is None else length)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@contextmanager
def wired(url: str, folder: Path, **variables: str) -> Iterator[Wire]:
    """A server over a migrated database, with a log that can be read."""
    log = folder / "server.log"
    settings = {"LRS_BOOTSTRAP_CREDENTIAL": ":".join(CREDENTIAL), "LRS_DATABASE_URL": url, **variables}
    with (
        log.open("wb") as said,
        ForkedServer(["serve", "--port", "0"], settings, said.fileno()) as origin,
        httpx.Client() as client,
    ):
        yield Wire(Endpoint(origin, client), origin, log)
