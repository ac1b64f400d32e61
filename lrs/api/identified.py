"""Every request has an id: that of its X-Request-ID, or one that is made; its answer tells it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.request_id import HEADER, REQUEST_ID, Ids

_NAME = HEADER.lower().encode()


class Identified:
    """Stands around everything that answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ids = Ids()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = None
        for name, value in scope["headers"]:
            if name == _NAME:
                given = value
                break
        own = self._ids.of(given)
        REQUEST_ID.set(own.decode())

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_NAME, own)]
            await send(message)

        await self._app(scope, receive, marked)
