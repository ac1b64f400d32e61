"""/metrics of a real server of several processes: who may read it, and that its figures are true."""

import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lrs.metrics.catalogue import METRICS, OF_PROCESSES
from tests.acceptance.endpoint import Endpoint, new_statement
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, LrsServer, serving
from tests.services.postgres import PostgresServer

PATIENCE = 20.0


class Server(NamedTuple):
    """A server, and where its metrics are."""

    lrs: LrsServer
    beside: str


@pytest.fixture(scope="module")
def server(embedded_server: PostgresServer) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with migrated_database(embedded_server) as url, serving(url, LRS_WORKERS="2", LRS_METRICS_PORT=str(port)) as lrs:
        yield Server(lrs, f"http://127.0.0.1:{port}")


def scraped(server: Server) -> dict[str, dict[str, float]]:
    """Of every metric the sum over processes and labels; of the labels `outcome` and `state` each by itself."""
    found: dict[str, dict[str, float]] = {}
    answer = httpx.get(f"{server.beside}/metrics", timeout=PATIENCE)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            of = found.setdefault(one.name, {})
            label = one.labels.get("outcome") or one.labels.get("state") or ""
            of[label] = of.get(label, 0.0) + one.value
    return found


def test_what_was_done_is_counted(server: Server) -> None:
    with httpx.Client() as client:
        endpoint = Endpoint(server.lrs.origin, client)
        known = new_statement()
        endpoint.post([known, new_statement()])
        endpoint.post([known, new_statement()])
        assert endpoint.send({"nonsense": 1}).status_code == 400
        assert endpoint.send({**known, "verb": {"id": "http://example.com/other"}}).status_code == 409
        assert endpoint.get(limit=1).status_code == 200
    deadline = time.monotonic() + PATIENCE
    while True:
        found = scraped(server)
        if (
            found.get("lrs_statements_total") == {"stored": 3, "known": 1}
            and found["lrs_request_seconds_count"] == {"ok": 3, "refused": 1, "conflict": 1}
            and found["lrs_projection_lag_positions"] == {"": 0}
        ):
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    assert found["lrs_commit_statements_sum"] == {"": 4}
    assert found["lrs_queue_statements"] == {"": 0}
    assert found["lrs_database_up"] == {"": 1}
    assert found["lrs_log_position"] == found["lrs_projection_position"]


def test_every_metric_is_there_and_no_other(server: Server) -> None:
    scraped(server)
    text = httpx.get(f"{server.beside}/metrics").text
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    silent = {name for name in METRICS if name.startswith("lrs_relay")}  # nothing was sent to Kafka
    assert told == METRICS.keys() - silent
    for process in ("API process 1", "API process 2", "processor"):
        assert f'process="{process}"' in text
    assert all(metric.name in told for metric in OF_PROCESSES)


def test_at_the_address_of_the_api_it_takes_a_credential(server: Server) -> None:
    url = f"{server.lrs.origin}/metrics"
    assert httpx.get(url).status_code == 401
    assert "lrs_log_position" in httpx.get(url, auth=CREDENTIAL).text


def test_at_its_own_address_there_is_nothing_else(server: Server) -> None:
    assert httpx.get(f"{server.beside}/health/live").status_code == 200
    assert httpx.get(f"{server.beside}/health/ready").status_code == 200
    for path in ("/", "/xapi/about", "/xapi/statements", "/api/courses", "/openapi.json"):
        assert httpx.get(server.beside + path, auth=CREDENTIAL).status_code == 404, path
    assert httpx.post(f"{server.beside}/metrics").status_code == 404
