"""X-LRS-Read-After: what a GET names it sees, or it is refused; without a replica too."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from lrs.api.read_after import READ_AFTER
from tests.acceptance.course_statements import learners, posted
from tests.acceptance.endpoint import Endpoint
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.one_database("embedded")

HOLD = "BEGIN; SELECT FROM projection_checkpoint FOR UPDATE"


@pytest.fixture(scope="module")
def served(database_server: PostgresServer) -> Iterator[tuple[Endpoint, str]]:
    """An endpoint that does not wait long, and its database."""
    with (
        migrated_database(database_server) as url,
        serving(url, LRS_READ_AFTER_SECONDS="0.5") as server,
        httpx.Client() as client,
    ):
        yield Endpoint(server.origin, client), url


def test_what_was_written_is_read(served: tuple[Endpoint, str]) -> None:
    endpoint, _ = served
    for number in range(5):
        statement, after = posted(endpoint, f"ann{number}")
        for params in ({}, {"ascending": "true"}, {"statementId": statement}):
            answer = endpoint.ask("GET", params=params, headers=after)
            assert answer.status_code == 200
            assert statement in answer.text
        assert f"ann{number}" in learners(endpoint, headers=after)


@pytest.mark.parametrize("value", ["", "-1", "+1", "1.5", "now", "1 2", "0x10", str(2**63), "9" * 400, "\u00b2"])
@pytest.mark.parametrize("path", ["/xapi/statements", "/api/courses"])
def test_what_is_no_position(served: tuple[Endpoint, str], path: str, value: str) -> None:
    endpoint, _ = served
    answer = endpoint.ask("GET", path, headers={READ_AFTER: value.encode("latin-1")})  # type: ignore[dict-item]
    assert answer.status_code == 400
    assert [one["path"] for one in answer.json()["violations"]] == [READ_AFTER]


@pytest.mark.parametrize("path", ["/xapi/statements", "/api/courses"])
def test_a_position_that_was_never_given(served: tuple[Endpoint, str], path: str) -> None:
    endpoint, _ = served
    answer = endpoint.ask("GET", path, headers={READ_AFTER: str(2**63 - 1)})
    assert answer.status_code == 400
    assert answer.json()["violations"][0]["rule"] == "must be a position that this log has given"
    assert endpoint.ask("HEAD", path, headers={READ_AFTER: str(2**63 - 1)}).status_code == 400
    assert endpoint.ask("GET", path, headers={READ_AFTER: str(2**63 - 1)}, auth=None).status_code == 401


def test_read_models_that_do_not_come_so_far(served: tuple[Endpoint, str]) -> None:
    """The log is there to be read meanwhile, but not in ascending order: that ends where the log is surely whole."""
    endpoint, url = served
    _, first = posted(endpoint, "before")
    assert endpoint.ask("GET", "/api/courses", headers=first).status_code == 200
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(HOLD)
        statement, after = posted(endpoint, "late")
        answer = endpoint.ask("GET", "/api/courses", headers=after)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert endpoint.ask("GET", params={"statementId": statement}).status_code == 200
        assert endpoint.ask("GET", "/api/courses", headers=first).status_code == 200
        database.execute("ROLLBACK")
    while endpoint.ask("GET", "/api/courses", headers=after).status_code == 503:
        pass
    assert "late" in learners(endpoint, headers=after)
