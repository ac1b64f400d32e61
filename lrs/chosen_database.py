"""The database that a command works on: that of LRS_DATABASE_URL, or the embedded one, being served or not."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from lrs.console import must_be_migrated, told
from lrs.embedded import DoesNotStart, NoDatabase, NotReady, visited
from lrs.settings import Settings


@contextmanager
def chosen_database(settings: Settings) -> Iterator[str]:
    """The URL of a database that has the schema of this version."""
    if settings.database_url is not None:
        must_be_migrated(settings.database_url, "lrs migrate")
        yield settings.database_url
        return
    with told(NotReady, DoesNotStart), _hint_at_serving(), visited(settings.data_dir) as url:
        must_be_migrated(url, "lrs serve")
        yield url


@contextmanager
def _hint_at_serving() -> Iterator[None]:
    try:
        yield
    except NoDatabase as error:
        raise click.ClickException(
            f"{error}: run `lrs serve` once, name its folder with --data-dir, or set LRS_DATABASE_URL"
        ) from None
