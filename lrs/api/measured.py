"""How long requests to the statements resource take, by what became of them.

The rule of this file: it stands around everything, so what it measures is what a client waits for, and what it costs
every request pays. So it looks at the method, the path and the status, and adds to two numbers.
"""

from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.bounded_http import TOO_BUSY
from lrs.metrics.distribution import SECONDS, Distribution

PATH: Final = "/xapi/statements"
_KINDS: Final = {"POST": "write", "PUT": "write", "GET": "read", "HEAD": "read"}
_OUTCOMES: Final = {401: "denied", 403: "denied", 404: "not_found", 409: "conflict", 503: "unavailable"}


class Measured:
    """`seconds`: by kind (write, read) and outcome."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.seconds: dict[tuple[str, str], Distribution] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] not in _KINDS:
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 0
        busy = False

        async def noted(message: Message) -> None:
            nonlocal status, busy
            if message["type"] == "http.response.start":
                status = message["status"]
                busy = TOO_BUSY in scope
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            key = kind_of(scope), "busy" if busy else outcome_of(status)
            found = self.seconds.get(key)
            if found is None:
                found = self.seconds[key] = Distribution(SECONDS)
            found.observe(perf_counter() - began)


def kind_of(scope: Scope) -> str:
    """A request that came as a form (xAPI 1.0.3 Communication 1.3) is of the kind that it stands for, mostly a read."""
    if scope["method"] == "POST" and scope["query_string"].startswith(b"method="):
        return "write" if scope["query_string"][7:10] in (b"PUT", b"POS") else "read"
    return _KINDS[scope["method"]]


def outcome_of(status: int) -> str:
    """What became of a request; cut where it was not answered at all."""
    if 200 <= status < 400:
        return "ok"
    found = _OUTCOMES.get(status)
    if found is not None:
        return found
    return "cut" if status == 0 else "refused" if status < 500 else "failed"
