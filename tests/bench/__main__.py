"""`make bench`: every round measures every figure and every bound once, in turn, so that a slow minute slows both."""

import asyncio
import base64
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
import msgspec
import psutil
import psycopg

from tests.bench import catch_up, pgbench, wrk
from tests.bench.figures import Comparison, Figures, header
from tests.bench.live_lag import LagProbe
from tests.bench.no_op import no_op
from tests.bench.others import Others
from tests.bench.statements import after_id, bodies
from tests.services import embedded, external, timescaledb
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.missing import ServiceMissingError
from tests.services.postgres import PostgresServer

BATCHES = (1, 50)
CONNECTIONS = (16, 64)
DIFFERENT_BODIES = 20_000
PGBENCH_BODIES = 4_000
WARM_UP_SECONDS = 1
NAMES = {1: "single", 50: "batches of 50"}


def _cell(batch: int, connections: int) -> str:
    return f"POST {NAMES[batch]}, {connections} connections"


COMPARISONS = [
    one
    for batch in BATCHES
    for connections in CONNECTIONS
    for cell in (_cell(batch, connections),)
    for one in (
        Comparison(cell, cell, "statements/s", "pgbench, same SQL", f"pgbench {NAMES[batch]}"),
        Comparison("", f"{cell} requests", "requests/s", "no-op handler", f"no-op {cell}"),
    )
] + [Comparison("processor, catching up", "processor", "statements/s", "decode and fold", "decode and fold")]


class NotDurable(Exception):
    """The server would lose what it has confirmed: its figures mean nothing."""


class Bench:
    """One server, one set of statements; each method takes one figure in a database of its own."""

    def __init__(self, server: PostgresServer, folder: Path, seconds: float) -> None:
        self.figures, self.others = Figures(), Others()
        self._server, self._seconds, self._folder = server, seconds, folder
        self._tails = [after_id(body) for body in bodies(DIFFERENT_BODIES)]
        self._file = folder / "tails"
        self._file.write_bytes(b"\n".join(self._tails) + b"\n")
        self._basic = "Basic " + base64.b64encode(":".join(CREDENTIAL).encode()).decode()

    def post(self, batch: int, connections: int) -> None:
        """`lrs serve` under load; every confirmed statement must be in the log."""
        cell = _cell(batch, connections)
        with migrated_database(self._server) as url, serving(url) as lrs:
            warm = self._load(lrs.origin, batch, connections, WARM_UP_SECONDS)
            probe = LagProbe(lrs.origin, CREDENTIAL, self._tails)
            with self.others.watched(cell), probe.sampling():
                load = self._load(lrs.origin, batch, connections, self._seconds)
            _must_hold(url, (warm.requests + load.requests) * batch)
        self.figures.add(cell, load.rate * batch)
        self.figures.add(f"{cell} requests", load.rate)
        self.figures.add(f"{cell} p50", load.p50_ms)
        self.figures.add(f"{cell} p99", load.p99_ms)
        self.figures.add_lag(cell, probe.lag())

    def no_op(self, batch: int, connections: int) -> None:
        """The same load on the handler that does nothing."""
        series = f"no-op {_cell(batch, connections)}"
        with no_op() as origin:
            self._load(origin, batch, connections, WARM_UP_SECONDS)
            with self.others.watched(series):
                load = self._load(origin, batch, connections, self._seconds)
        self.figures.add(series, load.rate)

    def pgbench(self, batch: int) -> None:
        """The same SQL by pgbench."""
        series = f"pgbench {NAMES[batch]}"
        with migrated_database(self._server) as url:
            batches = pgbench.prepare(url, list(bodies(PGBENCH_BODIES)), batch)
            file = self._folder / "append.sql"
            file.write_text(pgbench.script(batch, batches))
            _, before = pgbench.appends_a_second(url, file, seconds=WARM_UP_SECONDS)
            with self.others.watched(series):
                rate, done = pgbench.appends_a_second(url, file, seconds=self._seconds)
            _must_hold(url, (before + done) * batch)
        self.figures.add(series, rate * batch)

    def catch_up(self, url: str) -> None:
        """The processor over a log that is there already, and decode-and-fold of the same."""
        asyncio.run(catch_up.forget(url))
        for series, what in (("processor", "processor"), ("decode and fold", "fold")):
            with self.others.watched(series):
                self.figures.add(series, catch_up.measured(what, url))

    def round(self, log_url: str) -> None:
        """Every figure once, each beside its bounds."""
        for batch in BATCHES:
            self.pgbench(batch)
            for connections in CONNECTIONS:
                self.post(batch, connections)
                self.no_op(batch, connections)
        self.catch_up(log_url)

    def _load(self, origin: str, batch: int, connections: int, seconds: float) -> wrk.Load:
        return wrk.post(
            origin,
            self._file,
            connections=connections,
            batch=batch,
            seconds=seconds,
            authorization=self._basic,
        )


def _must_hold(url: str, confirmed: int) -> None:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM statement").fetchone()
    assert row is not None
    if row[0] < confirmed:
        raise wrk.LoadFailed(f"{confirmed} statements were confirmed, the log holds {row[0]}")


@contextmanager
def _database(kind: str) -> Iterator[PostgresServer]:
    url = os.environ.get("LRS_TEST_TIMESCALE_URL")
    if kind == "embedded":
        running = embedded.running_server(durable=True)
    else:
        running = external.running_server(url) if url else timescaledb.running_server(durable=True)
    with running as server:
        yield server


def _facts(url: str) -> dict[str, str]:
    """What was measured on. Raises NotDurable."""
    with psycopg.connect(url) as connection:
        found = {
            name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes")
        }
        settings = {name: row[0] for name, row in found.items() if row is not None}
        row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    if {settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"]} != {"on"}:
        raise NotDurable(str(settings))
    size = sum(map(len, bodies(1000))) // 1000
    return {
        "machine": f"{psutil.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "database": f"PostgreSQL {settings['server_version']}"
        + (f", TimescaleDB {row[0]}" if row else ", no TimescaleDB")
        + "; fsync, full_page_writes and synchronous_commit on",
        "statements": f"{size:,} bytes each on average",
    }


@click.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Medians of so many.")
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1), help="Of load for each figure.")
@click.option("--statements", default=50_000, show_default=True, type=click.IntRange(1000), help="To catch up with.")
@click.option(
    "--database",
    default="timescaledb",
    show_default=True,
    type=click.Choice(["timescaledb", "embedded"]),
    help="Which.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
def main(*, rounds: int, seconds: int, statements: int, database: str, as_json: bool) -> None:
    """Measure this store against what bounds it: pgbench with the same SQL, HTTP that does nothing, a bare fold."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _leave)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            _database(database) as server,
            migrated_database(server) as log_url,
        ):
            facts = _facts(log_url)
            asyncio.run(catch_up.load(log_url, list(bodies(statements))))
            bench = Bench(server, Path(folder), seconds)
            for number in range(1, rounds + 1):
                click.echo(f"round {number} of {rounds}", err=True)
                bench.round(log_url)
    except ServiceMissingError as missing:
        raise click.ClickException(str(missing)) from None
    facts["rounds"] = f"{rounds} of {seconds} s a figure, {statements:,} statements to catch up with"
    facts["took"] = f"{time.monotonic() - began:.0f} s"
    _say(bench, facts, COMPARISONS, as_json=as_json)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Told to stop: leave through every `with`, so that no server stays behind."""
    raise SystemExit(1)


def _say(bench: Bench, facts: dict[str, str], comparisons: Sequence[Comparison], *, as_json: bool) -> None:
    if as_json:
        told = {
            "facts": facts,
            "others": bench.others.shares,
            "disturbed": bench.others.disturbed,
        } | bench.figures.as_json(comparisons)
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return
    facts["others"] = f"took up to {bench.others.most:.0%} of the machine while a figure was taken"
    click.echo(header(facts) + "\n\n" + bench.figures.as_text(comparisons))
    if bench.others.disturbed:
        click.echo(
            "\nDisturbed: other processes were at work, which bends the ratios too. Run it again when it is quiet."
        )
        for series, rounds in bench.others.disturbed.items():
            click.echo(f"  {series}: round {', '.join(map(str, rounds))}")


if __name__ == "__main__":
    main()
