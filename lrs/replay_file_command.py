"""`lrs replay-file`: posts what files have, to any endpoint."""

import asyncio
from pathlib import Path
from typing import Any

import click

from lrs.replay_file import replay
from lrs.replay_state import StateUnusable


@click.command(name="replay-file")
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
