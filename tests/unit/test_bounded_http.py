"""How long a request may take to arrive, and an answer to be taken: a slow line is waited for, and nobody for ever."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from unittest.mock import Mock

import pytest
from uvicorn.server import ServerState

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
