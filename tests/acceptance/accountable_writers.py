"""Writers that keep account of every request: acknowledged, refused, or left without an answer.

Each has one connection, as a client does, and opens another where that breaks. Nothing is sent twice while they write,
so that what the log holds in the end can be told request by request. They run in a thread, beside whoever kills.
"""

import asyncio
import base64
import random
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import cycle
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from tests.bench.statements import BEFORE_ID, after_id, bodies
from tests.services.lrs_server import CREDENTIAL

SIZES = (1, 1, 1, 5, 20)
"""Statements of a request, one as likely as the other."""
TAILS = 2_000
PATIENCE = 60.0
_ERRORS = (OSError, EOFError)


class Answer(NamedTuple):
    """What came; headers by their names in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection, opened when it is needed."""

    def __init__(self, origin: str) -> None:
        split = urlsplit(origin)
        assert split.hostname
        assert split.port
        self._address = split.hostname, split.port
        basic = base64.b64encode(":".join(CREDENTIAL).encode()).decode()
        self._common = f"Host: {split.netloc}\r\nAuthorization: Basic {basic}\r\nX-Experience-API-Version: 1.0.3\r\n"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Any request; raises OSError or EOFError where the connection breaks before the answer is whole."""
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        try:
            if self._writer is None or self._reader is None:
                self._reader, self._writer = await asyncio.open_connection(*self._address)
            self._writer.write(f"{method} {path} HTTP/1.1\r\n{self._common}{kind}\r\n".encode() + body)
            answer = await self._answer(self._reader)
        except BaseException:
            self.close()
            raise
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    async def post(self, body: bytes) -> Answer:
        """Statements."""
        return await self.ask("POST", "/xapi/statements", body)

    def close(self) -> None:
        """The next request opens another connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def leave(self) -> None:
        """As close, and the connection is gone."""
        writer = self._writer
        self.close()
        if writer is not None:
            with suppress(OSError):
                await writer.wait_closed()

    @staticmethod
    async def _answer(reader: asyncio.StreamReader) -> Answer:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(first.split()[1]), headers, body)


@dataclass(slots=True)
class Sent:
    """One request, and what became of it: status 0 where no answer came."""

    ids: tuple[UUID, ...]
    body: bytes
    status: int = 0
    seconds: float = 0.0


class Writers(threading.Thread):
    """So many connections, each with a pause after every answer, and a longer one where the answer asks for it.

    Entering starts them, leaving waits for their last answers.
    """

    def __init__(
        self, origin: str, connections: int, *, seed: int, pause: float = 0.0, sizes: Sequence[int] = SIZES
    ) -> None:
        super().__init__(daemon=True)
        self.sent: list[Sent] = []
        self.wrong: list[str] = []
        """Answers that no client should ever get."""
        self._origin, self._connections, self._pause, self._sizes = origin, connections, pause, sizes
        self._chance = random.Random(seed)
        self._tails = cycle([after_id(body) for body in bodies(TAILS, seed)])
        self._enough = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self.join(PATIENCE)

    @property
    def acknowledged(self) -> list[Sent]:
        """Those with a 200."""
        return [one for one in self.sent if one.status == 200]

    @property
    def others(self) -> list[Sent]:
        """Those refused, and those left without an answer."""
        return [one for one in self.sent if one.status != 200]

    def must_go_on(self, count: int = 100) -> float:
        """Wait until so many more requests that are sent from now on are acknowledged; answers the seconds."""
        began = time.monotonic()
        here = len(self.sent)
        while sum(one.status == 200 for one in self.sent[here:]) < count:
            assert time.monotonic() - began < PATIENCE, f"no {count} requests in {PATIENCE} s; {self.wrong[:3]}"
            assert self.is_alive()
            time.sleep(0.02)
        return time.monotonic() - began

    def run(self) -> None:
        """Until told to stop."""
        asyncio.run(self._all())

    async def _all(self) -> None:
        await asyncio.gather(*(self._write() for _ in range(self._connections)))

    async def _write(self) -> None:
        client = Client(self._origin)
        await asyncio.sleep(self._chance.uniform(0, self._pause))
        while not self._enough.is_set():
            one = self._new()
            self.sent.append(one)
            began = time.monotonic()
            try:
                answer = await client.post(one.body)
            except _ERRORS:
                await asyncio.sleep(0.05)
                continue
            one.seconds = time.monotonic() - began
            one.status = answer.status
            self._judge(one, answer)
            await asyncio.sleep(self._pause if one.status != 503 else self._retry_after(answer))
        await client.leave()

    def _new(self) -> Sent:
        ids = tuple(UUID(int=self._chance.getrandbits(128), version=4) for _ in range(self._chance.choice(self._sizes)))
        texts = [BEFORE_ID + str(one).encode() + next(self._tails) for one in ids]
        return Sent(ids, texts[0] if len(texts) == 1 else b"[" + b",".join(texts) + b"]")

    def _retry_after(self, answer: Answer) -> float:
        """As it was asked for; but who only writes now and then would soon write no more."""
        return min(int(answer.headers.get("retry-after", 0)), 10 * self._pause)

    def _judge(self, sent: Sent, answer: Answer) -> None:
        match answer.status:
            case 200:
                right = msgspec.json.decode(answer.body, type=list[UUID]) == list(sent.ids)
            case 503:
                right = 0 < int(answer.headers.get("retry-after", 0)) < 60
            case _:
                right = False
        if not right:
            self.wrong.append(f"{answer.status} {answer.headers} {answer.body[:500]!r}")


async def sent_again(origin: str, requests: Sequence[Sent]) -> list[int]:
    """The statuses of the same requests once more, one after the other."""
    with closing(Client(origin)) as client:
        return [(await client.post(one.body)).status for one in requests]
