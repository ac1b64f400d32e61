"""The embedded database that ends is started again; where that cannot be, it is said why."""

import os
import signal
import time
from pathlib import Path
from typing import NoReturn

import psutil
import psycopg
import pytest

from lrs import embedded
from lrs.embedded import DoesNotStart, EmbeddedPostgres
from tests.services.folders import kill_all


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def look_for_ever(database: EmbeddedPostgres) -> NoReturn:
    while True:
        database.look_after()


def test_an_orderly_end_that_nobody_asked_for(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data") as database:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (it integer)")
        os.kill(postmaster(tmp_path / "data"), signal.SIGINT)
        while True:
            database.look_after()
            try:
                with psycopg.connect(database.url) as connection:
                    connection.execute("SELECT it FROM kept")
                break
            except psycopg.OperationalError:
                continue
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database.url)


def test_a_database_that_does_not_start_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "AGAIN_SECONDS", 0.5)
    control = tmp_path / "data" / "postgres" / "global" / "pg_control"
    with EmbeddedPostgres(tmp_path / "data") as database:
        killed = postmaster(tmp_path / "data")
        kill_all(killed)
        while psutil.pid_exists(killed):  # whoever buries it may take a second
            time.sleep(0.02)
        control.rename(control.with_name("elsewhere"))
        with pytest.raises(DoesNotStart, match="pg_control"):
            look_for_ever(database)
