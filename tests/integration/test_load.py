"""A load leaves what appending the same statements would have left, in every table; and takes nothing out of order."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import psycopg
import pytest

from lrs.database import write_pool
from lrs.statement_log import load_transaction
from lrs.statement_log.load_rows import Chunk, Text
from lrs.statement_log.loading import KEPT_REFUSALS, LoadReport, load
from lrs.statement_log.recorded import RecordedStatement, instant
from schemas.version import XapiVersion
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.endpoint import new_statement, voiding
from tests.bench.statements import bodies
from tests.integration.test_command_line import lrs
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

pytestmark = [pytest.mark.anyio, pytest.mark.one_database("timescaledb")]

BEGIN = datetime(2021, 1, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AGENT = {"objectType": "Agent", "account": {"homePage": "https://other.example", "name": "lms"}}
TABLES = {
    "statement": 'position, stored, id, "timestamp", authority, payload::text,'
    " (SELECT array_agg(k ORDER BY k) FROM unnest(keys) AS k)",
    "statement_id": "*",
    "statement_void": "*",
    "statement_reference": "referrer, target, stored, position, authority,"
    " (SELECT array_agg(k ORDER BY k) FROM unnest(keys) AS k)",
    "reference_unsettled": "*",
    "activity_definition": "key, activity, definition::text",
    "fact": "*",
    "node_progress": "*",
    "attempt": "*",
    "enrollment": "*",
    "gradebook": "*",
    "media_coverage": "*",
    "activity_daily": "*",
    "outline_node": "*",
    "person": "*",
    "iri": "*",
}


def exported(url: str) -> list[bytes]:
    """Every statement of a log as another server gets it, in the order in which they were stored."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            'SELECT position, id, stored, "timestamp", payload::text, agent FROM statement'
            " JOIN authority USING (authority) ORDER BY position"
        )
        return [RecordedStatement(*row).document().encode() for row in rows]


def tables(url: str) -> dict[str, list[Any]]:
    """What the log and the read models hold, as texts."""
    with psycopg.connect(url) as connection:
        return {
            name: sorted(str(row) for row in connection.execute(f"SELECT {columns} FROM {name}"))
            for name, columns in TABLES.items()
        }


def chunks(texts: Iterable[bytes], size: int = 1000) -> list[Chunk]:
    """Texts as `load` takes them; the place of each is its number."""
    read = [Text(text, XapiVersion.V1_0_3) for text in texts]
    places = [str(number) for number in range(len(read))]
    return [Chunk(read[begin : begin + size], places[begin : begin + size]) for begin in range(0, len(read), size)]


def history(count: int, begin: datetime = BEGIN, step: timedelta = DAY) -> list[dict[str, Any]]:
    """Statements that were stored elsewhere, at one time each."""
    return [
        new_statement(stored=instant(begin + number * step), timestamp=instant(begin), authority=AGENT)
        for number in range(count)
    ]


def texts_of(statements: Iterable[dict[str, Any]]) -> list[bytes]:
    return [msgspec.json.encode(one) for one in statements]


async def loaded(url: str, statements: Iterable[dict[str, Any]], **options: Any) -> LoadReport:
    return await load(url, chunks(texts_of(statements)), tenant=TENANT, **options)


async def test_a_load_leaves_what_appending_leaves(database_server: PostgresServer) -> None:
    target, voided = new_statement(), new_statement()
    referring = new_statement(object={"objectType": "StatementRef", "id": target["id"]})
    again = new_statement(object={"objectType": "StatementRef", "id": referring["id"]})
    said = [
        new_statement(object={"id": "http://example.com/said", "definition": {"name": {"en": name}}})
        for name in ("first", "second", "first")
    ]
    signs = new_statement(timestamp="2021-01-01T00:00:00.123456789+01:00", result={"score": {"raw": 1.0}})
    del signs["id"]
    some = [again, referring, *said, voided, voiding(voided["id"]), target, signs]
    some = [{"timestamp": "2021-01-01T00:00:00Z", **one} for one in some]  # else the other server gives them one
    with migrated_database(database_server) as one, migrated_database(database_server) as other:
        async with CourseLog.open(one) as log:
            await log.append([msgspec.json.decode(body) for body in bodies(150)])
            for statement in some:
                await log.append([statement])
            await log.project()
            assert log.differences() == []
            appended = tables(one)
        report = await load(other, chunks(exported(one), 70), tenant=TENANT)
        assert (report.stored, report.refused) == (159, 0)
        async with CourseLog.open(other) as log:
            await log.project()
            assert log.differences() == []
        assert tables(other) == appended


async def test_history_is_found_by_those_who_have_read_up_to_now(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        await log.tick(datetime.now(UTC))
        await log.project()  # from now on it has no reason to look at what was stored before
        report = await loaded(database_url, history(3, step=400 * DAY))
        assert report.stored == 3
        assert await log.project() == 3
        assert log.differences() == []


async def test_what_is_there_is_passed_over_and_what_differs_is_told(database_url: str) -> None:
    statements = history(6)
    await loaded(database_url, statements[:4])
    other = {**statements[1], "verb": {"id": "http://example.com/verbs/other"}}
    report = await loaded(database_url, [statements[0], other, *statements[2:], statements[5]])
    assert (report.stored, report.known, report.refused, report.stopped) == (2, 4, 1, None)
    (refusal,) = report.refusals
    assert refusal.place == "1"
    assert refusal.violations[0].found == other["id"]


@pytest.mark.parametrize("before", [False, True])
async def test_what_was_stored_before_the_newest_stops_the_load(database_url: str, before: bool) -> None:
    statements = history(5)
    early = statements.pop(0 if before else 3)
    if before:
        await loaded(database_url, statements[:1])
    report = await loaded(database_url, [statements[0], *statements[1:], early])
    assert report.exit_code == 2
    assert report.stopped is not None
    assert early["id"] in report.stopped
    assert early["stored"] in report.stopped
    assert len(exported(database_url)) == (1 if before else 0)


async def test_each_statement_that_is_refused_is_told_and_the_others_are_loaded(database_url: str) -> None:
    good = history(6)
    future = {**new_statement(), "authority": AGENT, "stored": instant(datetime.now(UTC) + DAY)}
    bad: list[dict[str, Any]] = [{**one} for one in good[:3]]
    del bad[0]["stored"]
    del bad[1]["authority"]
    bad[2]["verb"] = {"id": "no IRI"}
    report = await loaded(database_url, [*bad, *good[3:], future])
    assert (report.stored, report.refused, report.exit_code) == (3, 4, 1)
    found = {one.place: one.violations[0].path for one in report.refusals}
    assert found == {"0": "stored", "1": "authority", "2": "verb.id", "6": "stored"}
    vouched = await loaded(database_url, bad[1:2], authority=msgspec.json.encode(AGENT).decode())
    assert vouched.stopped is not None, "its turn was before the others"


async def test_no_server_may_be_at_work(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"\n".join(texts_of(history(3))))
    with serving(database_url):
        refused = lrs("load", str(file), LRS_DATABASE_URL=database_url)
    assert refused.returncode != 0
    assert "Stop the servers" in refused.stderr
    assert exported(database_url) == []


async def test_a_writer_waits_for_the_chunk_and_stops_the_load(database_url: str) -> None:
    """Without its place a server may still store something: what is loaded then comes too late, and is not taken."""
    first, second = chunks(texts_of(history(4)), 2)

    def meanwhile() -> Iterable[Chunk]:
        yield first
        with psycopg.connect(database_url) as connection:
            connection.execute(
                "INSERT INTO statement (tenant, position, stored, id, authority, keys, payload)"
                " SELECT 1, nextval('event_position'), now(), gen_random_uuid(), 1, '{}', '{}'"
            )
        yield second

    report = await load(database_url, meanwhile(), tenant=TENANT)
    assert report.stored == 2
    assert report.stopped is not None


async def test_the_id_gate_is_locked_against_writers_while_a_chunk_is_stored(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_transaction, "PATIENCE", "100ms")
    async with write_pool(database_url) as pool, pool.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE statement_id IN ROW EXCLUSIVE MODE")  # as an append that goes on
        report = await loaded(database_url, history(1))
    assert report.stopped is not None
    assert "Stop the servers" in report.stopped


def test_the_command_loads_what_was_exported_and_serves_it(database_server: PostgresServer, tmp_path: Path) -> None:
    statements = history(30, step=20 * DAY)
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "1.json").write_bytes(b'{"statements":[' + b",".join(texts_of(statements[:10])) + b'],"more":""}')
    (folder / "2.ndjson").write_bytes(b"\n".join(texts_of(statements[10:])) + b"\nno JSON\n")
    with migrated_database(database_server) as url:
        done = lrs("load", str(folder), "--json", "--quiet", "--workers", "1", LRS_DATABASE_URL=url)
        assert done.returncode == 1, done.stderr
        report = msgspec.json.decode(done.stdout)
        assert (report["stored"], report["refused"]) == (30, 1)
        again = lrs("load", str(folder), "--quiet", "--workers", "0", LRS_DATABASE_URL=url)
        assert again.stdout.startswith("0 stored, 30 known already, 1 refused")
        with serving(url) as server, httpx.Client(base_url=server.origin, auth=CREDENTIAL) as client:
            client.headers["X-Experience-API-Version"] = "1.0.3"
            found = client.get("/xapi/statements", params={"ascending": "true", "limit": "100"}).json()["statements"]
            assert [one["id"] for one in found] == [one["id"] for one in statements]
            assert [one["stored"] for one in found] == [one["stored"] for one in statements]
            assert [one["authority"] for one in found] == [AGENT] * 30


def test_a_worker_is_gone_when_its_parent_is(tmp_path: Path) -> None:
    source = (
        "import os, psutil\n"
        "from lrs.statement_log.load_workers import Workers\n"
        "if __name__ == '__main__':\n"
        "    with Workers(1, 1, b'salt', None):\n"
        "        print([child.pid for child in psutil.Process().children()], flush=True)\n"
        "        os._exit(9)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(source)
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, timeout=30, check=False)
    assert ran.returncode == 9  # its output ends when the last of its children has closed it
    assert ran.stdout.startswith(b"[")


async def test_what_was_stored_before_the_log_can_be_read(database_url: str) -> None:
    """It is refused; and an instant of long ago makes no more parts than its own."""
    early, first = history(1, datetime(1969, 12, 31, 23, tzinfo=UTC)), history(1, datetime(1970, 1, 2, tzinfo=UTC))
    report = await loaded(database_url, [*early, *first, *history(2)])
    assert (report.stored, report.refused) == (3, 1)
    (refusal,) = report.refusals
    assert (refusal.place, refusal.violations[0].path) == ("0", "stored")
    with psycopg.connect(database_url) as connection:
        parts = connection.execute("SELECT count(*) FROM statement_parts() WHERE begins < '2021-02-01Z'").fetchone()
    assert parts == (2,)


@pytest.mark.parametrize(
    "authority",
    [
        '{"mbox":"mailto:a@example.com","mbox":"mailto:a@example.com"}',
        r'{"mbox":"mailto:a@example.com","mb\u006fx":"mailto:a@example.com"}',
        r'{"account":{"homePage":"https://other.example","name":"a\u0000b"}}',
    ],
)
@pytest.mark.parametrize("is_first", [False, True])
async def test_an_authority_that_two_would_read_differently(database_url: str, authority: str, is_first: bool) -> None:
    (statement,) = history(1)
    del statement["authority"]
    text = msgspec.json.encode(statement).decode()
    said = f'"authority":{authority}'
    text = f"{{{said},{text[1:]}" if is_first else f"{text[:-1]},{said}}}"
    report = await load(database_url, chunks([text.encode()]), tenant=TENANT)
    assert (report.stored, report.refused) == (0, 1)


async def test_a_worker_that_ends_stops_the_load_and_loses_no_report(database_url: str) -> None:
    good = chunks(texts_of(history(4)), 2)
    bad = Chunk([Text(cast(bytes, None), XapiVersion.V1_0_3)], ["file:7"])
    report = await load(database_url, [good[0], bad, good[1]], tenant=TENANT, workers=1)
    assert report.stored == 2
    assert report.stopped is not None
    assert report.stopped.startswith("file:7: ")
    assert report.exit_code == 2


def test_of_many_refusals_the_first_are_kept_and_all_are_counted() -> None:
    report, other = LoadReport(), LoadReport()
    for number in range(2 * KEPT_REFUSALS):
        (report if number % 2 else other).refuse(str(number))
    report.add_refused(other)
    assert (report.refused, len(report.refusals)) == (2 * KEPT_REFUSALS, KEPT_REFUSALS)
