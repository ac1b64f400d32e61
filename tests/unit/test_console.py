"""What a database says that was reached is not told as if it had not been."""

import click
import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolTimeout

from lrs.console import reached


@pytest.mark.parametrize("kind", [errors.LockNotAvailable, errors.QueryCanceled, errors.OutOfMemory])
def test_what_the_database_gave_up(kind: type[psycopg.Error]) -> None:
    with pytest.raises(click.ClickException, match=r"^the database gave up: why$"), reached():
        raise kind("why")


@pytest.mark.parametrize(
    "kind", [psycopg.OperationalError, errors.AdminShutdown, errors.ConnectionFailure, PoolTimeout]
)
def test_a_database_that_is_away(kind: type[psycopg.Error]) -> None:
    with pytest.raises(click.ClickException, match=r"^the database cannot be reached: why$"), reached():
        raise kind("why")
