"""The servers that other tests rely on are what they claim, keep data over a crash, leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.services import embedded, install, timescaledb
from tests.services.databases import fresh_database, migrated_database
from tests.services.external import ExternalServer
from tests.services.folders import claimed_folder
from tests.services.missing import ServiceMissingError, go_without, or_go_without
from tests.services.postgres import PostgresServer

STARTERS: dict[str, Callable[[], AbstractContextManager[PostgresServer]]] = {
    "embedded": embedded.running_server,
    "timescaledb": timescaledb.running_server,
}

REPOSITORY = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from tests.services import {starter}
with {starter}.running_server() as server:
    print(server._process.pid, flush=True)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""


@pytest.fixture(params=STARTERS)
def own_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server of this test alone."""
    with or_go_without(), STARTERS[request.param]() as server:
        yield server


def one(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


EXTENSION = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"


def test_embedded_is_plain_postgresql_18(embedded_server: PostgresServer) -> None:
    with fresh_database(embedded_server) as url:
        assert str(one(url, "SHOW server_version")).startswith("18.")
        assert one(url, EXTENSION) is None


def test_timescaledb_is_postgresql_17_with_the_extension(timescale_server: PostgresServer) -> None:
    with fresh_database(timescale_server) as url:
        if not isinstance(timescale_server, ExternalServer):
            assert str(one(url, "SHOW server_version")).startswith("17.")
        assert str(one(url, EXTENSION)).startswith("2.")


def test_databases_are_apart_and_dropped(database_server: PostgresServer) -> None:
    with fresh_database(database_server) as first, fresh_database(database_server) as second:
        one(first, "CREATE TABLE mark ()")
        assert one(second, "SELECT to_regclass('mark')") is None
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        one(first, "SELECT 1")


def test_a_migrated_database_has_the_schema_and_is_nobody_elses(database_server: PostgresServer) -> None:
    with migrated_database(database_server) as first, migrated_database(database_server) as second:
        assert one(first, "SELECT to_regclass('statement')::text") == "statement"
        one(first, "CREATE TABLE mark ()")
        assert one(second, "SELECT to_regclass('mark')") is None


def test_data_outlive_a_crash(own_server: PostgresServer) -> None:
    with fresh_database(own_server) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        own_server.kill()
        with pytest.raises(psycopg.OperationalError):
            one(url, "SELECT 1")
        own_server.restart()
        assert one(url, "SELECT count(*) FROM kept") == 1000


def test_a_crash_cuts_off_a_running_query(own_server: PostgresServer) -> None:
    with psycopg.connect(own_server.url, autocommit=True) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        own_server.kill()
        assert not backend.is_running() or backend.status() == psutil.STATUS_ZOMBIE
    own_server.restart()
    assert one(own_server.url, "SELECT 1") == 1


@pytest.mark.parametrize("starter", STARTERS)
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_no_server_outlives_its_session(starter: str, blow: signal.Signals, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue({"embedded": "embedded_server", "timescaledb": "timescale_server"}[starter])
    if "LRS_TEST_TIMESCALE_URL" in os.environ and starter == "timescaledb":
        go_without("LRS_TEST_TIMESCALE_URL is set: this test starts a server of its own")
    command = [sys.executable, "-c", HOLDER.format(starter=starter)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        postmaster = psutil.Process(int(holder.stdout.readline()))
        processes = [postmaster, *postmaster.children(recursive=True)]
        assert len(processes) > 3
        holder.send_signal(blow)
    deadline = time.monotonic() + 15
    while any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes):
        assert time.monotonic() < deadline, "PostgreSQL outlived the session that started it"
        time.sleep(0.02)


def test_an_abandoned_folder_is_swept_and_a_living_one_is_not(tmp_path: Path) -> None:
    leaver = "import os, sys; from pathlib import Path; from tests.services.folders import claimed_folder\n"
    leaver += "with claimed_folder(Path(sys.argv[1])) as folder: print(folder, flush=True); os._exit(9)"
    command = [sys.executable, "-c", leaver, str(tmp_path)]
    left = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False)
    abandoned = Path(left.stdout.strip())
    assert abandoned.is_dir()
    with claimed_folder(tmp_path) as living:
        assert not abandoned.exists()
        with claimed_folder(tmp_path):
            assert living.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_half_made_timescaledb_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRS_TEST_TIMESCALE_DIR", str(tmp_path))
    for part in (timescaledb.PROGRAMS.lstrip("/") + "/postgres", timescaledb.EXTENSION):
        assert not timescaledb.is_complete(timescaledb.folder())
        (tmp_path / part).parent.mkdir(parents=True)
        (tmp_path / part).touch()
    assert timescaledb.is_complete(timescaledb.folder())
    (tmp_path / "debootstrap").mkdir()
    assert not timescaledb.is_complete(timescaledb.folder())


def test_a_folder_that_is_not_debians_is_left_alone(tmp_path: Path) -> None:
    thesis = tmp_path / "mine" / "thesis.odt"
    thesis.parent.mkdir()
    thesis.touch()
    with pytest.raises(ServiceMissingError, match="left alone"):
        install.debootstrap(thesis.parent)
    assert thesis.exists()


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_going_without_a_service_is_a_failure_in_ci_only(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no such thing"), or_go_without():
        raise ServiceMissingError("no such thing")
