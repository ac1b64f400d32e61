"""What a process holds of requests that are on their way is bounded in sum, not only each by itself.

The rule of this file: every byte of a body counts from its arrival to the end of its request, whoever reads it. What
would pass the bound is refused at once, and finds room when it is sent again. Where nothing else is held, any body that
is not too large by itself passes.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import Overloaded


class HeldBodies:
    """Counts for the application within; raises Overloaded where it asks for more of a body than there is room for.

    Of one request no more counts than `each`: what goes beyond, as contents of attachments do, is not held in memory.
    """

    def __init__(self, app: ASGIApp, *, most: int, each: int) -> None:
        self._app = app
        self._most = most
        self._each = each
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = 0

        async def counted() -> Message:
            nonlocal held
            message = await receive()
            size = min(len(message.get("body", b"")), self._each - held)
            if size > 0:
                if self._held + size > self._most and self._held > held:
                    raise Overloaded("More is on its way than this server holds; nothing of this request is stored.")
                held += size
                self._held += size
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self._held -= held
