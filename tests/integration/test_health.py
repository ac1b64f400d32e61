"""Probes of a real server: what the database says is what they say, and they cost it little."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from lrs.database import read_pool
from lrs.health.standing import Watch, standing
from lrs.migrate import expected_revision
from lrs.statement_log.control_events import append_control_event
from tests.acceptance.endpoint import Endpoint, new_statement
from tests.acceptance.poison import add_letter
from tests.services.databases import fresh_database, migrated_database
from tests.services.lrs_server import CREDENTIAL, LrsServer, serving
from tests.services.postgres import PostgresServer

PATIENCE = 20.0


@pytest.fixture(scope="module")
def url(embedded_server: PostgresServer) -> Iterator[str]:
    with migrated_database(embedded_server) as url:
        yield url


@pytest.fixture(scope="module")
def server(url: str) -> Iterator[LrsServer]:
    with serving(url) as running:
        yield running


def until(server: LrsServer, holds: Callable[[Any], bool]) -> httpx.Response:
    """The readiness once it is so: what was asked holds for a second."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = httpx.get(f"{server.origin}/health/ready")
        if holds(answer.json()["parts"]):
            return answer
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


def test_each_part_is_named(server: LrsServer) -> None:
    with httpx.Client() as client:
        position = int(Endpoint(server.origin, client).send(new_statement()).headers["X-LRS-Position"])
    answer = until(server, lambda parts: parts["read_models"]["position"] >= position)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told["state"] == "ok"
    assert {name: part["state"] for name, part in told["parts"].items()} == dict.fromkeys(
        ("database", "migrations", "read_models", "dead_letters", "bus"), "ok"
    )
    assert told["parts"]["migrations"]["revision"] == expected_revision()
    assert httpx.get(f"{server.origin}/health/live").json() == {"state": "ok"}


def test_what_is_wrong_shows_and_passes(server: LrsServer, url: str) -> None:
    add_letter(url, 10**15)
    answer = until(server, lambda parts: parts["dead_letters"]["state"] == "degraded")
    assert answer.status_code == 200
    assert answer.json()["parts"]["dead_letters"]["parked"] == 1
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM dead_letter")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        answer = until(server, lambda parts: parts["migrations"]["state"] == "failed")
        assert answer.status_code == 503
        assert "read_models" not in answer.json()["parts"]
        connection.execute("UPDATE alembic_version SET version_num = %s", [expected_revision()])
    assert until(server, lambda parts: parts["migrations"]["state"] == "ok").status_code == 200


@pytest.mark.anyio
async def test_a_database_that_was_never_migrated(embedded_server: PostgresServer) -> None:
    with fresh_database(embedded_server) as url:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            found = await standing(connection)
    assert (found.revision, found.figures) == (None, None)


@pytest.mark.anyio
async def test_the_figures_are_those_of_the_database(database_url: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection,
        await psycopg.AsyncConnection.connect(database_url) as writing,
    ):
        await append_control_event(connection, 1, "clock", {})
        await connection.execute(
            "INSERT INTO relay_checkpoint (topic, position, stored_floor, previous) VALUES ('t', 0, '-infinity', '{0}')"
        )
        await writing.execute("SELECT pg_current_xact_id()")
        found = (await standing(connection)).figures
        assert found is not None
        (relayed,) = found.relayed
        assert found.log_position > 0
        assert (relayed.topic, relayed.lag_positions) == ("t", found.log_position)
        assert found.lag_positions == found.log_position - found.position
        assert found.oldest_transaction_seconds > 0


@pytest.mark.anyio
async def test_many_who_ask_are_one(url: str) -> None:
    async with read_pool(url) as pool:
        watch = Watch(pool)
        first = await watch.look()
        assert first is not None
        assert await watch.look() is first


@pytest.mark.anyio
async def test_a_database_that_is_away_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrs.health.standing.PATIENCE_SECONDS", 0.1)
    async with read_pool("postgresql://nobody@/none?host=/nonexistent") as pool:
        assert await Watch(pool).look() is None


def test_a_stranger_is_told_no_secret(server: LrsServer) -> None:
    told = httpx.get(f"{server.origin}/health/ready").text
    assert not any(secret in told for secret in (*CREDENTIAL, "postgres", "127.0.0.1"))
