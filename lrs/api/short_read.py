"""The short way for those who read statements: GET and HEAD of the resource, answered beside the framework.

The framework's way from a request to a function and back costs about as much as reading a page. The rule of this file:
it is the function of the route that answers, given what the route gives it, within the layers that stand around routes.
"""

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs.api import edges
from lrs.api.problems import answered
from lrs.api.services import Services
from lrs.api.signed_in import permit
from lrs.api.statements import get_statements
from lrs.settings import Settings
from schemas.scope import Scope as AccessScope
from schemas.version import HEADER, read_version

PATH = "/xapi/statements"


class ShortRead:
    """Answers those requests; every other one goes to the next, behind which is the same application."""

    def __init__(self, following: ASGIApp, app: FastAPI, settings: Settings) -> None:
        self._following = following
        self._app = app
        self._read = edges.around(self._answer, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] in ("GET", "HEAD"):
            scope["app"] = self._app
            await self._read(scope, receive, send)
        else:
            await self._following(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        here: Services = self._app.state.services
        try:
            version = read_version(request.headers.get(HEADER))
            who = await here.verify(request.headers.get("authorization"))
            permit(who, AccessScope.STATEMENTS_READ_MINE)
            answer = await get_statements(request, version, who, here)
        except Exception as error:
            answer = await answered(self._app, request, error)
        await answer(scope, receive, send)
