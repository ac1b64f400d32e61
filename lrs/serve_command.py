"""`lrs serve`: over a database of one's own, which must be migrated, or over the embedded one, which is then."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from lrs.access.credentials import DEFAULT_TENANT, Credentials
from lrs.attachments.objects import Objects
from lrs.children import ChildEnded, end_in_order
from lrs.connection_plan import ConnectionsDoNotFit, connection_plan, must_fit
from lrs.console import must_be_migrated, reached, settings_of, told
from lrs.database import read_pool
from lrs.embedded import DataFolderInUse, DoesNotStart, EmbeddedPostgres
from lrs.migrate import migrate
from lrs.serving import serving
from lrs.settings import Settings
from lrs.tracing.chosen import TracingNotInstalled, must_be_installed
from schemas.errors import AttachmentUrlUnusable


@click.command()
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one [8080].")
@click.option("--workers", type=int, help="API processes, beside the one that keeps the read models [1].")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL.")
def serve(**options: Any) -> None:
    """Serve the API, the processor and the live pages.

    Without LRS_DATABASE_URL an embedded PostgreSQL is started in the data folder, and migrated.
    """
    settings = settings_of(**options)
    signal.signal(signal.SIGTERM, end_in_order)
    if settings.attachment_url is not None:
        with told(AttachmentUrlUnusable):
            Objects(settings.attachment_url)
    with told(TracingNotInstalled):
        must_be_installed()
    with _database(settings) as (url, look), told(ChildEnded), serving(settings, url) as (origin, children):
        with reached():
            first = asyncio.run(_first_credential(settings, url))  # now that it can be shown
        click.echo(f"xAPI endpoint  {origin}/xapi")
        if first is not None:
            click.echo(f"Credential     {first}   (shown this once)")
        click.echo(f"Course pages   {origin}/   (sign in with the credential)")
        sys.stdout.flush()
        children.keep(look)


@contextmanager
def _database(settings: Settings) -> Iterator[tuple[str, Callable[[], None] | None]]:
    """The URL of a migrated database, for as long as it is needed, and what looks after it where that is for us."""
    if settings.database_url is None:
        with told(DataFolderInUse, DoesNotStart), EmbeddedPostgres(settings.data_dir) as embedded:
            migrate(embedded.url)
            _must_fit(settings, embedded.url)
            yield embedded.url, embedded.look_after
        return
    must_be_migrated(settings.database_url, "lrs migrate")
    _must_fit(settings, settings.database_url)
    yield settings.database_url, None


def _must_fit(settings: Settings, url: str) -> None:
    with reached(), told(ConnectionsDoNotFit):
        must_fit(connection_plan(settings), url, settings.read_database_url)


async def _first_credential(settings: Settings, url: str) -> str | None:
    """The credential to show: the one of the settings is made if it is missing, else a first one if there is none."""
    async with read_pool(url, size=1) as pool:
        credentials = Credentials(pool)
        if settings.bootstrap_credential is not None:
            key, _, secret = settings.bootstrap_credential.get_secret_value().partition(":")
            await credentials.create(DEFAULT_TENANT, key, secret)
            return None
        if await credentials.any_exist():
            return None
        return await credentials.create(DEFAULT_TENANT)
