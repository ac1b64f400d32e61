"""`lrs migrate`: a database of one's own gets the schema of this version."""

import click

from lrs.console import reached, settings_of
from lrs.migrate import expected_revision, migrate


@click.command(name="migrate")
def migrate_command() -> None:
    """Bring the database of LRS_DATABASE_URL to the schema of this version."""
    settings = settings_of()
    if settings.database_url is None:
        raise click.ClickException("set LRS_DATABASE_URL; the embedded PostgreSQL is migrated by `lrs serve`")
    with reached():
        migrate(settings.database_url)
    click.echo(f"The database is at revision {expected_revision()}.")
