"""What can be stored: each kind of load on a server over a database of its own, beside what bounds it."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from streams.processor import LOCK
from tests.bench import pgbench, well_known, wrk
from tests.bench.figures import Comparison, Figures
from tests.bench.live_lag import LagProbe
from tests.bench.loaded import Loaded, database_name
from tests.bench.no_op import no_op
from tests.bench.others import Others
from tests.bench.questions import Asked
from tests.bench.statements import after_id, bodies
from tests.bench.usage import used
from tests.services.databases import migrated_database, url_of
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

DIFFERENT_BODIES = 20_000
PGBENCH_BODIES = 4_000
WARM_UP_SECONDS = 1
LONG_WARM_UP_SECONDS = 4
"""Of batches of 500: so many are on their way that it takes a while until the first is answered."""
NAMES = {1: "single", 50: "batches of 50", 500: "batches of 500"}
WRITES = 0.9
MIXED = "mixed, 90 % writes, 64 connections"
WELL_KNOWN = f"ten well-known batches of {well_known.BATCH}, 16 connections"
MIXED_PGBENCH = "pgbench mixed"
BASIC = "Basic " + base64.b64encode(":".join(CREDENTIAL).encode()).decode()


class Cell(NamedTuple):
    """One kind of load. alone: without a processor beside it. workers: API processes."""

    batch: int
    connections: int
    alone: bool = False
    workers: int = 1

    @property
    def name(self) -> str:
        """Of its series."""
        workers = "" if self.workers == 1 else f", {self.workers} API processes"
        return f"POST {NAMES[self.batch]}, {self.connections} connections{workers}{', alone' if self.alone else ''}"

    @property
    def warm_up(self) -> int:
        """Seconds before anything is counted."""
        return LONG_WARM_UP_SECONDS if self.batch > 50 else WARM_UP_SECONDS

    @property
    def no_op(self) -> str:
        """The series of the same load on the handler that does nothing."""
        return f"no-op {NAMES[self.batch]}, {self.connections} connections"


CELLS = (
    Cell(1, 16),
    Cell(1, 64),
    Cell(1, 64, alone=True),
    Cell(50, 16),
    Cell(50, 64),
    Cell(50, 16, alone=True),
    Cell(50, 16, workers=2),
    Cell(50, 16, alone=True, workers=2),
    Cell(500, 16),
)


def comparisons(figures: Figures) -> list[Comparison]:
    """Every figure of this file with what bounds it."""
    found = []
    for cell in CELLS:
        database = f"pgbench {NAMES[cell.batch]}"
        found.append(Comparison(cell.name, cell.name, "statements/s", "pgbench, same SQL", database))
        if cell.workers == 1:  # as many as the handler that does nothing has
            found.append(Comparison("", f"{cell.name} · requests", "requests/s", "no-op handler", cell.no_op))
    found.append(Comparison(MIXED, MIXED, "requests/s", "pgbench, same SQL, 4 clients", MIXED_PGBENCH))
    if WELL_KNOWN in figures:
        for alone in (False, True):
            name = _well_known(alone=alone)
            found.append(Comparison(name, name, "statements/s", "synthetic", Cell(50, 16, alone=alone).name))
    return found


class Ingest:
    """One server, one set of statements; each method takes one figure."""

    def __init__(self, server: PostgresServer, folder: Path, seconds: float, figures: Figures, others: Others) -> None:
        self._server, self._seconds, self._folder = server, seconds, folder
        self._figures, self._others = figures, others
        self._tails = [after_id(body) for body in bodies(DIFFERENT_BODIES)]
        self._file = self._written("tails", self._tails)
        corpora = well_known.folder()
        self._well_known = None if corpora is None else self._written("well-known", well_known.tails(corpora))

    def round(self, loaded: Loaded, by_agent: list[Asked]) -> None:
        """Every figure once, each beside its bounds. by_agent: questions to the loaded database, asked of a copy."""
        for batch in NAMES:
            self._pgbench(batch)
            for cell in CELLS:
                if cell.batch == batch:
                    self._post(cell)
                    if not cell.alone and cell.workers == 1:
                        self._no_op(cell)
        if self._well_known is not None:
            for alone in (False, True):
                with migrated_database(self._server) as url, _no_processor(url, wanted=alone):
                    self._load(url, _well_known(alone=alone), self._well_known, well_known.BATCH, 16)
        self._mixed(loaded, by_agent)

    def _post(self, cell: Cell) -> None:
        with migrated_database(self._server) as url, _no_processor(url, wanted=cell.alone):
            self._load(
                url,
                cell.name,
                self._file,
                cell.batch,
                cell.connections,
                cell.warm_up,
                workers=cell.workers,
                lag=not cell.alone,
            )

    def _no_op(self, cell: Cell) -> None:
        with no_op() as origin:
            wrk.post(origin, self._file, connections=cell.connections, batch=cell.batch, seconds=cell.warm_up)
            with self._others.watched(cell.no_op):
                load = wrk.post(
                    origin, self._file, connections=cell.connections, batch=cell.batch, seconds=self._seconds
                )
        self._figures.add(cell.no_op, load.rate)

    def _pgbench(self, batch: int) -> None:
        series = f"pgbench {NAMES[batch]}"
        with migrated_database(self._server) as url:
            file = self._append_script(url, batch)
            _, before = pgbench.appends_a_second(url, file, seconds=WARM_UP_SECONDS)
            with self._others.watched(series):
                rate, done = pgbench.appends_a_second(url, file, seconds=self._seconds)
            _must_hold(url, (before + done) * batch)
        self._figures.add(series, rate * batch)

    def _mixed(self, loaded: Loaded, by_agent: list[Asked]) -> None:
        gets = self._written("gets", [asked.path.encode() for asked in by_agent])
        with self._copied(loaded) as url:
            self._load(url, MIXED, self._file, 1, 64, gets=gets)
        weight = round(len(by_agent) * WRITES / (1 - WRITES))
        with self._copied(loaded) as url:
            scripts = {self._append_script(url, 1): weight}
            for number, asked in enumerate(by_agent):
                file = self._folder / f"agent-{number}.sql"
                file.write_text(asked.script)
                scripts[file] = 1
            clients = pgbench.CLIENTS
            pgbench.transactions_a_second(url, scripts, clients=clients, seconds=WARM_UP_SECONDS)
            with self._others.watched(MIXED_PGBENCH):
                rate, _ = pgbench.transactions_a_second(url, scripts, clients=clients, seconds=self._seconds)
        self._figures.add(MIXED_PGBENCH, rate)

    def _load(
        self,
        url: str,
        name: str,
        tails: Path,
        batch: int,
        connections: int,
        warm_up: int = WARM_UP_SECONDS,
        *,
        workers: int = 1,
        lag: bool = False,
        gets: Path | None = None,
    ) -> None:
        """`lrs serve` under load; every confirmed statement must be in the log."""
        before = _count(url)
        share = 1.0 if gets is None else WRITES
        with serving(url, LRS_WORKERS=str(workers)) as lrs:

            def posted(seconds: float) -> wrk.Load:
                return wrk.post(
                    lrs.origin,
                    tails,
                    connections=connections,
                    batch=batch,
                    seconds=seconds,
                    authorization=BASIC,
                    gets=gets,
                    posts=share,
                )

            warm = posted(warm_up)
            probe = LagProbe(lrs.origin, CREDENTIAL, self._tails)
            with self._others.watched(name), used(lrs.pid, url) as usage:
                if lag:
                    with probe.sampling():
                        load = posted(self._seconds)
                else:
                    load = posted(self._seconds)
            if gets is None:
                _must_hold(url, before + (warm.requests + load.requests) * batch)
        add, statements = self._figures.add, load.requests * batch * share
        add(name, load.rate * batch)
        add(f"{name} · requests", load.rate)
        add(f"{name} · p50", load.p50_ms)
        add(f"{name} · p99", load.p99_ms)
        add(f"{name} · server CPU", 1000 * usage.server_cpu / statements)
        if usage.database_cpu is not None:
            add(f"{name} · database CPU", 1000 * usage.database_cpu / statements)
            add(f"{name} · database cores", usage.database_cpu / load.seconds)
        add(f"{name} · server cores", usage.server_cpu / load.seconds)
        add(f"{name} · busiest process", usage.busiest_cpu / load.seconds)
        add(f"{name} · memory", usage.server_memory)
        add(f"{name} · WAL", usage.wal_bytes / statements)
        if lag:
            self._figures.add_lag(name, probe.lag())

    def _append_script(self, url: str, batch: int) -> Path:
        batches = pgbench.prepare(url, list(bodies(PGBENCH_BODIES)), batch)
        file = self._folder / "append.sql"
        file.write_text(pgbench.script(batch, batches))
        return file

    def _written(self, name: str, lines: list[bytes]) -> Path:
        file = self._folder / name
        file.write_bytes(b"\n".join(lines) + b"\n")
        return file

    @contextmanager
    def _copied(self, loaded: Loaded) -> Iterator[str]:
        """A copy of a loaded database, dropped at the end."""
        name = sql.Identifier(f"{database_name(loaded.statements)}_copy")
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
            connection.execute(drop)
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    name, sql.Identifier(database_name(loaded.statements))
                )
            )
            try:
                yield url_of(self._server, f"{database_name(loaded.statements)}_copy")
            finally:
                connection.execute(drop)


def _well_known(*, alone: bool) -> str:
    return f"{WELL_KNOWN}, alone" if alone else WELL_KNOWN


@contextmanager
def _no_processor(url: str, *, wanted: bool) -> Iterator[None]:
    """Takes the processor's place, so that the one of a server stands by."""
    if not wanted:
        yield
        return
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM statement").fetchone()
    assert row is not None
    return int(row[0])


def _must_hold(url: str, confirmed: int) -> None:
    held = _count(url)
    if held < confirmed:
        raise wrk.LoadFailed(f"{confirmed} statements were confirmed, the log holds {held}")
