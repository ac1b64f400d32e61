"""An error that nobody foresaw is logged with its trace and answered as a problem, with all that an answer has."""

import logging

from fastapi import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.api.problems import problem

_LOG = logging.getLogger("lrs.api")

UNFORESEEN = "an error of ours, which is logged; whether anything of the request was stored, asking again will tell"


class Unforeseen:
    """Stands within the layers that mark answers, so that this one is marked too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if begun:
                raise  # the server cuts the connection, so that the client sees that there should be more
            await unforeseen(scope)(scope, receive, send)


def unforeseen(scope: Scope) -> Response:
    """The answer to the exception that is being handled, which is logged."""
    _LOG.exception("%s %s failed", scope["method"], scope["path"])
    return problem(500, "Server error", UNFORESEEN)
