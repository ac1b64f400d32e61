"""`lrs dead-letters`: what the read models could not digest, and what is to become of it. docs/dead-letters.md.

Works on the database of LRS_DATABASE_URL, or on the embedded one of the data folder. What is decided is done by the
processor of `lrs serve`, at once where it runs, else when it does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from lrs.access.credentials import DEFAULT_TENANT
from lrs.chosen_database import chosen_database
from lrs.console import reached, settings_of, told
from lrs.database import Pool, read_pool
from lrs.dead_letters import LARGEST, decide, letter_with_statement
from projections.dead_letter import State
from projections.dead_letter_queries import LetterCounts, LetterLine, count_letters, read_letters
from projections.fact import name_of
from projections.keyset_queries import Wanted
from schemas.dead_letter import LETTER_DISCARDED, LETTER_RETRIED, LONGEST_REASON, Decision
from schemas.errors import LetterUndecidable, NotFound

BY = "lrs command line"
"""Who decides what is decided here."""
PAGE = 1000
_Answer = TypeVar("_Answer")
_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group(name="dead-letters")
def dead_letters() -> None:
    """Statements that the read models could not digest, and those that wait behind them."""


def _options(command: _Command) -> _Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL."),
        click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose statements they are."),
    ):
        command = option(command)
    return command


_position = click.argument("position", type=click.IntRange(1, LARGEST))
_reason = click.option("--reason", help="Why, for who reads the list.")


@dead_letters.command(name="list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only those of this state.")
@click.option("--learner", help="Only those of this learner, such as mbox:mailto:ann@example.com.")
@click.option("--limit", default=PAGE, show_default=True, type=click.IntRange(1, 100_000), help="How many at most.")
@_options
def list_command(
    *, state: str | None, learner: str | None, limit: int, tenant: int, data_dir: Path | None, as_json: bool
) -> None:
    """Every letter in the order of the log."""
    filters = {"state": state, "learner": None if learner is None else name_of(learner)}

    async def work(pool: Pool) -> tuple[list[LetterLine], LetterCounts]:
        async with pool.connection() as connection:
            asked = {name: value for name, value in filters.items() if value is not None}
            lines, _ = await read_letters(connection, tenant, asked, Wanted("position", False, None, limit))
            return lines, await count_letters(connection, tenant)

    lines, counts = _done(data_dir, work)
    if as_json:
        click.echo(msgspec.json.encode({"letters": lines, "counts": counts}))
        return
    for line in lines:
        click.echo(f"{line.position}  {line.state}  {line.learner or 'no learner'}")
        click.echo(f"    {_standing(line)}")
    click.echo(f"{counts.parked} parked, {counts.waiting} waiting, {counts.discarded} discarded.")


@dead_letters.command()
@_position
@_options
def show(*, position: int, tenant: int, data_dir: Path | None, as_json: bool) -> None:
    """One letter: the error, where in the code, and the statement."""
    letter, statement = _done(data_dir, lambda pool: letter_with_statement(pool, tenant, position))
    sent = None if statement is None else statement.payload
    if as_json:
        shown = msgspec.structs.asdict(letter) | {"sent": None if sent is None else msgspec.Raw(sent.encode())}
        click.echo(msgspec.json.encode(shown))
        return
    click.echo(f"{letter.position}  {letter.state}  {letter.learner or 'no learner'}")
    click.echo(f"    {_standing(letter)}")
    click.echo(f"    statement {letter.statement}, stored {letter.stored:%Y-%m-%d %H:%M:%S} UTC")
    for frame in letter.frames.splitlines():
        click.echo(f"    {frame}")
    click.echo(sent or "Retention has dropped the statement.")


@dead_letters.command()
@_position
@_reason
@_options
def retry(*, position: int, reason: str | None, tenant: int, data_dir: Path | None, as_json: bool) -> None:
    """Try a letter again, and after it what waits for it."""
    _decide(LETTER_RETRIED, position, reason, tenant, data_dir, as_json=as_json)


@dead_letters.command()
@_position
@_reason
@_options
def discard(*, position: int, reason: str | None, tenant: int, data_dir: Path | None, as_json: bool) -> None:
    """A letter never counts; what waits for it is applied."""
    _decide(LETTER_DISCARDED, position, reason, tenant, data_dir, as_json=as_json)


def _decide(kind: str, position: int, reason: str | None, tenant: int, data_dir: Path | None, *, as_json: bool) -> None:
    if reason is not None and (len(reason) > LONGEST_REASON or "\0" in reason):
        raise click.BadParameter(f"must have at most {LONGEST_REASON} characters, and no U+0000", param_hint="--reason")
    at = _done(data_dir, lambda pool: decide(pool, tenant, kind, Decision(position, BY, reason)))
    if as_json:
        click.echo(msgspec.json.encode({"position": at}))
        return
    click.echo(f"It is in the log at position {at}; the processor does it.")


def _standing(line: LetterLine) -> str:
    if line.waits_for is not None:
        return f"waits for {line.waits_for}"
    if line.decided_by is not None:
        why = "" if line.reason is None else f": {line.reason}"
        return f"by {line.decided_by} at {line.last_at:%Y-%m-%d %H:%M} UTC{why}"
    times = "once" if line.attempts == 1 else f"{line.attempts} times"
    return f"tried {times}, last by version {line.version}: {line.error}: {' '.join(line.message.split())}"


def _done(data_dir: Path | None, work: Callable[[Pool], Awaitable[_Answer]]) -> _Answer:
    """What the work gives on the database."""

    async def run(url: str) -> _Answer:
        async with read_pool(url, size=1) as pool:
            return await work(pool)

    with chosen_database(settings_of(data_dir=data_dir)) as url, reached(), told(NotFound, LetterUndecidable):
        return asyncio.run(run(url))
