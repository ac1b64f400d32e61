"""Every request is looked at while it is answered, where there are traces: what it stored may be traced."""

import re
import time
from typing import TYPE_CHECKING

from fastapi import FastAPI
from opentelemetry.trace import SpanContext, TraceFlags
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs.request_id import REQUEST_ID
from lrs.tracing.noted import STORED

if TYPE_CHECKING:
    from lrs.tracing.traces import Traces

_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Traced:
    """Stands around the application, within what gives the request its id."""

    def __init__(self, following: ASGIApp, app: FastAPI) -> None:
        self._following = following
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._following(scope, receive, send)
            return
        positions: list[int] = []
        STORED.set(positions)
        began = time.time_ns()
        try:
            await self._following(scope, receive, send)
        finally:
            traces: Traces | None = self._app.state.traces
            if positions and traces is not None:
                told = {"http.request.method": scope["method"], "url.path": scope["path"]}
                told["lrs.request_id"] = REQUEST_ID.get()
                traces.posted(positions, began, told, caller_of(scope))


def caller_of(scope: Scope) -> SpanContext | None:
    """The span that the client was in, which its own trace has."""
    given = [value for name, value in scope["headers"] if name == b"traceparent"]
    found = _TRACEPARENT.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        return None
    trace, span, flags = (int(part, 16) for part in found.groups())
    return SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags))
