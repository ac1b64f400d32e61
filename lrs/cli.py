"""The command line: `lrs serve`, `migrate`, `settings`, `credential`, `load`, `retention`, `stats`, `demo` and more."""

import asyncio
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import httpx

from lrs import logs
from lrs.access.credentials import DEFAULT_TENANT, Credentials
from lrs.attachments.objects import Objects
from lrs.children import ChildEnded
from lrs.configuration_commands import outline, rules
from lrs.connection_plan import ConnectionsDoNotFit, connection_plan, must_fit
from lrs.console import must_be_migrated, reached, settings_of, told
from lrs.credential_commands import credential
from lrs.database import read_pool
from lrs.dead_letter_commands import dead_letters
from lrs.embedded import DataFolderInUse, DoesNotStart, EmbeddedPostgres
from lrs.load_command import load_command
from lrs.log_commands import compress, retention_command, stats
from lrs.migrate import expected_revision, migrate
from lrs.rebuild_command import replay_command
from lrs.relay_command import relay
from lrs.replay_file import replay
from lrs.replay_state import StateUnusable
from lrs.server_process import ServerDidNotStart, ServerProcess
from lrs.serving import end_in_order, serving
from lrs.settings import Settings
from lrs.simulation.demo import run_demo
from lrs.statement_client import EndpointRefused, EndpointUnavailable
from lrs.tracing.chosen import TracingNotInstalled, must_be_installed
from lrs.worker_command import worker
from schemas.errors import AttachmentUrlUnusable


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="live-lrs")
def main() -> None:
    """A learning record store with live read models: xAPI at /xapi, course pages at /."""
    logs.configure(os.environ.get("LRS_LOG_FORMAT", ""))  # before any command reads its settings


main.add_command(credential)
main.add_command(load_command)
for command in (outline, rules, dead_letters, retention_command, compress, stats, replay_command, relay, worker):
    main.add_command(command)


@main.command()
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


@main.command(name="migrate")
def migrate_command() -> None:
    """Bring the database of LRS_DATABASE_URL to the schema of this version."""
    settings = settings_of()
    if settings.database_url is None:
        raise click.ClickException("set LRS_DATABASE_URL; the embedded PostgreSQL is migrated by `lrs serve`")
    with reached():
        migrate(settings.database_url)
    click.echo(f"The database is at revision {expected_revision()}.")


@main.command(name="settings")
def settings_command() -> None:
    """List every setting: its variable, its value, what it is for."""
    settings = settings_of()
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = re.sub("(//[^:/]*:)[^@]*@", r"\1***@", str(value)) if name.endswith("_url") else value
        click.echo(f"LRS_{name.upper()}={shown}\n    {field.description}")
    click.echo(f"Together at most {connection_plan(settings)}.")


@main.command()
@click.option("--exit", "leave", is_flag=True, help="Play it, wait until the read models have caught up, and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line with the figures.")
@click.option("--seed", default=2024, show_default=True, help="Another seed, another cohort.")
@click.option("--learners", default=60, show_default=True, type=click.IntRange(1, 5000))
@click.option(
    "--days", default=35, show_default=True, type=click.IntRange(28, 400), help="How far back the course began."
)
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=int, help="Port to listen on [a free one].")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL.")
def demo(*, leave: bool, as_json: bool, seed: int, learners: int, days: int, **options: Any) -> None:
    """Start the server with a simulated cohort that learns before your eyes."""
    settings = settings_of(**{"port": 0, **{name: value for name, value in options.items() if value is not None}})
    folder = options["data_dir"] or settings.data_dir / "demo"
    key, secret = "demo", secrets.token_urlsafe(16)
    credentials = folder / "demo-credential"
    if credentials.exists():
        key, _, secret = credentials.read_text().partition(":")
    variables = {"LRS_BOOTSTRAP_CREDENTIAL": f"{key}:{secret}", "LRS_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "lrs", "serve", "--host", settings.host, "--port", str(settings.port)]
    signal.signal(signal.SIGTERM, end_in_order)
    with told(ServerDidNotStart), ServerProcess(command, variables) as origin:
        credentials.touch(mode=0o600)
        credentials.write_text(f"{key}:{secret}")
        if not as_json:
            click.echo(f"The server listens at {origin}. Sign in with {key} and {secret}.")
        if "note" in httpx.get(f"{origin}/api/projections", auth=(key, secret)).json():
            click.echo("What is left of an earlier demo was written by another version: it is built again.", err=True)
            again = [sys.executable, "-m", "lrs", "replay", "--data-dir", str(folder)]
            subprocess.run(again, check=True, stdout=subprocess.DEVNULL)
        asyncio.run(
            _demo(origin, key, secret, seed=seed, learners=learners, days=days, live=not leave, as_json=as_json)
        )


async def _demo(origin: str, key: str, secret: str, **options: Any) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    try:
        await run_demo(f"{origin}/xapi", key, secret, stop=stop, echo=click.echo, **options)
    except (EndpointRefused, EndpointUnavailable) as error:
        raise click.ClickException(str(error)) from None


@main.command(name="replay-file")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--endpoint", required=True, help="xAPI endpoint, such as http://127.0.0.1:8080/xapi.")
@click.option("--credential", required=True, help="key:secret.")
@click.option("--batch", default=50, show_default=True, type=click.IntRange(1, 1000), help="Statements a request.")
@click.option("--xapi-version", help="Version to speak [that of the statements].")
@click.option("--state-file", type=click.Path(path_type=Path), help="Where progress is kept [beside the file].")
@click.option("--patience", default=300.0, show_default=True, help="Seconds to wait for an endpoint that is away.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def replay_file(*, path: Path, as_json: bool, quiet: bool, xapi_version: str | None, **options: Any) -> None:
    """Post any file or folder of statements: JSON, NDJSON, gzip. Interrupted, it goes on where it was."""
    try:
        report = asyncio.run(replay(path, version=xapi_version, progress=not quiet, **options))
    except (FileNotFoundError, StateUnusable) as error:
        raise click.ClickException(str(error)) from None
    click.echo(report.as_json() if as_json else report.as_text())
    raise SystemExit(report.exit_code)


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
