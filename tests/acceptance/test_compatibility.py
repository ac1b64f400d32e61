"""A credential with compatibility: well-known invalid statements are repaired, which is told, and what came is kept."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.acceptance.endpoint import Json, new_statement
from tests.acceptance.tenants import Caller
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.one_database("embedded")

REPAIRED = "X-LRS-Repaired"
PROMPT_SECONDS = 1.0
"""How soon a switch is heeded."""


@dataclass(frozen=True)
class Site:
    """A server, its administrator, and a client that is known to err."""

    url: str
    boss: Caller
    key: str
    client: Caller

    def kept(self, identity: str) -> list[tuple[Any, ...]]:
        """What came instead of a statement that is stored: rules, text."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(
                "SELECT r.rules, r.original::text FROM statement_repair r"
                " JOIN statement_id s USING (tenant, id, digest) WHERE r.tenant = 1 AND r.id = %s",
                [UUID(identity)],
            ).fetchall()

    def read(self, identity: str) -> Json:
        """A statement as it is stored."""
        answer = self.boss.get(statementId=identity)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


@pytest.fixture(scope="module")
def site(database_server: PostgresServer) -> Iterator[Site]:
    with ExitStack() as stack:
        url = stack.enter_context(migrated_database(database_server))
        origin = stack.enter_context(serving(url)).origin
        http = stack.enter_context(httpx.Client())
        boss = Caller(origin, http, CREDENTIAL)
        made = boss.ask("POST", "/api/credentials", json={"name": "Open edX", "compatibility": True}).json()
        assert made["compatibility"] is True
        yield Site(url, boss, made["key"], Caller(origin, http, (made["key"], made["secret"])))


def of_h5p(**changes: Any) -> Json:
    """A statement of a user whose site has no address."""
    return new_statement(actor={"objectType": "Agent", "account": {"name": "7"}}, **changes)


def of_open_edx(**changes: Any) -> Json:
    """A problem with several questions, in a course known by a number."""
    return new_statement(
        object={"id": "http://example.com/problem", "objectType": "GroupActivity"},
        context={"contextActivities": {"grouping": [{"id": "438AD672-DE2C-4F0B-8876-35444E7DD746"}]}},
        **changes,
    )


def test_strict_unless_it_is_switched_on(site: Site) -> None:
    for statement, path in ((of_h5p(), "actor.account.homePage"), (of_open_edx(), "object.objectType")):
        answer = site.boss.ask("POST", "/xapi/statements", json=statement)
        assert answer.status_code == 400
        assert path in [one["path"] for one in answer.json()["violations"]]
        assert REPAIRED not in answer.headers
        assert site.boss.get(statementId=statement["id"]).status_code == 404


def test_repaired_told_and_kept(site: Site) -> None:
    first, second, third, good = of_h5p(), of_open_edx(), of_h5p(), new_statement(result={"score": {"raw": 1}})
    answer = site.client.ask("POST", "/xapi/statements", json=[first, good, second, third])
    assert answer.status_code == 200, answer.text
    assert answer.json() == [one["id"] for one in (first, good, second, third)]
    assert answer.headers[REPAIRED] == "3; group-activity=1, activity-uuid=1, account-home-page=2"
    assert answer.headers["X-LRS-Stored"] == "4"

    account = site.read(first["id"])["actor"]["account"]
    assert account == {"name": "7", "homePage": f"https://live-lrs.invalid/accounts-of/{site.key}"}
    found = site.read(second["id"])
    assert found["object"] == {"id": "http://example.com/problem", "objectType": "Activity"}
    urn = "urn:uuid:438ad672-de2c-4f0b-8876-35444e7dd746"
    assert found["context"] == {"contextActivities": {"grouping": [{"id": urn}]}}
    assert urn in str(site.boss.get(activity=urn, related_activities="true").json())

    sent = httpx.Request("POST", "http://x", json=[second]).content[1:-1].decode()
    assert site.kept(second["id"]) == [(["group-activity", "activity-uuid"], sent)]
    assert site.kept(good["id"]) == []

    again = site.client.ask("POST", "/xapi/statements", json=second)
    assert (again.status_code, again.headers["X-LRS-Stored"]) == (200, "0")
    assert again.headers[REPAIRED] == "1; group-activity=1, activity-uuid=1"


def test_put_multipart_and_results(site: Site) -> None:
    put = of_open_edx()
    answer = site.client.ask("PUT", "/xapi/statements", json=put, params={"statementId": put["id"]})
    assert (answer.status_code, answer.headers[REPAIRED][0]) == (204, "1")
    assert len(site.kept(put["id"])) == 1

    mixed = of_h5p()
    text = httpx.Request("POST", "http://x", json=mixed).content
    body = b"--x\r\nContent-Type: application/json\r\n\r\n" + text + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/mixed; boundary=x", "X-Experience-API-Version": "2.0.0"}
    answer = site.client.ask("POST", "/xapi/statements", content=body, headers=headers)
    assert (answer.status_code, answer.headers[REPAIRED]) == (200, "1; account-home-page=1"), answer.text

    batch = [of_h5p(verb={"id": "did"}), of_h5p(), new_statement()]
    answer = site.client.ask("POST", "/xapi/statements", json=batch, headers={"X-LRS-Results": "true"})
    assert (answer.status_code, answer.headers[REPAIRED]) == (207, "1; account-home-page=1")
    assert [one.get("repaired") for one in answer.json()["results"]] == [None, ["account-home-page"], None]
    paths = {one["path"] for one in answer.json()["results"][0]["violations"]}
    assert paths == {"actor.account.homePage", "verb.id"}
    assert len(site.kept(batch[1]["id"])) == 1


def test_what_stays_invalid_is_refused_for_what_came(site: Site) -> None:
    good, bad = of_h5p(), of_open_edx(verb={"id": "did"})
    answer = site.client.ask("POST", "/xapi/statements", json=[good, bad])
    assert answer.status_code == 400
    paths = {one["path"] for one in answer.json()["violations"]}
    assert {"[0].actor.account.homePage", "[1].object.objectType", "[1].verb.id"} <= paths
    assert REPAIRED not in answer.headers
    assert site.boss.get(statementId=good["id"]).status_code == 404


def test_what_was_repaired_but_is_another_statement_is_not_taken_for_its_original(site: Site) -> None:
    there = new_statement()
    site.boss.post([there])
    answer = site.client.ask("POST", "/xapi/statements", json=of_h5p(id=there["id"]))
    assert answer.status_code == 409
    assert site.kept(there["id"]) == []


def test_switched(site: Site) -> None:
    path = f"/api/credentials/{site.key}/compatibility"

    def status_becomes(status: int) -> None:
        until = time.monotonic() + PROMPT_SECONDS
        while site.client.ask("POST", "/xapi/statements", json=of_h5p()).status_code != status:
            assert time.monotonic() < until
            time.sleep(0.02)

    answer = site.boss.ask("POST", path, json={"on": False})
    assert (answer.status_code, answer.json()["compatibility"]) == (200, False)
    status_becomes(400)
    assert site.boss.ask("POST", path, json={"on": True}).json()["compatibility"] is True
    status_becomes(200)
    listed = {one["key"]: one for one in site.boss.ask("GET", "/api/credentials").json()["credentials"]}
    assert listed[site.key]["compatibility"] is True
    assert listed[CREDENTIAL[0]]["compatibility"] is False
    for body in (None, {}, {"on": 1}, {"on": "true"}, {"off": True}):
        answer = site.boss.ask("POST", path, json=body)
        assert answer.status_code == 400, answer.text
    answer = site.boss.ask("POST", path)
    assert (answer.status_code, answer.json()["violations"][0]["path"]) == (400, "on")
    assert site.boss.ask("POST", "/api/credentials/nobody/compatibility", json={"on": True}).status_code == 404
