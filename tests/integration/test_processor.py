"""The processor goes on: after statements from far out, a database that was away or read only, and another
server's end.
"""

import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.services.lrs_server import CREDENTIAL, LrsServer, serving

pytestmark = pytest.mark.one_database("timescaledb")

HEADERS = {"X-Experience-API-Version": "1.0.3"}
SESSION = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
COURSE = {"id": "http://course.example/", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}


def statement(**parts: Any) -> dict[str, Any]:
    """Somebody passes a lesson."""
    context = {"contextActivities": {"parent": COURSE}} | parts.pop("context", {})
    return {
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
        "object": {"id": "http://course.example/lesson"},
        "context": context,
        **parts,
    }


def post(server: LrsServer, **parts: Any) -> httpx.Response:
    """One statement; a database that was away is asked again."""
    for _ in range(100):
        answer = httpx.post(
            f"{server.origin}/xapi/statements", json=statement(**parts), auth=CREDENTIAL, headers=HEADERS, timeout=30
        )
        if answer.status_code != 503:
            return answer
        time.sleep(0.1)
    return answer


def reached(server: LrsServer, answer: httpx.Response) -> bool:
    """Whether the read models come to have what was posted."""
    position = int(answer.headers["X-LRS-Position"])

    def there() -> bool:
        found = httpx.get(
            f"{server.origin}/api/projections", params={"wait_for": position}, auth=CREDENTIAL, timeout=30
        )
        return found.status_code == 200 and found.json()["position"] >= position

    return within(40, there)


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_the_ends_of_the_calendar_in_any_zone_of_the_database(database_url: str, zone: str) -> None:
    name = database_url.split("?", maxsplit=1)[0].rpartition("/")[2]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE \"{name}\" SET timezone = '{zone}'".encode())
    with serving(database_url) as server:
        for when in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
            assert reached(server, post(server, timestamp=when))
        found = httpx.get(
            f"{server.origin}/xapi/statements",
            params={"activity": "http://course.example/lesson"},
            auth=CREDENTIAL,
            headers=HEADERS,
        )
        assert len(found.json()["statements"]) == 2


def test_keys_that_no_index_would_take(database_url: str) -> None:
    with serving(database_url) as server:
        long = "".join(f"{number:x}" for number in range(5000))
        assert reached(server, post(server, context={"extensions": {SESSION: long}}))
        assert reached(server, post(server, context={"contextActivities": {"parent": {"id": f"http://c/{long}"}}}))
        assert reached(server, post(server, object={"id": f"http://course.example/{long}"}))


@pytest.mark.one_database("timescaledb")
def test_a_database_that_was_read_only_and_whose_connections_broke(database_url: str) -> None:
    name = database_url.split("?", maxsplit=1)[0].rpartition("/")[2]
    with serving(database_url) as server, psycopg.connect(database_url, autocommit=True) as connection:
        assert reached(server, post(server))
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        _break(connection)
        time.sleep(2)
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = off'.encode())
        _break(connection)
        assert reached(server, post(server))


def test_another_server_stands_by_and_takes_over(database_url: str) -> None:
    with serving(database_url) as first, serving(database_url) as second:
        assert reached(second, post(first))
        assert reached(first, post(second))
        first.kill()
        assert reached(second, post(second))


def _break(connection: psycopg.Connection) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'lrs-%'"
    )
