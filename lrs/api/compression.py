"""What is read comes compressed to who accepts that: JSON, tables, pages and scripts; never a live stream.

The answer to a write is a list of ids, random bits that no compression pays for. Attachments and multipart answers go
out as they are: most of that data is compressed by itself already.
"""

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

MINIMUM_BYTES = 1024


class Compressed:
    """Answers to GET and HEAD are compressed with zstd, Brotli or gzip."""

    def __init__(self, app: ASGIApp) -> None:
        add_compress_type("application/problem+json")
        add_compress_type("text/csv")
        remove_compress_type("text/event-stream")
        remove_compress_type("multipart/mixed")
        self._app = app
        self._reads = CompressMiddleware(app, minimum_size=MINIMUM_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        await (self._reads if reads else self._app)(scope, receive, send)
