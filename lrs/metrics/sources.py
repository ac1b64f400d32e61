"""Where each metric comes from: what a part of the server knows of itself, told as samples."""

import resource
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lrs.api.held_bodies import HeldBodies
from lrs.api.measured import Measured
from lrs.dashboard.channels import Channels
from lrs.database import Pool
from lrs.health.standing import Standing
from lrs.metrics.meter import Sample, Source, Value, spread
from lrs.statement_log.log import StatementLog
from streams.bus import Bus

_STATM = Path("/proc/self/statm")


def of_log(log: StatementLog) -> Source:
    """What is written to it, and what waits for that."""

    def source() -> Iterator[Sample]:
        commits = log.commits
        yield spread("lrs_commit_statements", commits.sizes)
        yield spread("lrs_commit_seconds", commits.seconds)
        yield Value("lrs_statements_total", commits.stored, ("stored",))
        yield Value("lrs_statements_total", commits.known, ("known",))
        yield Value("lrs_queue_statements", log.waiting.rows)
        yield Value("lrs_queue_bytes", log.waiting.bytes)

    return source


def of_requests(measured: Measured, bodies: HeldBodies) -> Source:
    """How long requests take, and what is held of those that are on their way."""

    def source() -> Iterator[Sample]:
        for (kind, outcome), seconds in measured.seconds.items():
            yield spread("lrs_request_seconds", seconds, kind, outcome)
        yield Value("lrs_held_bytes", bodies.held)

    return source


def of_pools(pools: Iterable[Pool]) -> Source:
    """Who had to wait for a connection, and for how long."""
    named = {pool.name.removeprefix("lrs-"): pool for pool in pools}

    def source() -> Iterator[Sample]:
        for name, pool in named.items():
            stats = pool.get_stats()
            yield Value("lrs_pool_connections", stats["pool_size"], (name, "open"))
            yield Value("lrs_pool_connections", stats["pool_available"], (name, "idle"))
            yield Value("lrs_pool_waits_total", stats.get("requests_queued", 0), (name,))
            yield Value("lrs_pool_wait_seconds_total", stats.get("requests_wait_ms", 0) / 1000, (name,))
            yield Value("lrs_pool_errors_total", stats.get("requests_errors", 0), (name,))

    return source


def of_live(bus: Bus, channels: Callable[[], Channels | None]) -> Source:
    """Who follows courses; channels: None while nobody ever did."""

    def source() -> Iterator[Sample]:
        found = channels()
        yield Value("lrs_live_clients", 0 if found is None else found.readers)
        yield Value("lrs_live_courses", 0 if found is None else len(found))
        yield Value("lrs_live_resets_total", 0 if found is None else found.overruns)
        yield Value("lrs_live_cut_total", 0 if found is None else found.cut)
        yield Value("lrs_live_delayed", float(bus.delayed))

    return source


def of_process() -> Iterator[Sample]:
    """What this process takes of the machine."""
    yield Value("lrs_process_cpu_seconds_total", time.process_time())
    with suppress(OSError):  # where there is no /proc
        pages = int(_STATM.read_text().split()[1])
        yield Value("lrs_process_resident_bytes", pages * resource.getpagesize())


def of_store(found: Standing | None) -> Iterator[Value]:
    """What the database says, which is the same whichever process asks."""
    yield Value("lrs_database_up", float(found is not None))
    if found is None or found.figures is None:
        return
    figures = found.figures
    yield Value("lrs_log_position", figures.log_position)
    yield Value("lrs_projection_position", figures.position)
    yield Value("lrs_projection_lag_positions", figures.lag_positions)
    yield Value("lrs_projection_lag_seconds", figures.lag_seconds)
    for one in figures.relayed:
        yield Value("lrs_relay_lag_positions", one.lag_positions, (one.topic,))
        yield Value("lrs_relay_lag_seconds", one.lag_seconds, (one.topic,))
        yield Value("lrs_relay_quiet_seconds", one.quiet_seconds, (one.topic,))
    for state in ("parked", "waiting", "discarded"):
        yield Value("lrs_dead_letters", figures.letters.get(state, 0), (state,))
    yield Value("lrs_oldest_transaction_seconds", figures.oldest_transaction_seconds)
