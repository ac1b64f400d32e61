"""The commands an administrator types: serving never migrates a database of one's own, and says what to run instead."""

import os
import subprocess
import sys

import httpx
import pytest

from lrs.migrate import expected_revision, revision_of
from lrs.settings import Settings
from tests.services.databases import fresh_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer


def lrs(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command, with no setting but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}
    return subprocess.run(
        [sys.executable, "-m", "lrs", *words],
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.one_database("timescaledb")
def test_serve_needs_a_migrated_database(database_server: PostgresServer) -> None:
    with fresh_database(database_server) as url:
        refused = lrs("serve", "--port", "0", LRS_DATABASE_URL=url)
        assert refused.returncode != 0
        assert "run `lrs migrate`" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert revision_of(url) is None

        for _ in range(2):
            done = lrs("migrate", LRS_DATABASE_URL=url)
            assert done.returncode == 0, done.stderr
            assert expected_revision() in done.stdout
            assert revision_of(url) == expected_revision()

        with serving(url) as server:
            assert httpx.get(f"{server.origin}/xapi/about").status_code == 200


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["migrate"]])
def test_a_database_that_is_not_there(command: list[str]) -> None:
    refused = lrs(*command, LRS_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert refused.returncode != 0
    assert "LRS_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_migrate_needs_a_database() -> None:
    refused = lrs("migrate")
    assert refused.returncode != 0
    assert "LRS_DATABASE_URL" in refused.stderr


def test_settings_are_listed_with_what_they_are_for() -> None:
    listed = lrs("settings", LRS_PAGE_SIZE="7", LRS_BOOTSTRAP_CREDENTIAL="key:not-to-be-shown")
    assert listed.returncode == 0, listed.stderr
    *lines, together = listed.stdout.splitlines()
    assert together.startswith("Together at most ")
    names = [line.partition("=")[0] for line in lines[::2]]
    assert names == [f"LRS_{name.upper()}" for name in Settings.model_fields]
    assert all(line.startswith("    ") and len(line.strip()) > 10 for line in lines[1::2])
    assert "LRS_PAGE_SIZE=7" in lines
    assert "not-to-be-shown" not in listed.stdout


def test_a_setting_that_is_wrong_is_named() -> None:
    refused = lrs("settings", LRS_PAGE_SIZE="0")
    assert refused.returncode != 0
    assert "LRS_PAGE_SIZE" in refused.stderr
    assert "Traceback" not in refused.stderr
