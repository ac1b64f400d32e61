"""Content packages are served from elsewhere: their pages may call the API, and read every header that matters.

No cookie is known here, and answers allow no page to use a credential that the browser remembers: a script gives its
own with the request. So any origin may ask, unless the settings name a few.
"""

import re

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
EXPOSED = (
    "Allow",
    "Content-Disposition",
    "Content-Length",
    "ETag",
    "Last-Modified",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Experience-API-Consistent-Through",
    "X-Experience-API-Hash",
    "X-Experience-API-Version",
    "X-LRS-Position",
    "X-LRS-Repaired",
    "X-LRS-Stored",
    "X-Request-ID",
)
"""What a script may read of an answer. A header of ours that is not named here does not exist for a browser."""
PREFLIGHT_SECONDS = 7200
"""The longest that every browser keeps the answer to a preflight."""


class CrossOrigin:
    """Preflights are answered here, without a credential; every other answer to another origin is marked."""

    def __init__(self, app: ASGIApp, origins: str) -> None:
        self._app = app
        self._marked = CORSMiddleware(
            app,
            allow_origins=re.findall(r"[^\s,]+", origins),
            allow_methods=METHODS,
            allow_headers=("*",),
            allow_private_network=True,
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(name == b"origin" for name, _ in scope["headers"]):
            await self._marked(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_another_site(origin: str | None, host: str | None) -> bool:
    """Whether an Origin is that of another site than the Host that is asked; without one, nobody says so."""
    return bool(origin) and str(origin).partition("://")[2] != (host or "")
