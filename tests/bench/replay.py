"""`python -m tests.bench.replay`: the read models built again, compared and exchanged while statements arrive.

Its bound is decoding and folding the same statements in memory, on one core, under the same load: in a process of its
own just before. Whoever reads meanwhile must see no error, and no position that goes back.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import httpx
import msgspec
import psutil

from tests.bench import catch_up
from tests.bench.endurance import said
from tests.bench.endurance_store import STARTERS, Store, running_store
from tests.bench.statements import BEFORE_ID, after_id, bodies
from tests.services.lrs_server import CREDENTIAL

HEADERS = {"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"}
LOADED_AT_ONCE = 20_000
FOLDED = 50_000
"""Statements of the log that are decoded and folded in memory."""
BATCH = 50
LEAST = 0.25
"""Of the rate of decoding and folding."""


class Arriving(threading.Thread):
    """Statements at a steady rate, whatever becomes of them."""

    def __init__(self, origin: str, rate: int, tails: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._origin, self._pause = origin, BATCH / rate
        self._tails = cycle(tails)
        self.ended = threading.Event()
        self.stored, self.refused = 0, 0
        self.began = time.monotonic()
        self.seconds = 0.0

    def run(self) -> None:
        """A batch whenever it is time for one."""
        due = self.began = time.monotonic()
        with httpx.Client(base_url=self._origin, auth=CREDENTIAL, headers=HEADERS, timeout=60) as client:
            while not self.ended.wait(max(0.0, due - time.monotonic())):
                some = (BEFORE_ID + str(uuid4()).encode() + next(self._tails) for _ in range(BATCH))
                answer = client.post("/xapi/statements", content=b"[" + b",".join(some) + b"]")
                self.stored += BATCH if answer.status_code == 200 else 0
                self.refused += answer.status_code != 200
                due += self._pause
        self.seconds = time.monotonic() - self.began


class Reading(threading.Thread):
    """Pages of a course, one after the other, ten a second."""

    def __init__(self, origin: str) -> None:
        super().__init__(daemon=True)
        self._origin = origin
        self.ended = threading.Event()
        self.answers, self.slowest = 0, 0.0
        self.faults: list[str] = []

    def run(self) -> None:
        """Until told to end."""
        at = 0
        with httpx.Client(base_url=self._origin, auth=CREDENTIAL, timeout=60) as client:
            course = client.get("/api/courses").json()["courses"][0]["id"]
            paths = cycle([f"/api/courses/{course}/{what}?limit=20" for what in ("learners", "progress", "grades")])
            while not self.ended.wait(0.1):
                path, began = next(paths), time.monotonic()
                answer = client.get(path)
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answers += 1
                position = int(answer.headers.get("X-LRS-Position", -1))
                if answer.status_code != 200 or position < at:
                    self.faults.append(f"{path}: {answer.status_code}, position {position} after {at}")
                at = max(at, position)


@contextmanager
def disturbed(store: Store, rate: int) -> Iterator[tuple[Arriving, Reading]]:
    """Statements arrive and pages are read for as long as it lasts."""
    threads = Arriving(store.server.origin, rate, list(map(after_id, bodies(20_000)))), Reading(store.server.origin)
    for one in threads:
        one.start()
    try:
        yield threads
    finally:
        for one in threads:
            one.ended.set()
            one.join()


def replayed(url: str, *words: str) -> tuple[dict[str, Any], int, float]:
    """What `lrs replay` answers, the most memory that it held, and how long it took."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}
    command = [sys.executable, "-m", "lrs", "replay", "--json", *words]
    began, most = time.monotonic(), 0
    with (
        tempfile.TemporaryFile() as told,
        subprocess.Popen(command, env=kept | {"LRS_DATABASE_URL": url}, stdout=told) as process,
    ):
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, watched.memory_info().rss)
            time.sleep(0.2)
        told.seek(0)
        if process.returncode:
            raise click.ClickException(f"lrs replay {' '.join(words)} ended with status {process.returncode}")
        return msgspec.json.decode(told.read()), most, time.monotonic() - began


def caught_up(store: Store) -> float:
    """Seconds until the live read models had come to the end of the log."""
    began = time.monotonic()
    with httpx.Client(base_url=store.server.origin, auth=CREDENTIAL, timeout=60) as client:
        while (told := client.get("/api/projections").json())["position"] < told["log_position"]:
            time.sleep(0.5)
    return time.monotonic() - began


def measured(store: Store, statements: int, rate: int) -> dict[str, Any]:
    """One run. Raises ClickException where `lrs replay` fails, or the live read models are not equal at the end."""
    made = bodies(statements)
    while some := list(islice(made, LOADED_AT_ONCE)):
        asyncio.run(catch_up.load(store.url, some))
    catching_up = caught_up(store)
    with disturbed(store, rate) as (arriving, reading):
        bound = catch_up.measured("fold", store.url, str(FOLDED))
        answer, memory, seconds = replayed(store.url)
    caught_up(store)
    checked, _, _ = replayed(store.url, "--check")
    built = answer["built"]
    return {
        "statements at the beginning": statements,
        "live read models caught up after, s": catching_up,
        "decode and fold, statements/s": bound,
        "replay, positions/s": built["positions"] / built["seconds"],
        "ratio": built["positions"] / built["seconds"] / bound,
        "positions": built["positions"],
        "seconds, compared and exchanged": seconds,
        "most memory of lrs replay, MB": memory / 1e6,
        "arrived, statements/s": arriving.stored / arriving.seconds,
        "batches refused": arriving.refused,
        "pages read": reading.answers,
        "slowest page, s": reading.slowest,
        "faults": reading.faults[:10],
        "rows that differed": sum(sum(one[3:6]) for one in (answer["compared"] or [0, 0, []])[2]),
        "wrong at the end": checked["wrong"],
    }


@click.command()
@click.option("--statements", default=1_000_000, show_default=True, type=click.IntRange(1000))
@click.option(
    "--rate", default=1000, show_default=True, type=click.IntRange(BATCH), help="Statements that arrive, a second."
)
@click.option("--database", default="timescaledb", show_default=True, type=click.Choice(sorted(STARTERS)))
@click.option("--json", "file", type=click.Path(path_type=Path), help="The figures as JSON, to this file.")
def main(*, statements: int, rate: int, database: str, file: Path | None) -> None:
    """Replay a log while statements arrive and pages are read."""
    with running_store(database, 1) as store:
        found = measured(store, statements, rate)
    click.echo("\n".join(said(found)))
    if file is not None:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    if found["ratio"] < LEAST or found["faults"] or found["batches refused"] or found["wrong at the end"]:
        raise click.ClickException("this is not as it should be")


if __name__ == "__main__":
    main()
