"""Every answer under /xapi names the version that it speaks, errors included (xAPI 1.0.3 Communication 3.3)."""

from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import QueryRefused
from schemas.version import HEADER, XapiVersion, read_version

VERSION = HEADER.lower().encode()


async def spoken(request: Request) -> XapiVersion:
    """The version the request speaks (xAPI Communication 3.3); raises QueryRefused."""
    return read_version(request.headers.get(HEADER))


Version = Annotated[XapiVersion, Depends(spoken)]


class NamedVersion:
    """Names the version of the request, or `otherwise` where it asks for none that is spoken here."""

    def __init__(self, app: ASGIApp, otherwise: str) -> None:
        self._app = app
        self._otherwise = otherwise.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/xapi"):
            await self._app(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Read now and not before: the alternate request syntax has the header in its form.
                asked = next((value.decode("latin-1") for name, value in scope["headers"] if name == VERSION), None)
                message["headers"] = [*message["headers"], (VERSION, answering_version(asked) or self._otherwise)]
            await send(message)

        await self._app(scope, receive, named)


@lru_cache(maxsize=100)
def answering_version(asked: str | None) -> bytes | None:
    """The version that answers a request for another of its minor version; None where it is not spoken."""
    try:
        return read_version(asked).value.encode()
    except QueryRefused:
        return None
