"""What must be readable before any route looks: an address in UTF-8 without U+0000, and a body that is not encoded.

Broken UTF-8 would otherwise be read as the replacement character, and two different ids become one.
"""

from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from lrs.api.problems import problem
from schemas.errors import Violation
from schemas.refusals import written

ENCODING_CLAUSE = "xAPI 1.0.3 Communication 1.4"


class Readable:
    """Refuses what is not: 400 for the address, 415 for a body in gzip or another Content-Encoding."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query: bytes = scope["query_string"]
            path: bytes = scope.get("raw_path", b"")
            if b"%" in query or b"%" in path or not query.isascii():
                violations = [
                    *([] if _is_text(path) else [_broken("path", path)]),
                    *(_broken(_name(part), part) for part in query.split(b"&") if not _is_text(part)),
                ]
                if violations:
                    await problem(400, "Query refused", violations=violations)(scope, receive, send)
                    return
            for name, value in scope["headers"]:
                if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                    detail = "a body is taken as it is, without a Content-Encoding"
                    headers = {"Accept-Encoding": "identity"}
                    await problem(415, "Encoding not taken", detail, headers=headers)(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _is_text(encoded: bytes) -> bool:
    """Whether what is percent-encoded is UTF-8 without U+0000."""
    plain = unquote_to_bytes(encoded)
    try:
        plain.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in plain


def _name(part: bytes) -> str:
    """The name of a parameter, as far as it can be shown."""
    return written((unquote_to_bytes(part.partition(b"=")[0]).decode(errors="replace")[:100],))


def _broken(place: str, encoded: bytes) -> Violation:
    found = encoded[:100].decode("latin-1")
    return Violation(place, "must be percent-encoded UTF-8 without U+0000", ENCODING_CLAUSE, found)
