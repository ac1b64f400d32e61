"""`lrs replay`: the read models are built again from the log, compared with the live ones, and take their place.

Whoever serves goes on meanwhile. What it finds is told before anything is exchanged.
"""

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from lrs.access.credentials import DEFAULT_TENANT
from lrs.children import leave_most_garbage
from lrs.chosen_database import chosen_database
from lrs.console import reached, settings_of, told
from lrs.database import rebuild_pool
from lrs.rebuild_course import NotOfThisVersion, rebuild_course
from lrs.rebuild_reports import ProgressBar, comparison_text, status_text
from lrs.worlds.building import WorldIndigestible, WorldUnbuildable
from projections.apply import PROJECTION, VERSION
from projections.exchange_rows import ReadElsewhere
from projections.shard_rows import KeptByShards
from streams.rebuild import AlreadyAtWork, Rebuild, turn
from streams.rebuild_status import rebuild_status

DIFFERENT = 3
"""The exit code of a check that found what should not be."""
INTERRUPTED = 130


@click.command(name="replay")
@click.option("--projection", default=PROJECTION, show_default=True, help="Which; there is one.")
@click.option("--course", metavar="IRI", help="Only the rows of this course; the read models stand still meanwhile.")
@click.option("--check", is_flag=True, help="Build and compare, exchange nothing; exit code 3 where they differ.")
@click.option("--fresh", is_flag=True, help="Drop what an interrupted replay has built, and begin again.")
@click.option("--status", is_flag=True, help="Say how far the read models and a replay are, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL.")
def replay_command(
    *,
    projection: str,
    course: str | None,
    check: bool,
    fresh: bool,
    status: bool,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Build the read models again from the log, beside the live ones, while statements arrive; compare; exchange.

    Interrupted, it goes on where it was. For the owner of the database.
    """
    if projection != PROJECTION:
        raise click.ClickException(f"there is no projection {projection!r}: there is {PROJECTION}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    leave_most_garbage()
    outcome: dict[str, Any] = {}
    refusals = told(AlreadyAtWork, KeptByShards, ReadElsewhere, NotOfThisVersion, WorldUnbuildable, WorldIndigestible)
    try:
        with chosen_database(settings_of(data_dir=data_dir)) as url, reached(), refusals:
            if status:
                found = asyncio.run(rebuild_status(url))
                click.echo(msgspec.json.encode(found) if as_json else status_text(found))
                return
            if course is None:
                outcome = asyncio.run(_replay(url, check=check, fresh=fresh))
            else:
                outcome = asyncio.run(_replay_course(url, course, check=check))
    except KeyboardInterrupt:
        click.echo("Interrupted. What is built stays, and `lrs replay` goes on from there.", err=True)
        raise SystemExit(INTERRUPTED) from None
    if as_json:
        click.echo(msgspec.json.encode(outcome))
    if check and outcome["wrong"]:
        raise SystemExit(DIFFERENT)


async def _replay(url: str, *, check: bool, fresh: bool) -> dict[str, Any]:
    async with rebuild_pool(url) as pool, Rebuild.open(pool) as rebuild:
        _say(f"The read models of version {VERSION} are built beside the live ones, in {rebuild.schema}.")
        await rebuild.begin(_say, fresh=fresh)
        behind, began = rebuild.at.position, time.monotonic()
        with ProgressBar(behind, is_shown=sys.stderr.isatty()) as bar:
            await rebuild.build(bar.reached)
        built = {"positions": rebuild.at.position - behind, "seconds": time.monotonic() - began}
        comparison = await rebuild.compare()
        _say(comparison_text(comparison))
        wrong = comparison is not None and comparison.version == VERSION and comparison.differences > 0
        outcome = {"version": VERSION, "wrong": wrong, "exchanged": not check, "built": built, "compared": comparison}
        if check:
            if wrong:
                _say("Nothing is exchanged. `lrs replay` puts what was built in the place of the live ones.")
            else:
                await rebuild.forget()
            return outcome
        if comparison is None or comparison.version != VERSION:
            with ProgressBar(rebuild.at.position, is_shown=sys.stderr.isatty()) as bar:
                await rebuild.build_on(bar.reached)
        position = await rebuild.exchange(_say)
        _say(f"What was built is live now, at position {position:,}.")
        return outcome | {"position": position}


async def _replay_course(url: str, course: str, *, check: bool) -> dict[str, Any]:
    async with rebuild_pool(url) as pool, turn(pool):
        _say(f"The rows of {course} are built again beside the live ones, which stand still meanwhile.")
        comparison = await rebuild_course(pool, DEFAULT_TENANT, course, check=check)
    _say(comparison_text(comparison))
    wrong = comparison.differences > 0
    if wrong:
        _say("Nothing is exchanged." if check else "They are as the log gives them now.")
    return {"version": VERSION, "wrong": wrong, "exchanged": wrong and not check, "compared": comparison}


def _say(text: str) -> None:
    click.echo(text, err=True)
