"""What is counted is what is exposed: every process for itself, each metric of the catalogue as it says there."""

import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message, Receive, Scope, Send

from lrs.api.measured import Measured, outcome_of
from lrs.health.standing import Figures, Relayed, Standing
from lrs.metrics.catalogue import METRICS, OF_STORE
from lrs.metrics.distribution import SECONDS, Distribution
from lrs.metrics.exposition import exposed
from lrs.metrics.meter import STALE_SECONDS, Meter, Sample, Value, spread
from lrs.metrics.sources import of_store

FIGURES = Figures(9, 7, 3, 2, 0.5, (Relayed("lrs.log", 5, 4, 1.5, 0.25),), {"parked": 2}, 3.0)
Found = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: bytes) -> Found:
    """Every sample by its name and labels."""
    families = text_string_to_metric_families(text.decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def labelled(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@given(st.lists(st.floats(0, 20) | st.sampled_from(SECONDS)))
def test_every_value_is_in_the_buckets_whose_bound_it_does_not_pass(values: list[float]) -> None:
    found = Distribution(SECONDS)
    for value in values:
        found.observe(value)
    for number, bound in enumerate(SECONDS, 1):
        assert sum(found.counts[:number]) == sum(value <= bound for value in values)
    assert sum(found.counts) == len(values)


def test_each_process_tells_its_own(tmp_path: Path) -> None:
    seconds = Distribution(SECONDS)
    seconds.observe(0.002)
    seconds.observe(99.0)
    for name, stored in (("API process 1", 3.0), ("API process 2", 4.0)):
        meter = Meter(tmp_path, name)
        told = Value("lrs_statements_total", stored, ("stored",))
        meter.add(partial(list[Sample], [told]))
        meter.add(lambda: [spread("lrs_request_seconds", seconds, "write", "ok")])
        meter.leave()
        meter.leave()
    found = read(exposed(Meter(tmp_path, "processor").found(), ()))
    assert found[labelled("lrs_statements_total", outcome="stored", process="API process 1")] == 3.0
    assert found[labelled("lrs_statements_total", outcome="stored", process="API process 2")] == 4.0
    of = {"kind": "write", "outcome": "ok", "process": "API process 1"}
    assert found[labelled("lrs_request_seconds_bucket", le="0.001", **of)] == 0
    assert found[labelled("lrs_request_seconds_bucket", le="0.0025", **of)] == 1
    assert found[labelled("lrs_request_seconds_bucket", le="+Inf", **of)] == 2
    assert found[labelled("lrs_request_seconds_count", **of)] == 2
    assert found[labelled("lrs_request_seconds_sum", **of)] == pytest.approx(99.002)


def test_whoever_is_gone_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = Meter(tmp_path, "processor")
    meter.leave()
    assert [one.process for one in meter.found()] == ["processor"]
    later = time.time() + STALE_SECONDS + 1
    monkeypatch.setattr("lrs.metrics.meter.time.time", lambda: later)
    assert meter.found() == []


def test_what_the_database_says() -> None:
    told = list(of_store(Standing("0001", read_only=False, figures=FIGURES)))
    assert {value.name for value in told} == {metric.name for metric in OF_STORE}
    found = read(exposed((), told))
    assert found[labelled("lrs_projection_lag_positions")] == 2
    assert found[labelled("lrs_relay_lag_seconds", topic="lrs.log")] == 1.5
    assert found[labelled("lrs_dead_letters", state="parked")] == 2
    assert found[labelled("lrs_dead_letters", state="discarded")] == 0
    assert found[labelled("lrs_database_up")] == 1


def test_a_database_that_is_away_is_told_as_that() -> None:
    assert read(exposed((), of_store(None))) == {labelled("lrs_database_up"): 0}


def test_every_metric_says_what_it_is() -> None:
    for metric in METRICS.values():
        assert metric.name.startswith("lrs_")
        assert metric.says.endswith(".")
        assert metric.name.endswith("_total") is (metric.kind == "counter")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((200, "ok"), (304, "ok"), (400, "refused"), (401, "denied"), (404, "not_found")),
        *((409, "conflict"), (413, "refused"), (500, "failed"), (503, "unavailable"), (0, "cut")),
    ],
)
def test_what_became_of_a_request(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "query", "kinds"),
    [
        ("POST", "/xapi/statements", b"", ["write"]),
        ("PUT", "/xapi/statements", b"statementId=1", ["write"]),
        ("GET", "/xapi/statements", b"limit=1", ["read"]),
        ("POST", "/xapi/statements", b"method=GET", ["read"]),
        ("POST", "/xapi/statements", b"method=PUT", ["write"]),
        ("GET", "/api/courses/1/live", b"", []),
        ("DELETE", "/xapi/statements", b"", []),
    ],
)
async def test_what_is_measured(method: str, path: str, query: bytes, kinds: list[str]) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        raise AssertionError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    measured = Measured(app)
    await measured({"type": "http", "method": method, "path": path, "query_string": query}, receive, send)
    assert [kind for kind, _ in measured.seconds] == kinds
    assert len(sent) == 2
