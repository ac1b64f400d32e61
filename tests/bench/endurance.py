"""`make endurance`: minutes of full load, minutes of overload, minutes of kills; what is wrong fails it.

Each part has a server and a database of its own. Figures go to standard output, and with --json to a file too.
"""

import signal
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from lrs.children import end_in_order
from tests.bench import endurance_kills, endurance_load, overload
from tests.bench.endurance_store import STARTERS, Store, running_store
from tests.bench.ingest import BASIC
from tests.bench.statements import after_id, bodies
from tests.bench.wrk import LoadFailed
from tests.services.missing import ServiceMissingError

DIFFERENT_BODIES = 20_000
FLAT = 1.1
"""Resident memory of the last minute over that of the second."""
PARTS = ("load", "overload", "kills")


def _parts(minutes: float, flood: float, seed: int, tails: Path) -> dict[str, Callable[[Store], dict[str, Any]]]:
    def load(store: Store) -> dict[str, Any]:
        return endurance_load.measured(store, tails, BASIC, minutes)

    def flooded(store: Store) -> dict[str, Any]:
        return overload.measured(store, overload.Load(store.server.origin, tails, BASIC, tails.parent), flood)

    return {"load": load, "overload": flooded, "kills": partial(endurance_kills.measured, minutes=minutes, seed=seed)}


def faults(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What must not be."""
    for name, growth in found.get("load", {}).get("growth", {}).items():
        if growth > FLAT:
            yield f"load: the memory of the {name} grew by {growth - 1:.0%}"
    for part, must_be_nothing in (
        ("overload", ("wrong",)),
        ("kills", ("wrong", "faults", "not_taken_when_sent_again", "not_there_in_the_end")),
    ):
        yield from (f"{part}: {name}: {found[part][name]}" for name in must_be_nothing if found.get(part, {}).get(name))
    account = found.get("overload", {}).get("account", {})
    for name in ("acknowledged_and_not_there", "refused_and_there"):
        if account.get(name):
            yield f"overload: {account[name]} statements: {name}"


def said(what: Any, indent: int = 0) -> Iterator[str]:
    """Any of it, a figure a line."""
    for name, value in what.items():
        title = " " * indent + str(name).replace("_", " ")
        if isinstance(value, dict):
            yield title
            yield from said(value, indent + 2)
        else:
            shown = f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1000 else value
            yield (
                f"{title:<45} {shown:,.0f}"
                if isinstance(shown, float | int) and shown >= 1000
                else f"{title:<45} {shown}"
            )


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="Of full load, and of kills.")
@click.option("--flood", default=60.0, show_default=True, help="Seconds of overload.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this; may be given again.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="API processes.")
@click.option(
    "--database", default="timescaledb", show_default=True, type=click.Choice(sorted(STARTERS)), help="Which."
)
@click.option("--seed", default=1, show_default=True, help="What is killed when.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Everything as one JSON document, to this file.")
def main(
    *, minutes: float, flood: float, parts: tuple[str, ...], workers: int, database: str, seed: int, file: Path | None
) -> None:
    """Keep this store under load for long, under more load than it can take, and under kills."""
    signal.signal(signal.SIGTERM, end_in_order)
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        tails = Path(folder) / "tails"
        tails.write_bytes(b"\n".join(map(after_id, bodies(DIFFERENT_BODIES))) + b"\n")
        known = _parts(minutes, flood, seed, tails)
        for part in parts or PARTS:
            click.echo(f"{part} …", err=True)
            try:
                with running_store(database, workers) as store:
                    found[part] = known[part](store)
            except (ServiceMissingError, LoadFailed, endurance_load.NoRoom) as error:
                raise click.ClickException(f"{part}: {error}") from None
            click.echo("\n".join(said({part: found[part]})) + "\n")
    if file is not None:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    if wrong := list(faults(found)):
        raise click.ClickException("\n".join(wrong))


if __name__ == "__main__":
    main()
