"""A request arrives whole and its answer is taken, within bounds of size and of time, or the connection is closed.

uvicorn bounds neither: a head may grow until memory is gone, and who sends or takes a byte a minute is waited for. The
bounds stand here, in the protocol, because only here it is known at no cost whether all of a request has come: almost
every request comes in one piece, and then there is nothing to watch. Such an answer is not that of a resource, so it
names no version of xAPI.

Whoever was told that the server is too busy is heard again after a pause: those who ask again at once, and there may be
thousands of them, would leave no time for what is being stored. What such a client has sent ahead waits as long.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Any, Final

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

HEAD_BYTES = 65_536
"""Of the request line and the headers together, and of what is neither in a body sent in chunks."""
HEADERS = 200
RATE = 100_000
"""Bytes of a body for which another second is allowed: a slow line is no attack."""
TOO_BUSY: Final = "lrs.too_busy"
"""Set in the scope of a request that was refused for that, whose connection then has to rest."""
REST_SECONDS = 1.0
FRAMING = 8
"""How many bytes of framing a byte of the body may cost: chunks of a single byte cost five or so."""


class BoundedConfig(uvicorn.Config):
    """uvicorn's settings, and how long a request may take to arrive."""

    def __init__(self, app: Any, *, body_seconds: float, **options: Any) -> None:
        super().__init__(app, http=BoundedHttp, ws="none", **options)
        self.body_seconds = body_seconds


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, which answers 431 or 408 and closes where a bound is passed."""

    def __init__(self, config: uvicorn.Config, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        assert isinstance(config, BoundedConfig)
        self._seconds = config.body_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._whole = False
        self._in_body = False
        self._too_large = False
        self._piece = 0  # of the data that is being read, what is no body
        self._beside = 0  # the same of the data before
        self._body = 0
        self._unanswered: deque[RequestResponseCycle] = deque()
        self._rests_until = 0.0
        self.app = partial(self._rested, self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        self._heard()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._piece = len(data)
        super().data_received(data)
        if self._whole or self.transport.is_closing():
            return
        self._beside += self._piece
        if self._beside > HEAD_BYTES + (FRAMING * self._body if self._in_body else 0):
            self._too_large = True
            self.send_400_response("")
        elif self._timer is None:
            self._watch()

    def pause_writing(self) -> None:
        """More lies here than the client takes: it has as long for that as a request of the size has to arrive."""
        super().pause_writing()
        self._heard()
        seconds = self._seconds + self.transport.get_write_buffer_size() / RATE
        self._unread = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._heard()
        super().resume_writing()

    def _heard(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    # Of the parser.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._whole = self._in_body = False
        self._beside = self._body = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # a trailer could pass for a header that the request was not let in with
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._beside + self._piece > HEAD_BYTES or len(self.headers) > HEADERS:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > HEAD_BYTES or len(self.headers) > HEADERS:
                self._too_large = True
                raise ValueError("the head of the request is too large")
        super().on_headers_complete()
        self._unanswered.append(self.cycle)
        self._in_body = True
        self._beside = -min(self._piece, HEAD_BYTES)  # the head, which the piece ends with or goes beyond

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        self._piece -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._whole = True
        self._unwatch()
        super().on_message_complete()
        self._rest(self.cycle)

    # What comes of it.

    def on_response_complete(self) -> None:
        self._rest(self._unanswered.popleft())  # before the next is begun, where more was sent ahead
        super().on_response_complete()
        if self._rests_until > self.loop.time():
            self.flow.pause_reading()

    def _rest(self, cycle: RequestResponseCycle) -> None:
        """Read nothing for a while where a request is whole that was refused because there is too much to do."""
        is_over = (self._whole or cycle is not self.cycle) and cycle.response_complete
        scope: Any = cycle.scope
        if is_over and not self.transport.is_closing() and scope.pop(TOO_BUSY, False):
            self._rests_until = self.loop.time() + REST_SECONDS
            self.flow.pause_reading()
            self.loop.call_later(REST_SECONDS, self.flow.resume_reading)

    async def _rested(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """What was sent ahead is begun after the rest."""
        left = self._rests_until - self.loop.time()
        if left > 0:
            await asyncio.sleep(left)
        await app(scope, receive, send)

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no HTTP, or too much of it."""
        if self._too_large:
            self._refuse(431, "Head too large", f"at most {HEADERS} headers, of {HEAD_BYTES} bytes with the address")
        else:
            self._refuse(400, "Not HTTP", "the request cannot be read as HTTP/1.1")

    def _watch(self) -> None:
        self._began = self.loop.time()
        self._timer = self.loop.call_later(self._seconds, self._late)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        """The time is up, unless much has come, or it is the server that does not read on."""
        self._timer = None
        if self.transport.is_closing():
            return
        answered = self._in_body and self.cycle.response_complete
        left = self._began + self._seconds + self._body / RATE - self.loop.time()
        if self.flow.read_paused:
            self._watch()
        elif left > 0 and not answered:
            self._timer = self.loop.call_later(left, self._late)
        else:
            self._refuse(408, "Request too slow", "the request did not arrive in time; nothing of it is stored")

    def _refuse(self, status: int, title: str, detail: str) -> None:
        """Answer where nobody else does or did, and close."""
        self._unwatch()
        busy = self.cycle is not None and not self.cycle.response_complete
        ours = self._in_body and busy and not self.cycle.response_started
        nothing_came = not self._in_body and not self._beside + self._piece
        if ours or not (self._in_body or busy or nothing_came):
            body = msgspec.json.encode({"title": title, "status": status, "detail": detail})
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: application/problem+json\r\nconnection: close\r\n"
                + b"access-control-allow-origin: *\r\n"
                + b"content-length: %d\r\n\r\n" % len(body)
                + body
            )
        if busy:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
