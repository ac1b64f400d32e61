"""`make bench`: every round measures every figure and every bound once, in turn, so that a slow minute slows both."""

import asyncio
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any

import click
import msgspec
import psutil
import psycopg

from tests.bench import catch_up, course_pages, ingest, queries, report
from tests.bench.figures import Comparison, Figures
from tests.bench.ingest import Ingest
from tests.bench.loaded import Loaded, cluster, database_of
from tests.bench.others import Others
from tests.bench.queries import Queries
from tests.bench.questions import BY_AGENT, questions
from tests.bench.statements import bodies
from tests.bench.tables import tables
from tests.services.databases import migrated_database
from tests.services.missing import ServiceMissingError
from tests.services.postgres import PostgresServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
SMALLEST = 10_000
_CATCHING_UP = Comparison("processor, catching up", "processor", "statements/s", "decode and fold", "decode and fold")
_UNITS = {"k": 1000, "m": 1_000_000}


class NotDurable(Exception):
    """The server would lose what it has confirmed: its figures mean nothing."""


def _sizes(_context: click.Context, _parameter: click.Parameter, value: str) -> list[int]:
    """100k,1m,10m"""
    try:
        sizes = sorted({int(one[:-1]) * _UNITS[one[-1].lower()] for one in value.split(",")})
    except (ValueError, KeyError, IndexError):
        raise click.BadParameter(f"{value!r} is no list such as 100k,1m,10m") from None
    if sizes[0] < SMALLEST:
        raise click.BadParameter(f"{SMALLEST} is the least")
    return sizes


@click.group()
def main() -> None:
    """How fast this store is, against what bounds it."""
    signal.signal(signal.SIGTERM, _leave)


@main.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Medians of so many.")
@click.option("--seconds", default=3, show_default=True, type=click.IntRange(1), help="Of load for each figure.")
@click.option("--sizes", default="100k", show_default=True, callback=_sizes, help="Logs to read, such as 100k,1m,10m.")
@click.option("--statements", default=50_000, show_default=True, type=click.IntRange(1000), help="To catch up with.")
@click.option(
    "--only", type=click.Choice(["ingest", "queries", "catch-up"]), multiple=True, help="Only this; more than once."
)
@click.option(
    "--database",
    default="timescaledb",
    show_default=True,
    type=click.Choice(["timescaledb", "embedded"]),
    help="Which.",
)
@click.option("--keep", help="Keep the loaded logs under this name (embedded: in this folder) and use them again.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write that document to this file.")
def run(
    *,
    rounds: int,
    seconds: int,
    sizes: list[int],
    statements: int,
    only: tuple[str, ...],
    database: str,
    keep: str | None,
    as_json: bool,
    save: Path | None,
) -> None:
    """Measure: pgbench with the same SQL, HTTP that does nothing, a bare fold, and this store beside them."""
    began = time.monotonic()
    parts = set(only) or {"ingest", "queries", "catch-up"}
    figures, others = Figures(), Others()
    try:
        with tempfile.TemporaryDirectory() as folder, cluster(database, keep) as server:
            loads = _loaded(server, sizes if "queries" in parts else sizes[:1])
            facts = _facts(loads[0].url)
            _measure(server, loads, Path(folder), parts, rounds, seconds, statements, figures, others)
    except ServiceMissingError as missing:
        raise click.ClickException(str(missing)) from None
    facts["rounds"] = f"{rounds} of {seconds} s a figure" + (
        f", {statements:,} statements to catch up with" if "catch-up" in parts else ""
    )
    facts["took"] = f"{time.monotonic() - began:.0f} s"
    facts["others"] = f"took up to {others.most:.0%} of the machine while a figure was taken"
    result = {
        "facts": facts,
        "sizes": sizes if "queries" in parts else [],
        "loads": [one._asdict() for one in loads],
        "others": others.shares,
        "disturbed": others.disturbed,
    } | figures.as_json(_comparisons(parts, sizes, figures))
    text = msgspec.json.encode(result).decode()
    if save is not None:
        save.write_text(text, encoding="utf-8")
    if as_json:
        sys.stdout.write(text + "\n")
    else:
        _say(result)


@main.command()
@click.option("--learners", default=10_000, show_default=True, type=click.IntRange(200), help="Of the large course.")
@click.option("--few", default=100, show_default=True, type=click.IntRange(20), help="Of the small one.")
@click.option("--nodes", default=200, show_default=True, type=click.IntRange(30), help="Of both.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Medians of so many.")
@click.option("--requests", default=40, show_default=True, type=click.IntRange(1), help="Of each kind in a round.")
@click.option("--database", default="timescaledb", type=click.Choice(["timescaledb", "embedded"]), help="Which.")
def pages(*, learners: int, few: int, nodes: int, rounds: int, requests: int, database: str) -> None:
    """The pages of a large course, beside those of a small one."""
    small, large = (course_pages.Course(f"of-{count}", count, nodes) for count in (few, learners))
    try:
        with cluster(database, None) as server:
            times = course_pages.measured(server, small, large, rounds=rounds, requests=requests)
    except ServiceMissingError as missing:
        raise click.ClickException(str(missing)) from None
    click.echo(course_pages.table(times, small, large).as_text())


@main.command(name="report")
@click.argument("results", type=click.File("rb"), nargs=-1, required=True)
@click.option("--page", default=PAGE, show_default=True, type=click.Path(dir_okay=False, path_type=Path))
def report_command(*, results: tuple[Any, ...], page: Path) -> None:
    """Write the page of a run, or of runs of different parts, from the JSON documents that they saved."""
    runs = [msgspec.json.decode(one.read()) for one in results]
    page.write_text(report.page(report.together(runs)), encoding="utf-8")


def _loaded(server: PostgresServer, sizes: list[int]) -> list[Loaded]:
    found = []
    for statements in sizes:
        click.echo(f"a log of {statements:,} statements", err=True)
        found.append(database_of(server, statements))
    return found


def _measure(
    server: PostgresServer,
    loads: list[Loaded],
    folder: Path,
    parts: set[str],
    rounds: int,
    seconds: int,
    statements: int,
    figures: Figures,
    others: Others,
) -> None:
    asked = {one.statements: questions(one.url, one.statements) for one in loads}
    posting = Ingest(server, folder, seconds, figures, others)
    reading = [Queries(one, asked[one.statements], folder, seconds, figures, others) for one in loads]
    with migrated_database(server) as log_url:
        if "catch-up" in parts:
            asyncio.run(catch_up.load(log_url, list(bodies(statements))))
        for number in range(1, rounds + 1):
            click.echo(f"round {number} of {rounds}", err=True)
            if "ingest" in parts:
                posting.round(loads[0], asked[loads[0].statements][BY_AGENT])
            if "queries" in parts:
                for one in reading:
                    one.round()
            if "catch-up" in parts:
                asyncio.run(catch_up.forget(log_url))
                for series, what in (("processor", "processor"), ("decode and fold", "fold")):
                    with others.watched(series):
                        figures.add(series, catch_up.measured(what, log_url))


def _comparisons(parts: set[str], sizes: list[int], figures: Figures) -> list[Comparison]:
    return [
        *(ingest.comparisons(figures) if "ingest" in parts else []),
        *([_CATCHING_UP] if "catch-up" in parts else []),
        *(queries.comparisons(sizes) if "queries" in parts else []),
    ]


def _facts(url: str) -> dict[str, str]:
    """What was measured on. Raises NotDurable."""
    with psycopg.connect(url) as connection:
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
        found = {name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names}
        settings = {name: row[0] for name, row in found.items() if row is not None}
        row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    if {settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"]} != {"on"}:
        raise NotDurable(str(settings))
    size = sum(map(len, bodies(1000))) // 1000
    memory = psutil.virtual_memory().total / 1e9
    return {
        "machine": f"{psutil.cpu_count()} cores, {platform.machine()}, {memory:.0f} GB, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}",
        "database": f"PostgreSQL {settings['server_version']}"
        + (f", TimescaleDB {row[0]}" if row else ", no TimescaleDB")
        + f"; shared_buffers {settings['shared_buffers']}; fsync, full_page_writes and synchronous_commit on",
        "statements": f"{size:,} bytes each on average",
    }


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Told to stop: leave through every `with`, so that no server stays behind."""
    raise SystemExit(1)


def _say(result: dict[str, Any]) -> None:
    click.echo("\n".join(f"{name:<12}{value}" for name, value in result["facts"].items()))
    for table in tables(result):
        click.echo("\n" + table.as_text())
    if result["disturbed"]:
        click.echo(
            "\nDisturbed: other processes were at work, which bends the ratios too. Run it again when it is quiet."
        )
        for series, rounds in result["disturbed"].items():
            click.echo(f"  {series}: round {', '.join(map(str, rounds))}")


if __name__ == "__main__":
    main()
