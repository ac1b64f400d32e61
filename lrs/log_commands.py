"""`lrs retention`, `lrs compress`, `lrs stats`: the life of the data, for the owner of the database.

What will be dropped is shown before it is, and nothing is dropped that was not confirmed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from psycopg import AsyncConnection
from psycopg.errors import InsufficientPrivilege

from lrs.attachments import sweeping
from lrs.attachments.objects import Objects
from lrs.chosen_database import chosen_database
from lrs.console import reached, settings_of, told
from lrs.log_reports import Dropped, Planned, compressed_line, part_line, statistics_text
from lrs.statement_log import chunks, retention
from lrs.statement_log.chunks import CompressionUnsupported
from lrs.statement_log.log_statistics import statistics
from lrs.statement_log.retention import RetentionRefused
from schemas.errors import AttachmentsUnavailable, AttachmentUrlUnusable

_Answer = TypeVar("_Answer")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_OLDER_THAN = click.option(
    "--older-than", required=True, metavar="AGE", help="400d, 8w, 18m, 3y, 2024-01-31 or 2024-01-31T12:00:00Z."
)


def _options(command: _Command) -> _Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL."),
    ):
        command = option(command)
    return command


@click.command(name="retention")
@_OLDER_THAN
@click.option("--dry-run", is_flag=True, help="Say what would be dropped, and drop nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_options
def retention_command(*, older_than: str, dry_run: bool, yes: bool, as_json: bool, data_dir: Path | None) -> None:
    """Drop old statements for good: whole chunks or partitions, whose every statement was stored before then.

    Their ids stay refused, and what they gave to the read models stays. With them go the contents of attachments that
    nobody has a statement for.
    """
    settings = settings_of(data_dir=data_dir)
    with told(AttachmentUrlUnusable):
        objects = None if settings.attachment_url is None else Objects(settings.attachment_url)

    async def work(connection: AsyncConnection) -> None:
        plan = await retention.plan(connection, older_than)
        planned = Planned(plan, await sweeping.to_sweep(connection, plan.gone_before, objects))
        if dry_run:
            click.echo(planned.as_json() if as_json else planned.as_text())
            return
        if plan.kept_back is not None:
            raise RetentionRefused(f"nothing was dropped: {plan.kept_back}")
        if not yes and not planned.is_empty:
            click.echo(planned.as_text(), err=as_json)
            click.confirm("Drop this for good?", abort=True, err=as_json)
        parts = []
        async for part in retention.drop(connection, plan.before):
            parts.append(part)
            if not as_json:
                click.echo(f"Dropped {part_line(part)}")
        dropped = Dropped(plan, parts, await retention.sweep(connection), await sweeping.sweep(connection, objects))
        click.echo(dropped.as_json() if as_json else dropped.as_text())

    with told(RetentionRefused, AttachmentsUnavailable):
        _with_connection(data_dir, work)


@click.command()
@_OLDER_THAN
@_options
def compress(*, older_than: str, as_json: bool, data_dir: Path | None) -> None:
    """Keep old chunks in columns, on TimescaleDB's community edition: a fifth of the bytes, and slower to search."""

    async def work(connection: AsyncConnection) -> None:
        done = []
        async for one in chunks.compress(connection, await retention.instant_before(connection, older_than)):
            done.append(one._asdict())
            if not as_json:
                click.echo(compressed_line(one))
        if as_json:
            click.echo(msgspec.json.encode(done))
        elif not done:
            click.echo("There is nothing to compress.")

    with told(RetentionRefused, CompressionUnsupported):
        _with_connection(data_dir, work)


@click.command()
@_options
def stats(*, as_json: bool, data_dir: Path | None) -> None:
    """What the log holds and what it takes, how far the read models have come, and who holds them up."""
    found = _with_connection(data_dir, statistics)
    click.echo(msgspec.json.encode(found) if as_json else statistics_text(found))


def _with_connection(data_dir: Path | None, work: Callable[[AsyncConnection], Awaitable[_Answer]]) -> _Answer:
    """What the work gives, on a connection of its own in autocommit mode."""

    async def run(url: str) -> _Answer:
        connecting = AsyncConnection.connect(
            url,
            autocommit=True,
            application_name="lrs-command",
            prepare_threshold=None,  # a pooler may stand between
        )
        async with await connecting as connection:
            await connection.execute("SET TimeZone TO 'UTC'")
            try:
                return await work(connection)
            except InsufficientPrivilege as error:
                raise click.ClickException(f"this is for the owner of the database: {error}") from None

    with chosen_database(settings_of(data_dir=data_dir)) as url, reached():
        return asyncio.run(run(url))
