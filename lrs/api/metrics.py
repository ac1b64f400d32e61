"""/metrics: what all processes of this server have counted, and how the store stands, as Prometheus reads it.

The rule of this file: at the address of the API it takes a credential, for behind a proxy nobody knows who is near. At
an address of its own (LRS_METRICS_PORT), on the loopback unless the settings say otherwise, it takes none, and there is
nothing else there but the probes.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs.access.credentials import Credential
from lrs.api.problems import problem
from lrs.api.services import Services, Serving
from lrs.api.signed_in import needs
from lrs.metrics.exposition import CONTENT_TYPE, exposed
from lrs.metrics.sources import of_store
from schemas.scope import Scope as AccessScope

PATH = "/metrics"
PROBES = ("/health/live", "/health/ready")

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def get_metrics(_: Annotated[Credential, Depends(needs(AccessScope.ALL_READ))], here: Serving) -> Response:
    """Everything that is measured, of every process of this server."""
    return await _told(here)


class OwnAddress:
    """Answers what comes to the port of the metrics; everything else is the application's."""

    def __init__(self, following: ASGIApp, app: FastAPI, port: int) -> None:
        self._following = following
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["server"] is None or scope["server"][1] != self._port:
            await self._following(scope, receive, send)
        elif scope["path"] in PROBES:
            await self._app(scope, receive, send)
        else:
            await (await self._answer(Request(scope)))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.url.path != PATH or request.method != "GET":
            return problem(404, "Not found", f"here are {PATH} and {' and '.join(PROBES)}")
        return await _told(self._app.state.services)


async def _told(here: Services) -> Response:
    standing = await here.watch.look()
    return Response(exposed(here.meter.found(), of_store(standing)), headers={"Content-Type": CONTENT_TYPE})
