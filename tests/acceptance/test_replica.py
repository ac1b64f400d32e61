"""Reads from a real streaming replica: its lag is told, nothing is missed, and either of the two may be away."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import httpx
import psycopg
import pytest

from lrs.api.read_after import READ_AFTER
from tests.acceptance.course_statements import learners, posted
from tests.acceptance.endpoint import THROUGH, Endpoint, new_statement
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.missing import or_go_without
from tests.services.postgres import PostgresServer
from tests.services.replica import catch_up, on_replica, replica_of, standing_still

PATIENCE = 30.0


class Pair:
    """A server that reads from a replica; `url` is the primary's."""

    def __init__(self, endpoint: Endpoint, url: str, primary: PostgresServer, replica: PostgresServer) -> None:
        self.endpoint = endpoint
        self.url = url
        self.primary = primary
        self.replica = replica

    def posted(self, learner: str) -> tuple[str, dict[str, str]]:
        """As of course_statements."""
        return posted(self.endpoint, learner)

    def stored(self, statement: str) -> datetime:
        """When it was stored."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SELECT stored FROM statement WHERE id = %s", [statement]).fetchone()
        assert row is not None
        moment: datetime = row[0]
        return moment


@pytest.fixture(scope="module")
def pair(timescale_server: PostgresServer) -> Iterator[Pair]:
    with (
        or_go_without(),
        migrated_database(timescale_server) as url,
        replica_of(timescale_server) as replica,
        serving(url, LRS_READ_DATABASE_URL=on_replica(replica, url), LRS_READ_AFTER_SECONDS="2") as server,
        httpx.Client() as client,
    ):
        yield Pair(Endpoint(server.origin, client), url, timescale_server, replica)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def through(answer: httpx.Response) -> datetime:
    return datetime.fromisoformat(answer.headers[THROUGH])


def test_the_lag_is_told_and_the_primary_is_read_where_it_matters(pair: Pair) -> None:
    endpoint = pair.endpoint
    early, _ = pair.posted("early")
    until(lambda: through(endpoint.get(limit=1)) > pair.stored(early))
    assert endpoint.is_there(early)
    until(lambda: learners(endpoint) == {"early"})
    with standing_still(pair.replica):
        late, after = pair.posted("late")
        for params in ({}, {"ascending": "true"}, {"statementId": late}):
            lagging = endpoint.get(**params)
            assert "late@" not in lagging.text
            assert pair.stored(early) < through(lagging) <= pair.stored(late)
            answer = endpoint.ask("GET", params=params, headers=after)
            assert answer.status_code == 200
            assert late in answer.text
        assert learners(endpoint, headers=after) == {"early", "late"}
        assert learners(endpoint) == {"early"}
        assert late not in endpoint.get().text
    until(lambda: through(endpoint.get(limit=1)) > pair.stored(late))
    assert late in endpoint.get().text
    until(lambda: learners(endpoint) == {"early", "late"})


def test_who_pages_in_ascending_order_misses_nothing(pair: Pair) -> None:
    """While others write, and the replica stands still and catches up by turns."""
    written: list[str] = []
    done = threading.Event()

    def write() -> None:
        with httpx.Client() as client:
            endpoint = pair.endpoint.through(client)
            for _ in range(120):
                written.extend(endpoint.post([new_statement(), new_statement()]))
        done.set()

    since = pair.endpoint.get(limit=1).json()["statements"][0]["stored"]
    writing = threading.Thread(target=write)
    writing.start()
    seen: list[str] = []
    is_over = False
    while not is_over or len(seen) < len(written):
        is_over = done.is_set()
        if is_over:
            catch_up(pair.url, pair.replica)
        with standing_still(pair.replica):
            for _ in range(3):
                page = pair.endpoint.get(ascending="true", since=since, limit=7).json()["statements"]
                seen += [one["id"] for one in page]
                since = page[-1]["stored"] if page else since
        for _ in range(3):
            page = pair.endpoint.get(ascending="true", since=since, limit=20).json()["statements"]
            seen += [one["id"] for one in page]
            since = page[-1]["stored"] if page else since
    writing.join()
    assert sorted(seen) == sorted(written)


def test_the_primary_stands_in_for_the_replica(pair: Pair) -> None:
    endpoint = pair.endpoint
    pair.replica.kill()
    try:
        alone, after = pair.posted("alone")
        assert endpoint.is_there(alone)
        assert alone in endpoint.found(ascending="true")
        assert "alone" in learners(endpoint, headers=after)
    finally:
        pair.replica.start()
    catch_up(pair.url, pair.replica)
    with standing_still(pair.replica):
        until(lambda: pair.posted("unseen")[0] not in endpoint.get().text)  # it is read again


def test_the_replica_goes_on_without_its_primary(pair: Pair) -> None:
    endpoint = pair.endpoint
    known, after = pair.posted("known")
    until(lambda: through(endpoint.get(limit=1)) > pair.stored(known))
    until(lambda: "known" in learners(endpoint))
    pair.primary.kill()
    try:
        standing = {through(endpoint.get(limit=1)) for _ in range(5)}
        assert len(standing) == 1
        assert endpoint.is_there(known)
        assert known in endpoint.ask("GET", headers=after).text
        assert "known" in learners(endpoint)
        assert endpoint.ask("GET", headers={READ_AFTER: str(int(after[READ_AFTER]) + 1)}).status_code == 503
    finally:
        pair.primary.start()
    until(lambda: endpoint.send(new_statement()).status_code == 200)
