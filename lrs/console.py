"""What every command shares: its settings, and errors that are told in a line instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
import psycopg
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from lrs.migrate import expected_revision, revision_of
from lrs.settings import Settings
from schemas.errors import LrsError

_AWAY: Final = ("08", "57P")
"""How the states begin (SQLSTATE) that say that there is no connection, or none for now."""


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
    """A database that cannot be reached, or gives a command up, is told in a line."""
    try:
        yield
    except OperationalError as error:
        raise click.ClickException(_told("LRS_DATABASE_URL", error.orig)) from None
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise click.ClickException(_told("the database", error)) from None


def _told(database: str, error: BaseException | None) -> str:
    """PostgreSQL also calls operational what it says itself: that a lock or memory is wanting, or time is up."""
    state = getattr(error, "sqlstate", None)
    if state is None or state.startswith(_AWAY):
        return f"{database} cannot be reached: {error}"
    return f"{database} gave up: {error}"


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
