"""`lrs settings`: what can be set, and what is."""

import re

import click

from lrs.connection_plan import connection_plan
from lrs.console import settings_of
from lrs.settings import Settings


@click.command(name="settings")
def settings_command() -> None:
    """List every setting: its variable, its value, what it is for."""
    settings = settings_of()
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = re.sub("(//[^:/]*:)[^@]*@", r"\1***@", str(value)) if name.endswith("_url") else value
        click.echo(f"LRS_{name.upper()}={shown}\n    {field.description}")
    click.echo(f"Together at most {connection_plan(settings)}.")
