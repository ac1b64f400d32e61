"""Whether anything is traced: where OpenTelemetry's own variable names a collector, and its packages are there."""

import os
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from lrs.database import Pool
from schemas.errors import LrsError

if TYPE_CHECKING:  # an optional dependency
    from lrs.tracing.traces import Traces

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class TracingNotInstalled(LrsError):
    """OTEL_EXPORTER_OTLP_ENDPOINT is set, and what it needs is not installed: pip install live-lrs[tracing]"""


def is_wanted() -> bool:
    """Whether a collector is named."""
    return any(os.environ.get(name) for name in ENDPOINTS)


def must_be_installed() -> None:
    """Raises TracingNotInstalled where traces are wanted and cannot be made."""
    if is_wanted():
        try:
            import opentelemetry.exporter.otlp.proto.http.trace_exporter
            import opentelemetry.sdk.trace  # noqa: F401
        except ImportError:
            raise TracingNotInstalled from None


def traced(answering: ASGIApp, app: FastAPI) -> ASGIApp:
    """What answers, looked at where anything is traced."""
    if not is_wanted():
        return answering
    from lrs.tracing.traced import Traced

    return Traced(answering, app)


def chosen_traces(pool: Pool, *, every: int, process: str) -> "Traces | None":
    """None where no collector is named. To be called in the process itself: what sends has a thread of its own."""
    if not is_wanted():
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from lrs.tracing.traces import Traces

    return Traces(pool, BatchSpanProcessor(OTLPSpanExporter()), every=every, process=process)
