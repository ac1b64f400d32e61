"""Documents under several clients at once, through two server processes: the database decides."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.acceptance.document_resources import (
    ACTIVITY_PROFILE,
    AGENT_PROFILE,
    STATE,
    Documents,
    as_json,
    documents_of_a_new_owner,
)
from tests.acceptance.endpoint import Endpoint
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.parametrize("database_server", ["embedded"], indirect=True)  # locks are the same on the other
CLIENTS = 8
PATIENCE = 30


TERMINATE_WAITING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'lrs-documents' AND wait_event_type = 'Lock'
"""


@pytest.fixture(scope="module")
def url(database_server: PostgresServer) -> Iterator[str]:
    with migrated_database(database_server) as made:
        yield made


@pytest.fixture(scope="module")
def origins(url: str) -> Iterator[list[str]]:
    """Two servers over one database."""
    with serving(url) as one, serving(url) as other:
        yield [one.origin, other.origin]


def all_at_once(origins: list[str], documents: Documents, work: Callable[[Documents, int], Any]) -> list[Any]:
    """What each client's work answers; they begin together, spread over the servers."""
    barrier = threading.Barrier(CLIENTS)
    answers: list[Any] = [None] * CLIENTS

    def run(number: int) -> None:
        with httpx.Client() as client:
            endpoint = Endpoint(origins[number % len(origins)], client)
            mine = Documents(endpoint, documents.resource, documents.owner, documents.version)
            mine.ids()  # connected, before the race
            barrier.wait(PATIENCE)
            answers[number] = work(mine, number)

    threads = [threading.Thread(target=run, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client() as made:
        yield made


@pytest.mark.parametrize(("resource", "version"), [(STATE, "2.0.0"), (ACTIVITY_PROFILE, "1.0.3")])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_one_of_many_creates(
    origins: list[str], client: httpx.Client, resource: str, version: str, method: str
) -> None:
    documents = documents_of_a_new_owner(Endpoint(origins[0], client), resource, version)

    def create(mine: Documents, number: int) -> list[int]:
        send = mine.put if method == "PUT" else mine.post
        return [send(f"{turn}", as_json({"by": number}), If_None_Match="*") for turn in range(5)]

    answers = all_at_once(origins, documents, create)
    for turn in range(5):
        statuses = [one[turn] for one in answers]
        assert sorted(statuses) == [204] + [412] * (CLIENTS - 1)
        assert documents.get(f"{turn}") == as_json({"by": statuses.index(204)})


def test_one_of_many_creates_without_a_precondition(origins: list[str], client: httpx.Client) -> None:
    """2.0: the others find that it exists."""
    documents = documents_of_a_new_owner(Endpoint(origins[0], client), AGENT_PROFILE, "2.0.0")

    def create(mine: Documents, number: int) -> list[int]:
        return [mine.put(f"{turn}", b"%d" % number) for turn in range(5)]

    answers = all_at_once(origins, documents, create)
    for turn in range(5):
        statuses = [one[turn] for one in answers]
        assert sorted(statuses) == [204] + [409] * (CLIENTS - 1)
        assert documents.get(f"{turn}") == b"%d" % statuses.index(204)


def test_merging_loses_nothing(origins: list[str], client: httpx.Client) -> None:
    documents = documents_of_a_new_owner(Endpoint(origins[0], client), STATE)
    own = [{f"{number}-{turn}": turn for turn in range(5)} for number in range(CLIENTS)]

    def merge(mine: Documents, number: int) -> list[int]:
        return [mine.post("one", as_json({name: value})) for name, value in own[number].items()]

    assert all_at_once(origins, documents, merge) == [[204] * 5] * CLIENTS
    merged = {name: value for one in own for name, value in one.items()}
    assert json.loads(documents.get("one") or b"") == merged


def test_a_counter_under_if_match(origins: list[str], client: httpx.Client) -> None:
    """Everybody adds one, and tries again where another was quicker: every addition counts."""
    documents = documents_of_a_new_owner(Endpoint(origins[0], client), ACTIVITY_PROFILE)
    documents.create("counter", b"0")

    def add(mine: Documents, _: int) -> int:
        for attempt in range(1, 1000):
            seen = mine.ask("GET", "counter")
            status = mine.put("counter", b"%d" % (int(seen.content) + 1), If_Match=seen.headers["ETag"])
            if status == 204:
                return attempt
            assert status == 412
        raise AssertionError("never the quickest")

    attempts = all_at_once(origins, documents, add)
    assert documents.get("counter") == b"%d" % CLIENTS
    assert max(attempts) <= CLIENTS


def test_one_of_many_deletes(origins: list[str], client: httpx.Client) -> None:
    documents = documents_of_a_new_owner(Endpoint(origins[0], client), STATE)
    documents.create("one", b"1")
    statuses = all_at_once(origins, documents, lambda mine, _: mine.delete("one", If_Match="*"))
    assert sorted(statuses) == [204] + [412] * (CLIENTS - 1)
    assert documents.ids() == []


def test_a_connection_that_is_lost_in_the_middle(url: str, origins: list[str], client: httpx.Client) -> None:
    """A change is decided and being written when its connection goes: 503, nothing is changed, the next is taken."""
    documents = documents_of_a_new_owner(Endpoint(origins[0], client), STATE)
    documents.create("one", b"{}")
    statuses: list[int] = []

    def change() -> None:
        with httpx.Client() as own:
            mine = Documents(Endpoint(origins[1], own), documents.resource, documents.owner)
            statuses.append(mine.post("one", b'{"a":1}'))

    other = threading.Thread(target=change)
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE document IN EXCLUSIVE MODE")
        other.start()
        deadline = time.monotonic() + PATIENCE
        while connection.execute(TERMINATE_WAITING).rowcount == 0:
            assert time.monotonic() < deadline
        other.join()
        connection.rollback()
    assert statuses == [503]
    assert documents.get("one") == b"{}"
    change()
    assert statuses == [503, 204]
    assert documents.get("one") == b'{"a":1}'
