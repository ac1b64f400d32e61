"""`lrs replay` beside a server: statements are stored and pages read meanwhile, it is killed, and nobody notices."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import httpx
import psycopg
import pytest
from click.testing import CliRunner, Result

from lrs.cli import main
from projections.apply import VERSION
from projections.fact import name_of
from streams.rebuild import Rebuild
from tests.acceptance.course_log import CourseLog
from tests.acceptance.read_back import read_models
from tests.integration.test_checkpoint import statement
from tests.integration.test_crash import HEADERS
from tests.integration.test_processor import within
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, LrsServer, serving
from tests.services.postgres import PostgresServer

COURSE = name_of("http://course.example/")
FILLED = 1500
READ = ("/api/projections", f"/api/courses/{COURSE}/learners?limit=5", f"/api/courses/{COURSE}/outline")


@pytest.fixture
def timescale_url(timescale_server: PostgresServer) -> Iterator[str]:
    """What takes longest is shown once."""
    with migrated_database(timescale_server) as url:
        yield url


class Sender(threading.Thread):
    """Stores statements at a steady rate until it is told to stop."""

    def __init__(self, server: LrsServer) -> None:
        super().__init__(daemon=True)
        self._server = server
        self.enough = threading.Event()
        self.acknowledged = 0

    def run(self) -> None:
        """Ten batches a second."""
        with httpx.Client(auth=CREDENTIAL, base_url=self._server.origin, headers=HEADERS, timeout=20) as client:
            for turn in count():
                if self.enough.wait(0.1):
                    return
                batch = [statement(number) for number in range(10_000 + 5 * turn, 10_005 + 5 * turn)]
                answer = client.post("/xapi/statements", json=batch)
                assert answer.status_code == 200
                self.acknowledged += len(batch)


class Reader(threading.Thread):
    """Reads pages until it is told to stop, and remembers what no reader should see."""

    def __init__(self, server: LrsServer) -> None:
        super().__init__(daemon=True)
        self._server = server
        self.enough = threading.Event()
        self.answers = 0
        self.faults: list[str] = []

    def run(self) -> None:
        """One page after the other."""
        at = 0
        with httpx.Client(auth=CREDENTIAL, base_url=self._server.origin, timeout=20) as client:
            while not self.enough.wait(0.05):
                for path in READ:
                    answer = client.get(path)
                    if answer.status_code != 200:
                        self.faults.append(f"{path}: {answer.status_code} {answer.text[:200]}")
                        continue
                    self.answers += 1
                    position = int(answer.headers.get("X-LRS-Position") or answer.json()["position"])
                    if position < at:
                        self.faults.append(f"{path}: back from {at} to {position}")
                    at = max(at, position)
                    if "learners" in path and len(answer.json()["learners"]) != 5:
                        self.faults.append(f"{path}: {answer.text[:200]}")


class Page(threading.Thread):
    """A live page that is open all the time; events: their names in order."""

    def __init__(self, server: LrsServer) -> None:
        super().__init__(daemon=True)
        self._server = server
        self.events: list[str] = []

    def run(self) -> None:
        """Until the server ends."""
        with (
            httpx.Client(auth=CREDENTIAL, base_url=self._server.origin, timeout=None) as client,
            client.stream("GET", f"/api/courses/{COURSE}/live") as stream,
        ):
            try:
                for line in stream.iter_lines():
                    if line.startswith("event: "):
                        self.events.append(line.removeprefix("event: "))
            except httpx.TransportError:
                pass


@contextmanager
def used(url: str) -> Iterator[tuple[LrsServer, Sender, Reader]]:
    """A server that is written to and read from."""
    with serving(url) as server:
        writer, reader = Sender(server), Reader(server)
        writer.start()
        reader.start()
        try:
            yield server, writer, reader
        finally:
            for one in (writer, reader):
                one.enough.set()
                one.join()


async def _fill(url: str, statements: int) -> None:
    async with CourseLog.open(url) as log:
        for begin in range(0, statements, 500):
            await log.append([statement(number) for number in range(begin, min(begin + 500, statements))])
        await log.project()


async def _equal(url: str) -> bool:
    """Whether the read models are what the log gives, computed anew in the live tables."""
    async with CourseLog.open(url) as log:
        await log.project()
        live = read_models(url)
        await log.forget_read_models()
        await log.project()
    return read_models(url) == live


def asked(url: str, sql: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return None if row is None else row[0]


def replay(url: str, *words: str) -> Result:
    """In this process."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        return CliRunner().invoke(main, ["replay", *words], env={"LRS_DATABASE_URL": url})
    finally:
        signal.signal(signal.SIGTERM, before)


def start(url: str, *words: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}
    return subprocess.Popen(
        [sys.executable, "-m", "lrs", "replay", *words],
        env=kept | {"LRS_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_beside_a_server_killed_and_resumed(timescale_url: str) -> None:
    asyncio.run(_fill(timescale_url, FILLED))
    with used(timescale_url) as (server, writer, reader):
        page = Page(server)
        page.start()
        reached = f"SELECT count(*) FROM {Rebuild.schema}.projection_checkpoint WHERE position > 0"
        there = f"SELECT to_regclass('{Rebuild.schema}.projection_checkpoint') IS NOT NULL"
        with start(timescale_url) as killed:
            assert within(90, lambda: asked(timescale_url, there) is True and asked(timescale_url, reached) == 1)
            killed.send_signal(signal.SIGKILL)
        with psycopg.connect(timescale_url) as analyst:  # nothing is exchanged while somebody reads
            analyst.execute("SELECT count(*) FROM fact").fetchall()
            with start(timescale_url) as killed:
                waits = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
                assert within(90, lambda: killed.poll() is not None or asked(timescale_url, waits) == 1)
                killed.send_signal(signal.SIGKILL)
                assert killed.stdout is not None
                assert "Compared" in (told := killed.stdout.read()), told
        assert asked(timescale_url, "SELECT generation FROM projection_checkpoint") == 0
        with psycopg.connect(timescale_url) as connection:  # the processor at work remembers something else
            connection.execute("UPDATE enrollment SET completed_nodes = 77, progress_sum = 77")
        done = replay(timescale_url)
        assert done.exit_code == 0, done.stderr
        assert "It goes on behind position" in done.stderr
        assert asked(timescale_url, "SELECT generation FROM projection_checkpoint") == 1
        assert within(20, lambda: "reset" in page.events)
        stored = writer.acknowledged
        assert within(20, lambda: writer.acknowledged > stored)
    assert reader.faults == []
    assert reader.answers > 20
    with psycopg.connect(timescale_url) as connection:
        assert connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'read_models%'").fetchall() == []
    assert asked(timescale_url, "SELECT count(*) FROM statement") == FILLED + writer.acknowledged
    assert asyncio.run(_equal(timescale_url))


def test_a_check_finds_what_is_wrong_and_changes_nothing(database_url: str) -> None:
    asyncio.run(_fill(database_url, 100))
    good = replay(database_url, "--check", "--json")
    assert (good.exit_code, '"wrong":false' in good.stdout) == (0, True), good.stderr
    assert "rows are equal to the live ones" in good.stderr
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE enrollment SET completed_nodes = 9 WHERE person = (SELECT max(person::text)::uuid FROM enrollment)"
        )
    before = read_models(database_url)
    found = replay(database_url, "--check")
    assert found.exit_code == 3
    assert "THE LIVE READ MODELS ARE WRONG" in found.stderr
    assert re.search(r"enrollment: of \d+ rows 1 differ: 1 [0-9a-f-]{36} [0-9a-f-]{36}", found.stderr)
    assert read_models(database_url) == before
    state = replay(database_url, "--status").stdout
    assert f"{Rebuild.schema} was interrupted" in state
    mended = replay(database_url)
    assert mended.exit_code == 0, mended.stderr
    assert read_models(database_url) != before
    assert asyncio.run(_equal(database_url))


def test_tables_of_another_version_are_served_and_the_command_is_named(database_url: str) -> None:
    asyncio.run(_fill(database_url, 100))
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE projection_checkpoint SET version = version - 1")
    with serving(database_url) as server, httpx.Client(auth=CREDENTIAL, base_url=server.origin) as client:

        def told() -> object:
            found = client.get("/api/projections").json()
            return found["version"], found["written_by"], found.get("note")

        assert told() == (VERSION, VERSION - 1, "run `lrs replay`")
        assert client.get(READ[1]).status_code == 200
        post = client.post("/xapi/statements", json=[statement(200)], headers=HEADERS)
        position = int(post.headers["X-LRS-Position"])
        done = replay(database_url)
        assert done.exit_code == 0, done.stderr
        assert f"of version {VERSION - 1}" in done.stderr or "equal" in done.stderr
        assert within(20, lambda: client.get("/api/projections").json()["position"] >= position)
        assert told() == (VERSION, VERSION, None)


def test_what_is_refused(database_url: str) -> None:
    refused = replay(database_url, "--projection", "other")
    assert refused.exit_code == 1
    assert "there is no projection 'other': there is live" in refused.stderr
    empty = replay(database_url, "--status")
    assert "have not begun" in empty.stdout
    assert replay(database_url).exit_code == 0  # of nothing nothing


def test_one_course(database_url: str) -> None:
    """Its rows are mended, and no others are touched."""
    asyncio.run(_fill(database_url, 100))
    good = replay(database_url, "--course", "http://course.example/", "--check")
    assert (good.exit_code, "are equal" in good.stderr) == (0, True), good.stderr
    whole = read_models(database_url)
    with psycopg.connect(database_url) as connection:
        before = connection.execute("SELECT xmin, position FROM fact ORDER BY position").fetchall()
        for wrong in (
            "UPDATE enrollment SET completed_nodes = 9 WHERE person = (SELECT person FROM enrollment LIMIT 1)",
            "DELETE FROM attempt WHERE (person, node) = (SELECT person, node FROM attempt LIMIT 1)",
            "INSERT INTO gradebook SELECT 1, course, node, node, 'best', 1, 1, '', true FROM outline_node",
            "UPDATE fact SET score = 0.123 WHERE position = 3",
            "DELETE FROM fact WHERE position IN (4, 5)",
            "UPDATE person SET name = 'Nobody' WHERE person = (SELECT person FROM enrollment LIMIT 1)",
        ):
            connection.execute(wrong.encode())
    assert replay(database_url, "--course", "http://course.example/", "--check").exit_code == 3
    mended = replay(database_url, "--course", "http://course.example/")
    assert mended.exit_code == 0, mended.stderr
    for line in ("enrollment: of 5 rows 1 differ", "fact: of", "person: of 5 rows 1 differ", "gradebook: of"):
        assert line in mended.stderr
    assert read_models(database_url) == whole
    with psycopg.connect(database_url) as connection:
        after = connection.execute("SELECT xmin, position FROM fact ORDER BY position").fetchall()
        assert [row[1] for row in after if row not in before] == [3, 4, 5]
    assert asked(database_url, "SELECT generation FROM projection_checkpoint") == 1
    assert asyncio.run(_equal(database_url))
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE projection_checkpoint SET version = version - 1")
    refused = replay(database_url, "--course", "http://course.example/")
    assert (refused.exit_code, "without --course" in refused.stderr) == (1, True)
