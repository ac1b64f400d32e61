"""Behind PgBouncer in transaction mode everything works as without it: nothing is left in a session."""

import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from lrs.migrate import migrate
from streams.processor import LOCK
from tests.acceptance.course_statements import COURSE, completed
from tests.acceptance.endpoint import Endpoint, new_statement, voiding
from tests.services.databases import fresh_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.missing import or_go_without
from tests.services.pgbouncer import STATEMENT_TIMEOUT, pooled
from tests.services.postgres import PostgresServer

OFTEN = 8
"""Times that something is asked for: the driver would prepare it after the fifth, on each connection."""
PATIENCE = 30.0


@pytest.fixture(scope="module")
def urls(embedded_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A database that was migrated through PgBouncer: through it, and directly."""
    folder = tmp_path_factory.mktemp("pgbouncer")
    with fresh_database(embedded_server) as direct, or_go_without(), pooled(embedded_server, direct, folder) as through:
        migrate(through)
        migrate(through)
        yield through, direct


def test_the_whole_way(urls: tuple[str, str]) -> None:
    through, _ = urls
    with serving(through, LRS_WORKERS="2", LRS_PAGE_SIZE="5") as server, httpx.Client() as client:
        endpoint = Endpoint(server.origin, client)
        batches = [[completed(f"learner{number}", lesson) for lesson in (1, 2)] for number in range(OFTEN)]
        ids = [id for batch in batches for id in endpoint.post(batch)]
        gone, seen = new_statement(), new_statement()
        for one in (gone, seen, voiding(gone["id"])):
            ids += endpoint.post(one)
        ids.remove(gone["id"])
        for _ in range(OFTEN):
            assert endpoint.is_there(seen["id"])
            assert not endpoint.is_there(gone["id"])
            assert endpoint.found() == ids[::-1]
            assert endpoint.found(ascending="true") == ids
            assert len(endpoint.found(activity=COURSE, related_activities="true")) == 2 * OFTEN
        state = {"activityId": COURSE, "agent": '{"mbox":"mailto:ann@example.com"}', "stateId": "bookmark"}
        for number in range(OFTEN):
            put = endpoint.ask("PUT", "/xapi/activities/state", params=state, content=str(number).encode())
            assert put.status_code == 204
            assert endpoint.ask("GET", "/xapi/activities/state", params=state).text == str(number)
        made = endpoint.send({"scopes": ["statements/read"]}, path="/api/credentials", version=None)
        assert made.status_code == 201
        assert endpoint.ask("GET", auth=(made.json()["key"], made.json()["secret"])).status_code == 200
        after = {"X-LRS-Read-After": endpoint.send(completed("last")).headers["X-LRS-Position"]}
        (course,) = endpoint.ask("GET", "/api/courses", headers=after).json()["courses"]
        assert course["enrolled"] == OFTEN + 1
        with client.stream("GET", f"{server.origin}/api/courses/{course['id']}/live", auth=CREDENTIAL) as stream:
            lines = stream.iter_lines()
            endpoint.post(completed("live"))
            assert any(line == "event: change" for line in lines)
        counted = endpoint.ask("GET", "/api/analytics/activity", params={"from": "2020-01-01", "to": "2100-01-01"})
        assert counted.status_code == 200


def test_one_processor_is_at_work_and_another_takes_over(urls: tuple[str, str]) -> None:
    through, direct = urls
    turns = (
        f"SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
        f" WHERE locktype = 'advisory' AND granted AND objid = {LOCK}"
    )
    with serving(through) as first, serving(through) as second, httpx.Client() as client:
        with psycopg.connect(direct, autocommit=True) as database:
            assert database.execute(turns.encode()).fetchone() == (1,)
        for server in (first, second):
            endpoint = Endpoint(server.origin, client)
            until = time.monotonic() + PATIENCE
            position = endpoint.send(new_statement()).headers["X-LRS-Position"]
            while endpoint.ask("GET", "/api/courses", headers={"X-LRS-Read-After": position}).status_code == 503:
                assert time.monotonic() < until
            first.kill()


def test_what_is_set_where_the_pooler_connects_is_in_force(urls: tuple[str, str]) -> None:
    """Ours cannot be: docs/scaling.md says where to set it."""
    through, _ = urls
    with psycopg.connect(through, autocommit=True, prepare_threshold=None) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == (STATEMENT_TIMEOUT,)
