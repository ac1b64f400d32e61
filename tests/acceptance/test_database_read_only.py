"""A database that takes no writes for now, as after a failover or where its disk is full: 503, and reading goes on."""

import time
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.acceptance.endpoint import Endpoint, new_statement
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

PATIENCE = 30


@pytest.mark.one_database("embedded")
def test_a_database_that_is_read_only_for_a_while(database_server: PostgresServer) -> None:
    with (
        migrated_database(database_server) as url,
        serving(url) as server,
        httpx.Client() as client,
        psycopg.connect(url, autocommit=True) as database,
    ):
        endpoint = Endpoint(server.origin, client)
        before, meanwhile = new_statement(), new_statement()
        endpoint.post(before)

        def only_read(on: bool) -> None:
            name = sql.Identifier(urlsplit(url).path[1:])
            change = "ALTER DATABASE {} SET default_transaction_read_only = {}"
            database.execute(sql.SQL(change).format(name, sql.Literal(on)))
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name LIKE 'lrs-%'"
            )

        only_read(True)
        for answer in (endpoint.send(meanwhile), endpoint.put(meanwhile)):
            assert answer.status_code == 503
            assert answer.json()["title"] == "Database unavailable"
        assert endpoint.is_there(before["id"])
        only_read(False)
        deadline = time.monotonic() + PATIENCE
        while endpoint.send(meanwhile).status_code == 503:
            assert time.monotonic() < deadline
        assert endpoint.is_there(meanwhile["id"])
