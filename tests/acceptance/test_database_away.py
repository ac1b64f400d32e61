"""Without its database the server refuses with 503 and keeps running; once it is back, so is everything else."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.endpoint import Endpoint, Json, new_statement
from tests.services import embedded, timescaledb
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.missing import or_go_without
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.one_database("timescaledb")

STARTERS = {"embedded": embedded.running_server, "timescaledb": timescaledb.running_server}
PATIENCE = 30


@pytest.fixture(params=STARTERS)
def own_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A database server of this test alone."""
    with or_go_without(), STARTERS[request.param]() as server:
        yield server


def is_unavailable(answer: httpx.Response) -> bool:
    """A 503 that says when to try again."""
    if answer.status_code == 503:
        assert 0 < int(answer.headers["Retry-After"]) < 60
        assert answer.json()["title"] == "Database unavailable"
    return answer.status_code == 503


def test_a_database_that_is_away_and_comes_back(own_server: PostgresServer) -> None:
    with (
        migrated_database(own_server) as url,
        serving(url) as server,
        httpx.Client() as client,
    ):
        endpoint = Endpoint(server.origin, client)
        before, meanwhile = new_statement(), new_statement()
        endpoint.post(before)
        own_server.kill()
        try:
            assert is_unavailable(endpoint.send(meanwhile))
            assert is_unavailable(endpoint.put(meanwhile))
            assert is_unavailable(endpoint.get(statementId=before["id"]))
            assert is_unavailable(endpoint.get(limit=1))
            assert client.get(f"{server.origin}/xapi/about").status_code == 200
            assert client.get(f"{server.origin}/health/live").status_code == 200
            ready = client.get(f"{server.origin}/health/ready")
            assert (ready.status_code, ready.json()["parts"]["database"]["state"]) == (503, "failed")
        finally:
            own_server.start()
        deadline = time.monotonic() + PATIENCE
        while is_unavailable(answer := endpoint.send(meanwhile)):
            assert time.monotonic() < deadline
        assert answer.status_code == 200
        assert endpoint.is_there(before["id"])
        assert set(endpoint.found()) == {before["id"], meanwhile["id"]}
        position = answer.headers["X-LRS-Position"]
        caught_up = client.get(
            f"{server.origin}/api/projections", params={"wait_for": position}, auth=CREDENTIAL, timeout=15
        )
        assert caught_up.json()["position"] >= int(position)
        while client.get(f"{server.origin}/health/ready").status_code != 200:
            assert time.monotonic() < deadline + PATIENCE


def test_a_database_that_restarts_under_load(own_server: PostgresServer) -> None:
    """Every answer is 200 or 503; what got a 200 is there, once."""
    with migrated_database(own_server) as url, serving(url) as server:
        enough = threading.Event()
        sent: list[tuple[Json, int]] = []

        def write() -> None:
            with httpx.Client() as client:
                endpoint = Endpoint(server.origin, client)
                while not enough.is_set():
                    statement = new_statement()
                    sent.append((statement, endpoint.send(statement).status_code))

        writers = [threading.Thread(target=write) for _ in range(3)]
        for writer in writers:
            writer.start()
        time.sleep(0.5)
        own_server.kill()
        own_server.start()
        time.sleep(1.5)
        enough.set()
        for writer in writers:
            writer.join()
        statuses = [status for _, status in sent]
        assert set(statuses) <= {200, 503}
        assert statuses[-1] == 200
        with httpx.Client() as client:
            endpoint = Endpoint(server.origin, client)
            found = endpoint.found(limit=1000)
            position = endpoint.send(new_statement()).headers["X-LRS-Position"]
            endpoint.ask("GET", "/api/projections", params={"wait_for": position})
            standing = endpoint.ask("GET", "/api/projections").json()
        assert standing["position"] >= int(position)
        assert standing["dead_letters"] == {"parked": 0, "waiting": 0, "discarded": 0, "oldest": None}
        assert len(found) == len(set(found))
        assert {one["id"] for one, status in sent if status == 200} <= set(found)
