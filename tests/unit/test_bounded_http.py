"""How long a request may take to arrive, and an answer to be taken: a slow line is waited for, and nobody for ever."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any
from unittest.mock import Mock

import pytest
from uvicorn.server import ServerState

from lrs import bounded_http
from lrs.bounded_http import RATE, REST_SECONDS, TOO_BUSY, BoundedConfig, BoundedHttp

SECONDS = 10.0
HEAD = b"POST /xapi/statements HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that is never asked: the loop drops its tasks."""


class Loop:
    """A loop in which time passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: dict[int, tuple[float, Callable[[], None]]] = {}
        self._count = 0

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Callable[[], None]) -> Mock:
        self._count += 1
        number = self._count
        self.due[number] = self.now + seconds, call
        return Mock(cancel=lambda: self.due.pop(number, None))

    def create_task(self, task: Coroutine[Any, Any, None]) -> Mock:
        task.close()
        return Mock()

    def wait_until(self, moment: float) -> None:
        while self.due and min(self.due.values(), key=lambda one: one[0])[0] <= moment:
            number = min(self.due, key=lambda one: self.due[one][0])
            self.now, call = self.due.pop(number)
            call()
        self.now = moment


class Line:
    """A connection whose far end a test plays."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.said = b""
        self.closed = False
        self.transport = Mock(spec=asyncio.Transport, get_extra_info=lambda name, default=None: default)
        self.transport.write = self._write
        self.transport.close = self._close
        self.transport.abort = self._close
        self.transport.is_closing = lambda: self.closed
        config = BoundedConfig(_nothing, body_seconds=SECONDS, log_config=None)
        self.http = BoundedHttp(config, ServerState(), {}, self.loop)
        self.http.connection_made(self.transport)

    def _write(self, data: bytes) -> None:
        self.said += data

    def _close(self) -> None:
        self.closed = True


@pytest.fixture
def line() -> Line:
    return Line()


def test_a_request_that_is_whole_is_not_watched(line: Line) -> None:
    line.http.data_received(HEAD % 2 + b"[]")
    assert not line.loop.due
    line.loop.wait_until(1000)
    assert not line.closed


@pytest.mark.parametrize("said", [b"POST /xapi", HEAD % 100, HEAD % 100 + b"["])
def test_the_rest_is_waited_for(line: Line, said: bytes) -> None:
    line.http.data_received(said)
    line.loop.wait_until(SECONDS - 1)
    assert line.said == b""
    line.loop.wait_until(SECONDS + 1)
    assert line.said.startswith(b"HTTP/1.1 408 ")
    assert line.closed


def test_a_byte_now_and_then_gives_no_more_time(line: Line) -> None:
    line.http.data_received(HEAD % 1000)
    for second in range(1, int(SECONDS)):
        line.loop.wait_until(second)
        line.http.data_received(b"x")
    line.loop.wait_until(SECONDS + 1)
    assert line.said.startswith(b"HTTP/1.1 408 ")


def test_a_slow_line_is_given_the_time_it_takes(line: Line) -> None:
    line.http.data_received(HEAD % (100 * RATE))
    for second in range(1, 100):
        line.loop.wait_until(second)
        line.http.data_received(b"x" * RATE)
        line.http.cycle.body.clear()  # as if the route had read it
        line.http.flow.resume_reading()
    assert not line.closed
    line.http.data_received(b"x" * RATE)
    assert not line.loop.due


def test_a_slow_server_is_not_held_against_the_client(line: Line) -> None:
    line.http.data_received(HEAD % 1_000_000 + b"x" * 100_000)
    assert line.http.flow.read_paused
    line.loop.wait_until(10 * SECONDS)
    assert line.said == b""
    line.http.flow.resume_reading()
    line.loop.wait_until(12 * SECONDS)
    assert line.closed


def test_who_says_nothing_hears_nothing(line: Line) -> None:
    line.loop.wait_until(SECONDS)
    assert line.closed
    assert line.said == b""


def test_no_second_answer(line: Line) -> None:
    line.http.data_received(HEAD % (100 * RATE) + b"x" * RATE)
    line.http.flow.resume_reading()
    line.http.cycle.response_started = line.http.cycle.response_complete = True
    line.loop.wait_until(SECONDS)
    assert line.closed
    assert line.said == b""


def test_a_lost_connection_is_not_watched(line: Line) -> None:
    line.http.data_received(HEAD % 100)
    line.http.connection_lost(None)
    assert not line.loop.due


def rests(line: Line) -> bool:
    return line.http.flow.read_paused


def answer_too_busy(line: Line) -> None:
    """As the application does: in the scope of the request, and by an answer."""
    scope: Any = line.http.cycle.scope
    scope[TOO_BUSY] = True
    line.http.cycle.response_started = line.http.cycle.response_complete = True
    line.http.on_response_complete()


def test_who_was_refused_because_of_overload_is_heard_again_after_a_rest(line: Line) -> None:
    line.http.data_received(HEAD % 2 + b"[]")
    answer_too_busy(line)
    assert rests(line)
    line.loop.wait_until(REST_SECONDS)
    assert not rests(line)
    line.http.data_received(HEAD % 2 + b"[]")
    line.http.cycle.response_started = line.http.cycle.response_complete = True
    line.http.on_response_complete()
    assert not rests(line)


def test_the_rest_begins_when_what_was_refused_has_come(line: Line) -> None:
    """A client may send all of its request before it reads the answer."""
    line.http.data_received(HEAD % 2 + b"[")
    answer_too_busy(line)
    assert not rests(line)
    line.http.data_received(b"]")
    assert rests(line)


def test_who_does_not_take_the_answer_is_left(line: Line) -> None:
    line.http.data_received(HEAD % 2 + b"[]")
    line.transport.get_write_buffer_size = lambda: 5 * RATE
    line.http.pause_writing()
    line.loop.wait_until(SECONDS + 4)
    assert not line.closed
    line.loop.wait_until(SECONDS + 5)
    assert line.closed


def test_who_takes_some_of_the_answer_now_and_then_is_waited_for(line: Line) -> None:
    line.http.data_received(HEAD % 2 + b"[]")
    line.transport.get_write_buffer_size = lambda: RATE
    for _ in range(5):
        line.http.pause_writing()
        line.loop.wait_until(line.loop.now + SECONDS)
        line.http.resume_writing()
    line.loop.wait_until(1000)
    assert not line.http.flow.write_paused
    line.http.pause_writing()
    line.http.connection_lost(None)
    assert not line.loop.due


@pytest.mark.parametrize("is_refused_before_it_is_whole", [False, True])
def test_what_was_sent_ahead_waits_for_the_rest_too(
    is_refused_before_it_is_whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "REST_SECONDS", 0.2)
    begun: list[float] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        begun.append(asyncio.get_running_loop().time())
        if not is_refused_before_it_is_whole:
            await receive()
        scope[TOO_BUSY] = True
        await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def send_three() -> None:
        config = BoundedConfig(application, body_seconds=SECONDS, log_config=None, lifespan="off")
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: BoundedHttp(config, state, {}), "127.0.0.1")
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(HEAD % 2 + b"[")
            if is_refused_before_it_is_whole:
                await reader.readuntil(b"\r\n\r\n")
            writer.write(b"]" + (HEAD % 2 + b"[]") * 2)
            for _ in range(2 if is_refused_before_it_is_whole else 3):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
            writer.close()
            await writer.wait_closed()
            while state.connections:  # noqa: ASYNC110 - the server notices after its rest
                await asyncio.sleep(0.01)

    asyncio.run(send_three())
    assert [later - sooner >= 0.19 for sooner, later in pairwise(begun)] == [True, True]
