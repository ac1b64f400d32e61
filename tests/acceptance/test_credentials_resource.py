"""/api/credentials: made, listed, rotated, disabled; a secret is shown once, and what is disabled stops at once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import httpx
import psycopg
import pytest

from schemas.scope import Scope
from tests.acceptance.endpoint import Json
from tests.acceptance.tenants import Caller, credential
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

PATH = "/api/credentials"
SHOWN = {"key", "name", "scopes", "created", "rotated", "previous_until", "disabled", "compatibility"}
PROMPT_SECONDS = 1.0
"""How soon a change of a credential is heeded everywhere."""


class Office(NamedTuple):
    """An administrator, and a second server over the same database."""

    url: str
    boss: Caller
    elsewhere: str

    def make(self, **wanted: object) -> Json:
        """A new credential."""
        answer = self.boss.ask("POST", PATH, json=wanted)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        assert set(made) == SHOWN | {"secret"}
        return made

    def status(self, key: str, secret: str, *, elsewhere: bool = False) -> int:
        """Of a request that any reader may make."""
        origin = self.elsewhere if elsewhere else self.boss.origin
        return Caller(origin, self.boss.client, (key, secret)).get().status_code

    def stops(self, key: str, secret: str) -> None:
        """Wait until it is in force nowhere, no longer than a change may take."""
        until = time.monotonic() + PROMPT_SECONDS
        codes = {200}
        while codes != {401} and time.monotonic() < until:
            time.sleep(0.02)
            codes = {self.status(key, secret), self.status(key, secret, elsewhere=True)}
        assert self.status(key, secret) == self.status(key, secret, elsewhere=True) == 401


@pytest.fixture(scope="module")
def office(embedded_server: PostgresServer) -> Iterator[Office]:
    with ExitStack() as stack:
        url = stack.enter_context(migrated_database(embedded_server))
        first, second = (stack.enter_context(serving(url)).origin for _ in range(2))
        client = stack.enter_context(httpx.Client())
        yield Office(url, Caller(first, client, CREDENTIAL), second)


def test_made_used_and_listed_without_its_secret(office: Office) -> None:
    made = office.make(name="Moodle", scopes=["all/read", "state"])
    assert (made["name"], made["scopes"], made["disabled"]) == ("Moodle", ["state", "all/read"], None)
    assert len(made["secret"]) >= 43  # 256 bits in base64
    assert office.status(made["key"], made["secret"]) == 200
    assert office.status(made["key"], made["secret"] + "x") == 401
    answer = office.boss.ask("GET", PATH)
    assert answer.headers["Cache-Control"] == "no-store"
    listed = {one["key"]: one for one in answer.json()["credentials"]}
    secret = made.pop("secret")
    assert listed[made["key"]] == made
    with psycopg.connect(office.url) as connection:
        rows = connection.execute("SELECT c::text FROM credential c").fetchall()
    hashes = [text for (row,) in rows for text in row.split(",") if "\\x" in text]
    assert len(hashes) >= 2
    for hidden in (secret, CREDENTIAL[1], *(text.strip('"\\x') for text in hashes)):
        assert hidden not in answer.text
    assert secret not in str(rows)


def test_who_names_no_scopes_may_write_and_read_that_again(office: Office) -> None:
    assert office.make()["scopes"] == ["statements/write", "statements/read/mine"]
    answer = office.boss.ask("POST", PATH)
    assert (answer.status_code, answer.json()["name"]) == (201, None)


def test_a_disabled_credential_stops_in_every_process(office: Office) -> None:
    made = office.make()
    key, secret = made["key"], made["secret"]
    for elsewhere in (False, True):
        assert office.status(key, secret, elsewhere=elsewhere) == 200
    answer = office.boss.ask("POST", f"{PATH}/{key}/disable")
    assert answer.status_code == 200
    assert answer.json()["disabled"] is not None
    office.stops(key, secret)
    assert office.boss.ask("POST", f"{PATH}/{key}/disable").json() == answer.json()
    assert office.boss.ask("POST", f"{PATH}/{key}/rotate").status_code == 409


def test_rotated(office: Office) -> None:
    made = office.make()
    answer = office.boss.ask("POST", f"{PATH}/{made['key']}/rotate")
    assert answer.status_code == 200
    other = answer.json()
    assert (other["key"], other["previous_until"]) == (made["key"], None)
    office.stops(made["key"], made["secret"])
    assert office.status(made["key"], other["secret"]) == 200


def test_rotated_with_a_time_to_tell_the_clients(office: Office) -> None:
    made = office.make()
    other = office.boss.ask("POST", f"{PATH}/{made['key']}/rotate", json={"keep_for": 3600}).json()
    assert other["previous_until"] > other["rotated"]
    third = office.boss.ask("POST", f"{PATH}/{made['key']}/rotate", json={"keep_for": 0.3}).json()
    office.stops(made["key"], made["secret"])
    assert office.status(made["key"], third["secret"]) == 200
    office.stops(made["key"], other["secret"])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": "all"}, "scopes"),
        ({"name": 7}, "name"),
        ({"compatibility": 1}, "compatibility"),
        ({"compatibility": None}, "compatibility"),
        ({"name": ""}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"key": "mine"}, "key"),
        ({"secret": "guess"}, "secret"),
        ([], ""),
        (b"{", ""),
        (b"\xff", ""),
        (b'{"name":"\\ud800"}', ""),
        (b"[" * 5000, ""),
    ],
)
def test_what_is_not_made(office: Office, body: object, path: str) -> None:
    before = office.boss.ask("GET", PATH).text
    headers = {"Content-Type": "application/json"}
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = office.boss.ask("POST", PATH, headers=headers, **sent)
    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [one["path"].startswith(path) for one in answer.json()["violations"]] == [True]
    assert office.boss.ask("GET", PATH).text == before


@pytest.mark.parametrize("body", [{"keep_for": -1}, {"keep_for": "5"}, {"keep_for": True}, {"keep_for": 1e9}, {"x": 1}])
def test_what_is_not_rotated(office: Office, body: Json) -> None:
    made = office.make()
    assert office.boss.ask("POST", f"{PATH}/{made['key']}/rotate", json=body).status_code == 400
    assert office.status(made["key"], made["secret"]) == 200


def test_bodies_that_are_none_of_ours(office: Office) -> None:
    large = office.boss.ask("POST", PATH, content=b" " * 20_000, headers={"Content-Type": "application/json"})
    assert large.status_code == 413
    assert office.boss.ask("POST", PATH, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 400


@pytest.mark.parametrize("key", ["nobody", "a%00b", "%ff", "x" * 1001, "..%2f..", "'; DROP TABLE credential; --"])
@pytest.mark.parametrize("change", ["rotate", "disable"])
def test_keys_that_there_are_not(office: Office, key: str, change: str) -> None:
    answer = office.boss.ask("POST", f"{PATH}/{key}/{change}")
    assert answer.status_code == (404 if key in ("nobody", "..%2f..") or "DROP" in key else 400)


def test_a_page_of_another_site_cannot_use_the_browser_of_an_administrator(office: Office) -> None:
    made = office.make()
    host = office.boss.origin.removeprefix("http://")
    for origin, status in (("https://evil.example", 403), ("null", 403), ("http://[", 403), (f"http://{host}", 200)):
        answer = office.boss.ask("POST", f"{PATH}/{made['key']}/disable", headers={"Origin": origin})
        assert answer.status_code == status, origin


def test_only_all_may_administer(office: Office) -> None:
    reader = Caller(office.boss.origin, office.boss.client, credential(office.url, *(set(Scope) - {Scope.ALL})))
    for method, path in (("GET", PATH), ("POST", PATH), ("POST", f"{PATH}/{CREDENTIAL[0]}/disable")):
        answer = reader.ask(method, path)
        assert answer.status_code == 403
        assert "scope all" in answer.json()["detail"]
    assert office.boss.get().status_code == 200
