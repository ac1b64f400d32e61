"""A statement is followed from its POST to a page's stream, over the processes of a real server, by a real exporter."""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lrs.database import read_pool
from lrs.tracing.chosen import ENDPOINTS, TracingNotInstalled, must_be_installed, traced
from lrs.tracing.noted import note
from lrs.tracing.traced import caller_of
from lrs.tracing.traces import HANDED, POSTED, PROJECTED, Traces, ids_of
from tests.browser.classroom import Classroom
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

PATIENCE = 30.0
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """What was sent to it: span by span, with the process that sent it."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []

    def take(self, body: bytes) -> None:
        """One request of an exporter."""
        for of_process in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = {one.key: one.value.string_value for one in of_process.resource.attributes}
            for scope in of_process.scope_spans:
                self.spans += [(told["process.name"], span) for span in scope.spans]

    def traces(self) -> dict[bytes, dict[str, tuple[str, Any]]]:
        """The spans of each trace by name."""
        found: dict[bytes, dict[str, tuple[str, Any]]] = {}
        for process, span in list(self.spans):
            found.setdefault(span.trace_id, {})[span.name] = process, span
        return found


@contextmanager
def collecting() -> Iterator[tuple[str, Collector]]:
    """A collector, and where it is."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", collector
        finally:
            server.shutdown()
            thread.join()


def test_a_statement_is_followed_to_the_page(embedded_server: PostgresServer) -> None:
    with collecting() as (address, collector), migrated_database(embedded_server) as url:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "LRS_TRACE_EVERY": "1",
        }
        with serving(url, **variables) as lrs, httpx.Client(base_url=lrs.origin, auth=CREDENTIAL, timeout=20) as client:
            client.headers["traceparent"] = CALLER
            found = _followed(Classroom(client), client, collector)
    trace, (posted, projected, handed) = found
    assert posted[0] == "API process 1"
    assert projected[0] == "processor"
    assert handed[0] == "API process 1"
    root = posted[1]
    assert not root.parent_span_id
    assert {span.parent_span_id for _, span in (projected, handed)} == {root.span_id}
    assert root.start_time_unix_nano <= root.end_time_unix_nano
    assert root.start_time_unix_nano <= projected[1].start_time_unix_nano <= handed[1].start_time_unix_nano
    (link,) = root.links
    assert f"{link.trace_id.hex()}-{link.span_id.hex()}" == CALLER[3:-3]
    assert link.trace_id != trace


def _followed(room: Classroom, client: httpx.Client, collector: Collector) -> tuple[bytes, list[tuple[str, Any]]]:
    """The first trace with every span, and these in order: of a statement that is posted while its page is open."""
    room.watch(1)
    room.take_quiz(2, 0.9)  # else a node more would have the page begin anew
    room.view()
    course = client.get("/api/courses").json()["courses"][0]["id"]
    with client.stream("GET", f"/api/courses/{course}/live") as events:
        lines = events.iter_lines()  # the stream ends with it
        next(lines)
        room.take_quiz(1, 0.9)
        deadline = time.monotonic() + PATIENCE
        while True:
            for trace, spans in collector.traces().items():
                if spans.keys() == {POSTED, PROJECTED, HANDED}:
                    return trace, [spans[name] for name in (POSTED, PROJECTED, HANDED)]
            assert time.monotonic() < deadline, [(process, span.name) for process, span in collector.spans]
            time.sleep(0.05)


@pytest.mark.anyio
async def test_one_in_so_many_is_traced_and_only_what_has_a_fact(embedded_server: PostgresServer) -> None:
    exporter = InMemorySpanExporter()
    with migrated_database(embedded_server) as url:
        async with read_pool(url) as pool:
            traces = Traces(pool, SimpleSpanProcessor(exporter), every=100, process="test")
            traces.posted([99, 101], 1, {}, None)
            traces.posted([199, 200, 300], 1, {}, None)
            traces.projected(100, 199)
            traces.projected(199, 1_000_000_000)  # of which nothing is a fact
            deadline = time.monotonic() + PATIENCE
            while len(exporter.get_finished_spans()) < 2:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
            await traces.close()
    spans = exporter.get_finished_spans()
    assert [span.attributes and span.attributes["lrs.position"] for span in spans] == [200, 300]
    assert len({span.context.trace_id for span in spans if span.context}) == 2


def test_each_process_knows_the_ids() -> None:
    assert ids_of(b"one store", 7) == ids_of(b"one store", 7)
    assert len({ids_of(key, position) for key in (b"one store", b"another") for position in range(1000)}) == 2000


@pytest.mark.parametrize(
    ("value", "is_one"),
    [(CALLER.encode(), True), (b"", False), (CALLER.encode()[:-1], False), (CALLER.upper().encode(), False)],
)
def test_the_span_of_a_caller(value: bytes, is_one: bool) -> None:
    assert (caller_of({"headers": [(b"traceparent", value)]}) is not None) is is_one


def test_without_a_collector_nothing_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    app = FastAPI()
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert traced(app, app) is app
    must_be_installed()
    note([1])
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:1")
    assert traced(app, app) is not app
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracingNotInstalled, match=r"pip install live-lrs\[tracing\]"):
        must_be_installed()
