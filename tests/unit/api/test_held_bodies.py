"""What is held of bodies is bounded in sum, and given back however a request ends."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from lrs.api.held_bodies import HeldBodies
from schemas.errors import Overloaded


class Requests:
    """An application that reads bodies and holds them until it is told to answer."""

    def __init__(self, most: int, each: int = 1000) -> None:
        self.answer = asyncio.Event()
        self.way = HeldBodies(self._read, most=most, each=each)

    async def _read(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        await self.answer.wait()

    def begin(self, *pieces: int, query: bytes = b"") -> asyncio.Task[None]:
        """A request whose body comes in pieces of these sizes."""
        scope = {"type": "http", "method": "POST", "path": "/xapi/statements", "query_string": query}
        messages: list[Message] = [
            {"type": "http.request", "body": b"x" * size, "more_body": number < len(pieces)}
            for number, size in enumerate(pieces, 1)
        ]

        async def receive() -> Message:
            await asyncio.sleep(0)
            return messages.pop(0)

        async def send(_: Message) -> None:
            raise AssertionError

        async def request() -> None:
            await self.way(scope, receive, send)

        return asyncio.create_task(request())


def test_what_would_pass_the_bound_is_refused_and_finds_room_later() -> None:
    async def fill() -> None:
        requests = Requests(most=100)
        held = [requests.begin(30, 20), requests.begin(50)]
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded):
            await requests.begin(1)
        requests.answer.set()
        await asyncio.gather(*held)
        await requests.begin(60, 40)

    asyncio.run(fill())


def test_those_that_are_refused_or_leave_give_back_what_they_held() -> None:
    async def leave() -> None:
        requests = Requests(most=100)
        left = requests.begin(90)
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded):
            await requests.begin(5, 5, 5)
        left.cancel()
        await asyncio.wait([left])
        requests.answer.set()
        await requests.begin(50, 50)

    asyncio.run(leave())


def test_alone_a_body_may_be_larger() -> None:
    async def alone() -> None:
        requests = Requests(most=100)
        requests.answer.set()
        await requests.begin(90, 90)

    asyncio.run(alone())


def test_of_one_request_no_more_counts_than_may_be_held() -> None:
    async def attachments() -> None:
        requests = Requests(most=100, each=40)
        held = requests.begin(30, 30, 30, 30)
        await asyncio.sleep(0.01)
        requests.answer.set()
        await requests.begin(40)
        await held

    asyncio.run(attachments())


def test_forms_which_nobody_has_verified_keep_nobody_else_out() -> None:
    async def forms() -> None:
        requests = Requests(most=80)
        held = requests.begin(10, query=b"method=PUT")
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded):
            await asyncio.wait_for(requests.begin(1, query=b"method=PUT"), 20)
        others = requests.begin(80)
        await asyncio.sleep(0.01)
        requests.answer.set()
        await asyncio.gather(held, others)
        await requests.begin(10, query=b"method=PUT")

    asyncio.run(forms())
