"""What a server may open is known before it opens anything, and is refused where the database has less."""

import logging
from itertools import pairwise
from urllib.parse import urlsplit

import psycopg
import pytest
from click.testing import CliRunner

from lrs.cli import main
from lrs.connection_plan import PROCESSOR, ConnectionsDoNotFit, connection_plan, must_fit
from lrs.settings import Settings
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

USUAL = 97
"""What PostgreSQL has by default for those who are no superusers."""
NOWHERE = "postgresql://nobody@/none?host=/nonexistent"


def settings(workers: int, **others: object) -> Settings:
    return Settings.model_validate({"workers": workers, **others})


def test_ten_processes_fit_a_database_as_it_comes() -> None:
    sums = [connection_plan(settings(workers)).of_database for workers in range(1, 65)]
    assert max(sums[:10]) <= USUAL < sums[15]
    each = [connection_plan(settings(workers)).sizes for workers in range(1, 65)]
    for more, fewer in pairwise(each):
        assert all(one >= other for one, other in zip(more, fewer, strict=True))
    for sizes in each:
        assert sizes.write > 2  # two groups are written at a time, and something else may be
        assert min(sizes[:-1]) > 0


def test_what_is_set_counts() -> None:
    plan = connection_plan(settings(3, write_connections=7, read_connections=9))
    assert (plan.sizes.write, plan.sizes.read) == (7, 9)
    assert plan.of_database == 3 * (7 + 9 + 3 + 2 + 2) + PROCESSOR
    assert plan.of_replica == 0
    behind = {"database_url": NOWHERE, "read_database_url": NOWHERE}
    plan = connection_plan(settings(3, write_connections=7, read_connections=9, **behind))
    assert plan.of_database == 3 * (7 + 2 + 3 + 2 + 2) + PROCESSOR
    assert plan.of_replica == 27


def test_what_does_not_fit_is_refused(embedded_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with migrated_database(embedded_server) as url, psycopg.connect(url, autocommit=True) as database:
        must_fit(connection_plan(settings(1)), url)
        row = database.execute("SELECT current_setting('max_connections')::int - 3").fetchone()
        assert row is not None
        plan = connection_plan(settings(64))
        monkeypatch.setenv("LRS_DATABASE_URL", url)
        monkeypatch.setenv("LRS_WORKERS", "64")
        told = CliRunner().invoke(main, ["serve", "--port", "0"])
        assert told.exit_code == 1
        for part in (f"gives us {row[0]} connections", f"may open {plan.of_database}", "LRS_WORKERS", "64 × (3 write"):
            assert part in told.output
        name = urlsplit(url).path[1:]
        database.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 19".encode())
        with pytest.raises(ConnectionsDoNotFit, match="gives us 19 connections"):
            must_fit(connection_plan(settings(1)), url)


def test_a_replica_may_be_away_at_the_start(embedded_server: PostgresServer, caplog: pytest.LogCaptureFixture) -> None:
    plan = connection_plan(settings(1, database_url=embedded_server.url, read_database_url=NOWHERE))
    with caplog.at_level(logging.WARNING):
        must_fit(plan, embedded_server.url, NOWHERE)
    assert "LRS_READ_DATABASE_URL cannot be reached now" in caplog.text
    with pytest.raises(psycopg.OperationalError):
        must_fit(plan, NOWHERE)


def test_the_settings_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRS_WORKERS", "2")
    monkeypatch.setenv("LRS_DATABASE_URL", "postgresql://ann:hidden@primary/lrs")
    monkeypatch.setenv("LRS_READ_DATABASE_URL", "postgresql://ann:hidden@replica/lrs")
    told = CliRunner().invoke(main, ["settings"]).output
    assert f"Together at most {connection_plan(Settings())}." in told
    assert "hidden" not in told
