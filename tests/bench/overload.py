"""Far more than can be stored: what is refused, at what cost, and how soon all is as before.

The load is twenty times the connections of full speed, on each of which the next request follows the answer, whatever
it was: nobody heeds Retry-After. Beside it ask readers, and writers that do heed it and keep account, and say how
long an answer took. How much was stored in which second is asked of the log itself.
"""

import asyncio
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from tests.acceptance.account import stored_ids
from tests.acceptance.accountable_writers import Client, Sent, Writers
from tests.bench.endurance_store import DATABASE, Memory, Store
from tests.bench.usage import used
from tests.bench.wrk import SCRIPT, TIMEOUT_SECONDS, LoadFailed
from tests.services.missing import ServiceMissingError

OVERLOAD = SCRIPT.with_name("overload.lua")
FULL = {1: 64, 50: 64}
"""Connections of full speed that send so many statements a request."""
TIMES = 20
WARM_UP_SECONDS = 5
WRITERS, PAUSE = 16, 0.2
LOOK_SECONDS = 3.0
RECOVERED, PATIENCE = 0.8, 60.0
"""Of the full speed before; and how many seconds that may take."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one load generator was told; lost: errors of connections, which were no answers."""

    batch: int
    taken: int
    refused: int
    wrong: int
    lost: int


@dataclass(slots=True)
class Load:
    """Load generators for a time."""

    origin: str
    tails: Path
    authorization: str
    folder: Path
    files: list[Path] = field(default_factory=list)

    def run(self, times: int, seconds: float) -> list[Told]:
        """All kinds of requests at once. Raises LoadFailed."""
        running = [(batch, self._start(batch, times * count, seconds)) for batch, count in FULL.items()]
        return [_told(batch, process) for batch, process in running]

    def acknowledged(self) -> set[UUID]:
        """Every id of an answer with 200, of all loads so far."""
        ids = (line for file in self.files for line in file.read_bytes().splitlines())
        return {one for line in ids for one in msgspec.json.decode(line, type=list[UUID])}

    def _start(self, batch: int, connections: int, seconds: float) -> subprocess.Popen[str]:
        program = shutil.which("wrk")
        if program is None:
            raise ServiceMissingError("there is no wrk: run `make services`")
        file = self.folder / f"acknowledged-{len(self.files)}"
        self.files.append(file)
        options = ["--threads", "1", "--connections", str(connections), "--duration", f"{round(seconds)}s"]
        options += ["--timeout", f"{TIMEOUT_SECONDS}s", "--script", str(OVERLOAD), f"{self.origin}/xapi/statements"]
        words = [program, *options, "--", str(self.tails), str(batch), str(len(self.files)), self.authorization]
        return subprocess.Popen([*words, str(SCRIPT), str(file)], stdout=subprocess.PIPE, text=True)


def _told(batch: int, process: subprocess.Popen[str]) -> Told:
    said, _ = process.communicate()
    line = said.strip().rpartition("\n")[2]
    if process.returncode or not line.startswith("{"):
        raise LoadFailed(f"wrk ended with {process.returncode}:\n{said}")
    counted = msgspec.json.decode(line, type=dict[str, float])
    lost = sum(int(counted[name]) for name in ("connect", "read", "write", "timeout"))
    return Told(batch, int(counted["taken"]), int(counted["refused"]), int(counted["wrong"]), lost)


class Readers(threading.Thread):
    """Asks for a page, for a statement and for what needs no database, in turn; `seconds` says how long each took."""

    def __init__(self, origin: str, statement: UUID) -> None:
        super().__init__(daemon=True)
        self.seconds: dict[str, list[tuple[float, int]]] = {
            "/xapi/about": [],
            f"/xapi/statements?statementId={statement}": [],
            "/xapi/statements?limit=10": [],
        }
        self._origin = origin
        self._enough = threading.Event()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """For as long as the context lasts."""
        self.start()
        try:
            yield
        finally:
            self._enough.set()
            self.join()

    def run(self) -> None:
        """Until told to stop."""
        asyncio.run(self._ask())

    async def _ask(self) -> None:
        client = Client(self._origin)
        while not self._enough.is_set():
            for path, seconds in self.seconds.items():
                began = time.monotonic()
                try:
                    status = (await client.ask("GET", path)).status
                except (OSError, EOFError):
                    status = 0
                seconds.append((time.monotonic() - began, status))
            await asyncio.sleep(PAUSE)
        client.close()


def stored_each_second(url: str) -> list[int]:
    """How many statements the log took in each second in which it took any."""
    query = "SELECT count(*) FROM statement GROUP BY date_trunc('second', stored) ORDER BY date_trunc('second', stored)"
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(query)]


@dataclass(slots=True)
class Phase:
    """So many seconds of load: what was stored, what the generators were told, and what it cost."""

    seconds: float
    stored: int = 0
    told: list[Told] = field(default_factory=list)
    cost: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Statements a second that were stored."""
        return self.stored / self.seconds

    @property
    def confirmed(self) -> float:
        """Statements a second that were stored and whose client was still there to be told."""
        return sum(one.taken * one.batch for one in self.told) / self.seconds

    def run(self, store: Store, load: Load, times: int) -> None:
        """Raises LoadFailed."""
        before = store.stored()
        with used(store.server.pid, store.url) as usage:
            self.told = load.run(times, self.seconds)
        self.stored = store.stored() - before
        seconds = {"server": usage.server_cpu, DATABASE: usage.database_cpu or 0.0}
        self.cost = {name: 1000 * one / max(1, self.stored) for name, one in seconds.items()}


def measured(store: Store, load: Load, seconds: float) -> dict[str, Any]:
    """Full speed, overload, and how soon it is full speed again. Raises LoadFailed."""
    memory = Memory(store)
    calm, full, flood = Phase(LOOK_SECONDS), Phase(seconds / 4), Phase(seconds)
    load.run(1, WARM_UP_SECONDS)
    with Writers(store.server.origin, WRITERS, seed=20, pause=PAUSE) as writers, memory.sampled():
        writers.must_go_on()
        readers = Readers(store.server.origin, writers.acknowledged[0].ids[0])
        full.run(store, load, 1)
        calm.run(store, load, 1)
        here = len(writers.sent)
        with readers.asking():
            flood.run(store, load, TIMES)
        meanwhile = writers.sent[here:]
        again = _until_full_speed(store, load, RECOVERED * calm.confirmed)
    phases = {"full speed": full, "overload": flood}
    told = [one for phase in phases.values() for one in phase.told]
    return {
        **{
            name: {"stored": one.rate, "confirmed": one.confirmed, "cost": one.cost, "told": list(map(str, one.told))}
            for name, one in phases.items()
        },
        "goodput": flood.rate / full.rate,
        "goodput_confirmed": flood.confirmed / full.confirmed,
        "seconds_until_full_speed": again,
        "writers": {
            name: spread([one.seconds for one in meanwhile if one.status == status])
            for name, status in (("acknowledged", 200), ("refused", 503))
        },
        "readers": {path: spread([took for took, _ in each]) for path, each in readers.seconds.items()},
        "statuses_of_readers": sorted({status for each in readers.seconds.values() for _, status in each}),
        "memory": memory.most(),
        "each_second": stored_each_second(store.url),
        "wrong": [*writers.wrong, *(str(one) for one in told if one.wrong or one.lost)],
        "account": account(store.url, load.acknowledged(), writers.sent),
    }


def _until_full_speed(store: Store, load: Load, rate: float) -> float:
    """The seconds until the end of the first LOOK_SECONDS in which so much was confirmed. Raises LoadFailed."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        look = Phase(LOOK_SECONDS)
        look.run(store, load, 1)
        if look.confirmed >= rate:
            return time.monotonic() - began
    raise LoadFailed(f"{PATIENCE} s after the overload it is not back at {rate:.0f} statements/s")


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """How many there were, their median, their 99th percentile and the most."""
    ordered = sorted(seconds)
    if not ordered:
        return {"count": 0}
    p50, p99 = (ordered[int(share * len(ordered))] for share in (0.5, 0.99))
    return {"count": len(ordered), "p50": p50, "p99": p99, "most": ordered[-1]}


def account(url: str, acknowledged: set[UUID], sent: list[Sent]) -> dict[str, int]:
    """What the log has of what was acknowledged, and of what was refused."""
    stored = stored_ids(url)
    ours = {one for request in sent if request.status == 200 for one in request.ids}
    turned_away = {one for request in sent if request.status == 503 for one in request.ids}
    return {
        "acknowledged": len(acknowledged | ours),
        "acknowledged_and_not_there": sum(one not in stored for one in acknowledged | ours),
        "refused_of_those_that_are_known": len(turned_away),
        "refused_and_there": sum(one in stored for one in turned_away),
        "there_without_an_answer": len(stored) - len(acknowledged | ours),
    }
