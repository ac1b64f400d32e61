"""What clients see of retention: statements are gone, their ids are refused for ever, and all else goes on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from tests.acceptance.endpoint import Endpoint, Json, new_statement, voiding
from tests.acceptance.mixed_bodies import contents_of, store, with_content
from tests.integration.aged_log import age, age_contents
from tests.integration.test_log_commands import run
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

COURSE = "http://example.com/courses/retention"
RARE = "http://example.com/activities/rare"
TYPE = "http://adlnet.gov/expapi/activities/course"


class Store:
    """A server and the database below it."""

    def __init__(self, url: str, endpoint: Endpoint) -> None:
        self.url = url
        self.endpoint = endpoint

    def retention(self, *words: str) -> Any:
        """What the command prints."""
        done = run("retention", "--older-than", "100d", "--json", *words, url=self.url)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def caught_up(self, position: str) -> Json:
        """The rows of every read model, once they have come so far."""
        self.endpoint.ask("GET", "/api/projections", params={"wait_for": position})
        counts: Json = self.endpoint.ask("GET", "/api/projections").json()["counts"]
        return counts


@pytest.fixture
def here(database_server: PostgresServer) -> Iterator[Store]:
    """Nobody else's, for everything in it is dropped; a page is two statements."""
    with migrated_database(database_server) as url, serving(url, LRS_PAGE_SIZE="2") as server, httpx.Client() as client:
        yield Store(url, Endpoint(server.origin, client))


def deed(**changes: Any) -> Json:
    """A statement of a course."""
    course = {"id": COURSE, "definition": {"type": TYPE}}
    return new_statement(context={"contextActivities": {"grouping": [course]}}, **changes)


def test_retention(here: Store) -> None:
    endpoint = here.endpoint
    own, shared = b"its own", b"shared with one that stays"
    gone = [deed(object={"id": RARE}), *(deed() for _ in range(3))]
    with_own, voided, stays = with_content(own, shared), deed(), with_content(shared)
    store(endpoint, [with_own, stays], own, shared)
    by = voiding(voided["id"])
    endpoint.post([*gone, voided])
    endpoint.post(by)
    referring = deed(object={"objectType": "StatementRef", "id": gone[0]["id"]})
    young = [deed() for _ in range(3)]
    answer = endpoint.send([referring, *young])
    counts = here.caught_up(answer.headers["X-LRS-Position"])
    page = endpoint.get(ascending="true").json()
    assert len(endpoint.found(activity=RARE)) == 2  # it, and what refers to it
    old = [*gone, with_own, voided, by]
    age(here.url, [one["id"] for one in old])
    age_contents(here.url)

    would = here.retention("--dry-run")
    assert would["kept_back"] is None
    assert would["statements"] == len(old)
    assert would["contents"] == {"count": 1, "bytes": len(own)}
    assert endpoint.is_there(gone[0]["id"])
    did = here.retention("--yes")
    assert [did[name] for name in ("parts", "statements", "bytes")] == [
        would[name] for name in ("parts", "statements", "bytes")
    ]
    assert (did["swept"]["contents"], did["swept"]["bytes"]) == (1, len(own))
    assert here.retention("--dry-run")["statements"] == 0

    for one in old:
        assert endpoint.get(voidedStatementId=one["id"]).status_code == 404
        assert not endpoint.is_there(one["id"])
    assert endpoint.send([*gone, voided, by]).headers["X-LRS-Stored"] == "0"
    assert endpoint.put(gone[0]).status_code == 204
    assert not endpoint.is_there(gone[0]["id"])
    assert endpoint.send({**gone[1], "verb": {"id": "http://example.com/other"}}).status_code == 409

    left = [stays, referring, *young]
    assert sorted(endpoint.found()) == sorted(one["id"] for one in left)
    assert sorted(endpoint.found(activity=COURSE, related_activities="true")) == sorted(
        one["id"] for one in [referring, *young]
    )
    assert endpoint.found(activity=RARE) == []
    assert endpoint.found(until=datetime.now(UTC).isoformat(), limit=3)
    following = endpoint.ask("GET", page["more"])
    assert following.status_code == 200
    assert contents_of(endpoint.get(statementId=stays["id"], attachments="true")) == [shared]
    with psycopg.connect(here.url) as connection:
        kept = connection.execute("SELECT count(*) FROM attachment").fetchone()
        events = connection.execute("SELECT payload FROM control_event WHERE kind = 'retention'").fetchall()
    assert kept == (1,)
    assert sum(payload["statements"] for (payload,) in events) == len(old)

    after = here.caught_up(endpoint.send(deed()).headers["X-LRS-Position"])
    assert after["fact"] == counts["fact"] + 1
    assert after["enrollment"] == counts["enrollment"]
    taken = here.caught_up(endpoint.send(voiding(gone[2]["id"])).headers["X-LRS-Position"])
    assert taken["fact"] == after["fact"] - 1
    newly = with_content(own)
    store(endpoint, newly, own)
    assert contents_of(endpoint.get(statementId=newly["id"], attachments="true")) == [own]
