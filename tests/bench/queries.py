"""What can be read: each kind of query over HTTP, and the same SQL alone by pgbench, on logs of several sizes."""

from pathlib import Path

import httpx

from tests.bench import pgbench, wrk
from tests.bench.figures import Comparison, Figures
from tests.bench.ingest import BASIC, WARM_UP_SECONDS
from tests.bench.loaded import Loaded
from tests.bench.others import Others
from tests.bench.questions import BY_ID, KINDS, Asked, NothingFound
from tests.services.lrs_server import serving

CONNECTIONS = 16
WORKERS = 2
"""API processes of the series that have more than one."""


def series_of(kind: str, statements: int) -> str:
    """The name of a series."""
    return f"GET {kind}, {size_of(statements)}"


def by_workers(kind: str, statements: int) -> str:
    """The name of the series of the same with more API processes."""
    return f"{series_of(kind, statements)}, {WORKERS} API processes"


def size_of(statements: int) -> str:
    """100k, 1m, 10m."""
    if statements % 1_000_000 == 0:
        return f"{statements // 1_000_000}m"
    return f"{statements // 1000}k" if statements % 1000 == 0 else str(statements)


def comparisons(sizes: list[int]) -> list[Comparison]:
    """Every kind at every size with the same SQL."""
    return [
        Comparison(name, name, "requests/s", "pgbench, same SQL", f"pgbench {series_of(kind, statements)}")
        for kind in KINDS
        for statements in sizes
        for name in (series_of(kind, statements), by_workers(kind, statements))
    ]


class Queries:
    """One loaded database and what is asked of it."""

    def __init__(
        self,
        loaded: Loaded,
        questions: dict[str, list[Asked]],
        folder: Path,
        seconds: float,
        figures: Figures,
        others: Others,
    ) -> None:
        self._loaded, self._questions, self._seconds = loaded, questions, seconds
        self._figures, self._others = figures, others
        self._folder = folder / size_of(loaded.statements)
        self._folder.mkdir()
        self._scripts: dict[str, dict[Path, int]] = {}
        for number, (kind, asked) in enumerate(questions.items()):
            self._paths(kind).write_text("".join(f"{one.path}\n" for one in asked))
            self._scripts[kind] = {}
            for place, one in enumerate(asked):
                file = self._folder / f"{number}-{place}.sql"
                file.write_text(one.script)
                self._scripts[kind][file] = 1

    def round(self) -> None:
        """Every kind once."""
        with serving(self._loaded.url) as one, serving(self._loaded.url, LRS_WORKERS=str(WORKERS)) as more:
            for kind, asked in self._questions.items():
                _must_find(one.origin, kind, asked)
                self._get(one.origin, kind, series_of(kind, self._loaded.statements))
                self._get(more.origin, kind, by_workers(kind, self._loaded.statements))
                self._pgbench(kind)

    def _paths(self, kind: str) -> Path:
        return self._folder / kind

    def _get(self, origin: str, kind: str, name: str) -> None:
        def got(seconds: float) -> wrk.Load:
            return wrk.get(origin, self._paths(kind), connections=CONNECTIONS, seconds=seconds, authorization=BASIC)

        got(WARM_UP_SECONDS)
        with self._others.watched(name):
            load = got(self._seconds)
        self._figures.add(name, load.rate)
        self._figures.add(f"{name} · p50", load.p50_ms)
        self._figures.add(f"{name} · p95", load.p95_ms)

    def _pgbench(self, kind: str) -> None:
        name = f"pgbench {series_of(kind, self._loaded.statements)}"
        url, scripts = self._loaded.url, self._scripts[kind]
        pgbench.transactions_a_second(url, scripts, clients=CONNECTIONS, seconds=WARM_UP_SECONDS)
        with self._others.watched(name):
            rate, _ = pgbench.transactions_a_second(url, scripts, clients=CONNECTIONS, seconds=self._seconds)
        self._figures.add(name, rate)


def _must_find(origin: str, kind: str, asked: list[Asked]) -> None:
    """What finds nothing is no measure of anything. Raises NothingFound."""
    with httpx.Client(base_url=origin, headers={"Authorization": BASIC, "X-Experience-API-Version": "1.0.3"}) as client:
        answer = client.get(asked[0].path)
        answer.raise_for_status()
        if kind != BY_ID and not answer.json()["statements"]:
            raise NothingFound(asked[0].path)
