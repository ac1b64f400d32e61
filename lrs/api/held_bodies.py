"""What a process holds of requests that are on their way is bounded in sum, not only each by itself.

The rule of this file: every byte of a body counts from its arrival to the end of its request, whoever reads it. What
would pass the bound is refused at once, and finds room when it is sent again. Where nothing else is held, any body that
is not too large by itself passes. A form of the alternate syntax comes before it is known who sends it; so forms have a
small room of their own, and whoever fills that keeps nobody else from storing.
"""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.api.alternate_syntax import may_be_form
from schemas.errors import Overloaded

FORMS: Final = 8
"""The room of forms is this part of the other one, beside it."""


class HeldBodies:
    """Counts for the application within; raises Overloaded where it asks for more of a body than there is room for.

    Of one request no more counts than `each`: what goes beyond, as contents of attachments do, is not held in memory.
    """

    def __init__(self, app: ASGIApp, *, most: int, each: int) -> None:
        self._app = app
        self._bodies = _Room(most)
        self._forms = _Room(most // FORMS)
        self._each = each

    @property
    def held(self) -> int:
        """Bytes, just now."""
        return self._bodies.held + self._forms.held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        room = self._forms if may_be_form(scope) else self._bodies
        held = 0

        async def counted() -> Message:
            nonlocal held
            message = await receive()
            size = min(len(message.get("body", b"")), self._each - held)
            if size > 0:
                if room.held + size > room.most and room.held > held:
                    raise Overloaded("More is on its way than this server holds; nothing of this request is stored.")
                held += size
                room.held += size
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            room.held -= held


class _Room:
    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
