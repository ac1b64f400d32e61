"""Every answer about statements says up to when the log is surely whole, errors included (xAPI Communication 2.1.3)."""

from datetime import datetime

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.api.services import Services
from lrs.statement_log.recorded import instant

CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
THROUGH = CONSISTENT_THROUGH.lower().encode()


class ConsistentThrough:
    """Adds it to what does not have it yet: to the answer to a reader as it is now, since a client may ask again and
    again until it is late enough; to any other as it was when somebody last looked.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/xapi/statements"):
            await self._app(scope, receive, send)
            return
        here: Services = scope["app"].state.services

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start" and all(name != THROUGH for name, _ in message["headers"]):
                asks = scope["method"] in ("GET", "HEAD") and message["status"] in (200, 400, 404)
                through = await _now(here) if asks else here.search.known_through
                message["headers"] = [*message["headers"], (THROUGH, instant(through).encode())]
            await send(message)

        await self._app(scope, receive, dated)


async def _now(here: Services) -> datetime:
    try:
        return await here.search.consistent_through()
    except (psycopg.Error, PoolTimeout, TooManyRequests):
        return here.search.known_through
