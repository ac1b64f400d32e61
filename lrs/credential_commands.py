"""`lrs credential`: make, list, rotate and disable what clients sign in with. A secret is shown once and never again.

Works on the database of LRS_DATABASE_URL, or on the embedded one of the data folder, whether `lrs serve` runs or not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from lrs.access.credentials import DEFAULT_TENANT, CredentialEntry, Credentials, Made
from lrs.chosen_database import chosen_database
from lrs.chosen_redis import chosen_redis
from lrs.console import reached, settings_of, told
from lrs.database import read_pool
from schemas.errors import CredentialDisabled, NotFound
from schemas.scope import UNASKED, Scope

_REPAIRS = "; compatibility"
_Answer = TypeVar("_Answer")
_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def credential() -> None:
    """Make, list, rotate, disable and switch credentials."""


def _options(command: _Command) -> _Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL."),
        click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose credential it is."),
    ):
        command = option(command)
    return command


@credential.command()
@click.option("--name", help="What people call it.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do; give it as often as needed [statements/write and statements/read/mine].",
)
@click.option("--compatibility", is_flag=True, help="Repair its well-known invalid statements.")
@_options
def create(
    *, name: str | None, scopes: tuple[str, ...], compatibility: bool, tenant: int, data_dir: Path | None, as_json: bool
) -> None:
    """Make a credential and show its secret, this once."""
    wanted = frozenset(map(Scope, scopes)) or UNASKED
    made = _done(
        data_dir,
        lambda credentials: credentials.make(tenant, scopes=wanted, name=name, compatibility=compatibility),
    )
    assert made is not None
    _show_made(made, as_json=as_json)


@credential.command(name="list")
@_options
def list_command(*, tenant: int, data_dir: Path | None, as_json: bool) -> None:
    """Every credential and what it may do; no secrets."""
    entries = _done(data_dir, lambda credentials: credentials.entries(tenant))
    if as_json:
        click.echo(msgspec.json.encode([entry._asdict() for entry in entries]))
        return
    for entry in entries:
        click.echo(f"{entry.key}  {entry.name or ''}".rstrip())
        click.echo(f"    {_state(entry)}; {' '.join(entry.scopes)}{_REPAIRS if entry.compatibility else ''}")


@credential.command()
@click.argument("key")
@click.option(
    "--keep-for",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0, max=30 * 86_400),
    help="Seconds that the secret before stays good.",
)
@_options
def rotate(*, key: str, keep_for: float, tenant: int, data_dir: Path | None, as_json: bool) -> None:
    """Give a credential another secret and show it, this once; the one before stops."""
    made = _done(data_dir, lambda credentials: credentials.rotate(tenant, key, keep_for))
    _show_made(made, as_json=as_json)


@credential.command()
@click.argument("key")
@_options
def disable(*, key: str, tenant: int, data_dir: Path | None, as_json: bool) -> None:
    """Take a credential out of force, for ever; every server heeds it within a second."""
    entry = _done(data_dir, lambda credentials: credentials.disable(tenant, key))
    click.echo(msgspec.json.encode(entry._asdict()) if as_json else f"{entry.key} is {_state(entry)}.")


@credential.command()
@click.argument("key")
@click.argument("switch", type=click.Choice(["on", "off"]))
@_options
def compatibility(*, key: str, switch: str, tenant: int, data_dir: Path | None, as_json: bool) -> None:
    """Repair well-known invalid statements for a credential, or no more; every server heeds it within a second."""
    entry = _done(data_dir, lambda credentials: credentials.switch_compatibility(tenant, key, on=switch == "on"))
    click.echo(msgspec.json.encode(entry._asdict()) if as_json else f"{entry.key} has compatibility {switch}.")


def _show_made(made: Made, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({**made.entry._asdict(), "secret": made.secret}))
        return
    click.echo(f"Credential     {made.entry.key}:{made.secret}   (shown this once)")
    click.echo(f"Scopes         {' '.join(made.entry.scopes)}")
    if made.entry.compatibility:
        click.echo("Compatibility  on")
    if made.entry.name:
        click.echo(f"Name           {made.entry.name}")
    if made.entry.previous_until:
        click.echo(f"Former secret  good until {made.entry.previous_until:%Y-%m-%d %H:%M:%S} UTC")


def _state(entry: CredentialEntry) -> str:
    if entry.disabled is not None:
        return f"disabled since {entry.disabled:%Y-%m-%d %H:%M} UTC"
    return f"made {entry.created:%Y-%m-%d %H:%M} UTC"


def _done(data_dir: Path | None, work: Callable[[Credentials], Awaitable[_Answer]]) -> _Answer:
    """What the work gives on the credentials of the database."""
    settings = settings_of(data_dir=data_dir)
    place = chosen_redis(settings)

    async def run(url: str) -> _Answer:
        async with read_pool(url, size=1) as pool:
            return await work(Credentials(pool, None if place is None else place.tell_changed))

    with chosen_database(settings) as url, reached(), told(NotFound, CredentialDisabled):
        return asyncio.run(run(url))
