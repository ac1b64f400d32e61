"""Single statements at a steady rate, each timed: a client that costs a tenth of a millisecond a statement.

Connections are used in turn. A statement that finds none free waits for one, and that counts: it was due.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.bench.live_readers import address

POSITION = re.compile(rb"\r\nx-lrs-position: (\d+)\r\n", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
TAKEN = b"HTTP/1.1 200 "


class NotTaken(Exception):
    """An answer other than 200; it follows."""


class Sent(NamedTuple):
    """When a statement was due and when it was answered (loop seconds), where it stands in the log, and its text."""

    began: float
    answered: float
    position: int
    body: bytes


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._answer = b""
        self._waiting: asyncio.Future[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        length = LENGTH.search(head + b"\r\n")
        if end and length and len(body) >= int(length[1]) and self._waiting is not None:
            self._waiting.set_result(self._answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionError("the server has closed the connection"))

    async def ask(self, request: bytes) -> bytes:
        assert self._transport is not None
        self._answer, self._waiting = b"", asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()


class Posting:
    """`sent`: what was answered. bodies: of statements that were never sent before."""

    def __init__(self, origin: str, authorization: str, bodies: Iterator[bytes], connections: int) -> None:
        self.sent: list[Sent] = []
        self._address = address(origin)
        self._bodies = bodies
        self._head = (
            f"POST /xapi/statements HTTP/1.1\r\nHost: {self._address[0]}\r\nAuthorization: {authorization}\r\n"
            "X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()
        self._connections = connections

    async def run(self, rate: int, seconds: float) -> None:
        """Raises NotTaken for the first that is not taken, and ConnectionError."""
        loop = asyncio.get_running_loop()
        free: asyncio.Queue[_Connection] = asyncio.Queue()
        opened = [await loop.create_connection(_Connection, *self._address) for _ in range(self._connections)]
        for _, connection in opened:
            free.put_nowait(connection)
        try:
            async with asyncio.TaskGroup() as group:
                begin = loop.time()
                for number in range(int(rate * seconds)):
                    due = begin + number / rate
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    group.create_task(self._post(free, due))
        finally:
            for _, connection in opened:
                connection.close()

    async def _post(self, free: asyncio.Queue[_Connection], due: float) -> None:
        connection = await free.get()
        body = next(self._bodies)
        answer = await connection.ask(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
        position = POSITION.search(answer)
        if not answer.startswith(TAKEN) or position is None:
            raise NotTaken(answer.decode(errors="replace"))
        self.sent.append(Sent(due, asyncio.get_running_loop().time(), int(position[1]), body))
        free.put_nowait(connection)
