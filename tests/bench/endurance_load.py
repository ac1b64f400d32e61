"""Full load for minutes: whether memory stays flat, whether anything is refused, and how far the read models fall back.

Single statements and batches of 50 at the same time, each over connections of its own, on which the next request
follows the answer at once. Learners come and go: each has made some two hundred statements when another takes their
place, or every activity of theirs would have hundreds in the end.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from tests.bench import wrk
from tests.bench.endurance_store import DATABASE, Memory, Store
from tests.bench.live_lag import LagProbe, seconds_behind
from tests.bench.statements import LEARNERS
from tests.bench.usage import used
from tests.services.lrs_server import CREDENTIAL

CONNECTIONS = {1: 48, 50: 16}
"""By how many statements a request has."""
BYTES_A_STATEMENT = 4_000
"""Of disk, WAL included, that must be there for each statement that may come."""
FASTEST = 20_000
WARM_UP_SECONDS = 5
STATEMENTS_EACH = 200
"""Of a learner."""


class NoRoom(Exception):
    """The disk might become full."""


def measured(store: Store, tails: Path, authorization: str, minutes: float) -> dict[str, Any]:
    """Raises LoadFailed for the first request without success, and NoRoom."""
    seconds = 60 * minutes
    _must_have_room(store, seconds)
    memory = Memory(store)
    lines = tails.read_bytes().splitlines()
    rounds = max(1, STATEMENTS_EACH * LEARNERS // len(lines))
    probe = LagProbe(store.server.origin, CREDENTIAL, lines[:1000])

    def load(batch: int, duration: float) -> wrk.Load:
        return wrk.post(
            store.server.origin,
            tails,
            connections=CONNECTIONS[batch],
            batch=batch,
            seconds=duration,
            authorization=authorization,
            rounds=rounds,
        )

    with ThreadPoolExecutor(len(CONNECTIONS)) as beside:
        list(beside.map(load, CONNECTIONS, [WARM_UP_SECONDS] * len(CONNECTIONS)))
        before = store.stored()
        with used(store.server.pid, store.url) as usage, memory.sampled(), probe.sampling():
            loads = dict(zip(CONNECTIONS, beside.map(load, CONNECTIONS, [seconds] * len(CONNECTIONS)), strict=True))
    stored = store.stored() - before
    confirmed = sum(batch * one.requests for batch, one in loads.items())
    if stored < confirmed:
        raise wrk.LoadFailed(f"{confirmed} statements were confirmed, the log has {stored} more")
    return {
        "minutes": minutes,
        "statements": stored,
        "statements_a_second": stored / seconds,
        "latency_ms": {
            f"{batch} a request, {CONNECTIONS[batch]} connections": asdict(one)
            | {"p99_over_p50": one.p99_ms / one.p50_ms}
            for batch, one in loads.items()
        },
        "cost": {
            "server": 1000 * usage.server_cpu / stored,
            DATABASE: 1000 * (usage.database_cpu or 0) / stored,
        },
        "memory": memory.most(),
        "growth": memory.growth(),
        "behind_each_minute": _behind(probe),
        "bytes_a_statement": _database_bytes(store.url) / store.stored(),
    }


def _behind(probe: LagProbe) -> list[dict[str, float]]:
    """The read models' lag, minute by minute: medians in statements and in seconds."""
    samples = probe.samples
    late = seconds_behind(samples)
    minutes: dict[int, list[int]] = {}
    for number, one in enumerate(samples):
        minutes.setdefault(int((one.at - samples[0].at) / 60), []).append(number)
    return [
        {
            "statements": median(max(0, samples[number].log - samples[number].read_models) for number in numbers),
            "seconds": median(late[number] for number in numbers),
        }
        for numbers in minutes.values()
    ]


def _must_have_room(store: Store, seconds: float) -> None:
    free = shutil.disk_usage(f"/proc/{store.postmaster().pid}/cwd").free
    needed = seconds * FASTEST * BYTES_A_STATEMENT
    if free < needed / 2:
        raise NoRoom(f"{free / 1e9:.0f} GB are free; {seconds / 60:.0f} minutes may need {needed / 1e9:.0f} GB")


def _database_bytes(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])
