"""`lrs demo`: a server of its own, and a simulated cohort that learns there."""

import asyncio
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import httpx

from lrs.children import end_in_order
from lrs.console import settings_of, told
from lrs.server_process import ServerDidNotStart, ServerProcess
from lrs.simulation.demo import run_demo
from lrs.statement_client import EndpointRefused, EndpointUnavailable


@click.command()
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
