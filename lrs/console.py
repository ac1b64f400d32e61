"""What every command shares: its settings, and errors that are told in a line instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import psycopg
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from lrs.migrate import expected_revision, revision_of
from lrs.settings import Settings
from schemas.errors import LrsError


def settings_of(**options: Any) -> Settings:
    """The settings, where those options go first that were given."""
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        lines = [
            f"LRS_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" if one["loc"] else one["msg"]
            for one in error.errors()
        ]
        raise click.ClickException("\n".join(lines)) from None


@contextmanager
def reached() -> Iterator[None]:
    """A database that cannot be reached is told in a line."""
    try:
        yield
    except OperationalError as error:
        raise click.ClickException(f"LRS_DATABASE_URL cannot be reached: {error.orig}") from None
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise click.ClickException(f"the database cannot be reached: {error}") from None


@contextmanager
def told(*kinds: type[LrsError]) -> Iterator[None]:
    """An error that its user can act on is told in a line."""
    try:
        yield
    except kinds as error:
        raise click.ClickException(str(error)) from None


def must_be_migrated(url: str, command: str) -> None:
    """A database that has another schema than this version is told in a line, with the command that mends it."""
    with reached():
        found = revision_of(url)
    if found != expected_revision():
        raise click.ClickException(
            f"the database is at revision {found}, this version needs {expected_revision()}: run `{command}` first"
        )
