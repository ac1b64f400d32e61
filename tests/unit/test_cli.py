"""Every command is there by its name, and none costs what only another one needs."""

import pkgutil
import subprocess
import sys

import click
import pytest

from lrs.cli import COMMANDS, main

HEAVY = ("fastapi", "sqlalchemy", "psycopg", "httpx", "redis", "aiokafka", "schemas.statement")
LOADED = f"import sys, lrs.cli; print([name for name in {HEAVY} if name in sys.modules])"


@pytest.mark.parametrize(("name", "place"), COMMANDS.items())
def test_a_command_is_where_it_is_said_to_be(name: str, place: str) -> None:
    found = main.get_command(click.Context(main), name)
    assert found is pkgutil.resolve_name(place)
    assert found is not None
    assert found.name == name


def test_there_is_no_command_of_another_name() -> None:
    assert main.get_command(click.Context(main), "served") is None


def test_nothing_is_loaded_before_a_command_is_called() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
