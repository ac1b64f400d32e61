"""Many readers of live pages in one process: who was told of which position when, and who was cut off.

A reader is a socket that keeps (time, position) of every event; nothing else is looked at, so that a thousand cost this
process a fraction of a core. A stuck reader asks and never reads again.
"""

import asyncio
import re
import socket
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from urllib.parse import urlsplit

EVENT = re.compile(rb"id: (\d+)\nevent: (\w+)\n")
SMALLEST_BUFFER = 4096
"""Of a stuck reader's socket: what the kernel takes for him is soon full."""


class Reader(asyncio.Protocol):
    """One page of one course."""

    def __init__(self, course: str) -> None:
        self.course = course
        self.told: list[tuple[float, int]] = []
        self.resets = 0
        self.lost = False
        self.begun = asyncio.get_running_loop().create_future()
        self._tail = b""

    def data_received(self, data: bytes) -> None:
        """Note every event whose first two lines are whole."""
        now = asyncio.get_running_loop().time()
        text = self._tail + data
        end = 0
        for found in EVENT.finditer(text):
            end = found.end()
            if found[2] == b"reset":
                self.resets += 1
            self.told.append((now, int(found[1])))
        self._tail = text[max(end, len(text) - 60) :]
        if self.told and not self.begun.done():
            self.begun.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The server has ended it, or it is over."""
        self.lost = True
        if not self.begun.done():
            self.begun.set_exception(error or ConnectionError(f"no stream: {self._tail!r}"))

    def told_of(self, position: int) -> float | None:
        """When it was first told that all up to here has reached it."""
        at = bisect_left(self.told, position, key=itemgetter(1))
        return self.told[at][0] if at < len(self.told) else None


def address(origin: str) -> tuple[str, int]:
    """Host and port."""
    where = urlsplit(origin)
    assert where.hostname is not None
    assert where.port is not None
    return where.hostname, where.port


def _request(origin: str, course: str, authorization: str) -> bytes:
    words = f"GET /api/courses/{course}/live HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\n"
    return f"{words}Authorization: {authorization}\r\nAccept: text/event-stream\r\n\r\n".encode()


async def follow(origin: str, course: str, authorization: str) -> tuple[Reader, asyncio.Transport]:
    """Open one page's stream; it has begun when this returns."""
    loop = asyncio.get_running_loop()
    transport, reader = await loop.create_connection(lambda: Reader(course), *address(origin))
    transport.write(_request(origin, course, authorization))
    await reader.begun
    return reader, transport


class Stuck:
    """Readers who ask and read nothing."""

    def __init__(self, origin: str, courses: Sequence[str], authorization: str, count: int) -> None:
        self._sockets: list[socket.socket] = []
        for number in range(count):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST_BUFFER)
            one.connect(address(origin))
            one.sendall(_request(origin, courses[number % len(courses)], authorization))
            self._sockets.append(one)

    def end(self) -> int:
        """How many the server has cut off: what is left to read has an end."""
        cut = 0
        for one in self._sockets:
            one.settimeout(0.5)
            with one, suppress(TimeoutError):
                try:
                    while one.recv(1_000_000):
                        pass
                    cut += 1
                except ConnectionError:
                    cut += 1
        return cut
