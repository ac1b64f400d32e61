"""The role lrs_analyst reads the schema analytics and nothing else, and two databases may make it at once."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

SQL = Path(__file__).resolve().parents[2] / "migrations" / "sql" / "read_models" / "16_lrs_analyst.sql"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "analytics.md"

RELATIONS = """
SELECT c.oid, c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND (n.nspname IN ('public', 'analytics') OR c.oid IN (SELECT inhrelid FROM pg_inherits))
"""
STATEMENT = """
INSERT INTO statement (tenant, position, stored, id, authority, keys, payload)
VALUES (1, 1, now(), gen_random_uuid(), 1, '{}', '{}')
"""


@pytest.fixture
def analyst(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection of somebody who is a member of lrs_analyst and of nothing else."""
    name = f"maria_{uuid4().hex[:8]}"
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(STATEMENT)  # makes a chunk on TimescaleDB: a table of its own
        documented = "CREATE ROLE maria LOGIN IN ROLE lrs_analyst;"
        assert documented in PAGE.read_text(encoding="utf-8")
        owner.execute(documented.replace("maria", name).encode())
        try:
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(name)))
                yield connection
        finally:
            owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_an_analyst_reads_the_views_and_no_table(analyst: psycopg.Connection) -> None:
    readable, written = set(), set()
    relations = analyst.execute(RELATIONS).fetchall()
    for oid, name in relations:
        row = analyst.execute(
            "SELECT has_table_privilege(%(oid)s, 'SELECT') OR has_any_column_privilege(%(oid)s, 'SELECT'),"
            " has_table_privilege(%(oid)s, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')"
            " OR has_any_column_privilege(%(oid)s, 'INSERT, UPDATE')",
            {"oid": oid},
        ).fetchone()
        assert row is not None
        readable |= {name} if row[0] else set()
        written |= {name} if row[1] else set()
    names = {name for _, name in relations}
    assert {"statement", "credential", "tenant", "fact", "person"} <= names
    assert any(name.startswith(("statement_2", "_timescaledb_internal._hyper")) for name in names)
    views = ("activity", "activity_daily", "course_daily", "item_response", "media_coverage", "unassigned")
    assert readable == {*(f"analytics.{name}" for name in views), 'analytics."position"'}
    assert written == set()


REFUSED = (
    "SELECT * FROM credential",
    "SELECT payload FROM statement",
    "SELECT * FROM fact",
    "INSERT INTO fact (tenant) VALUES (1)",
    "INSERT INTO analytics.position VALUES (0, now())",
    "UPDATE analytics.position SET position = 0",
    "DELETE FROM analytics.position",
    "TRUNCATE statement",
    "CREATE TABLE public.mine ()",
    "CREATE TABLE analytics.mine ()",
    "CREATE VIEW analytics.mine AS SELECT 1",
    "SET ROLE pg_read_all_data",
)


def test_an_analyst_is_refused_everything_else(analyst: psycopg.Connection) -> None:
    for query in REFUSED:
        with pytest.raises(errors.InsufficientPrivilege):
            analyst.execute(query.encode())


def test_an_analyst_counts(analyst: psycopg.Connection) -> None:
    query = "SELECT count(*), analytics.bucket('day', now(), 'UTC') = analytics.midnight(now()::date, 'UTC')"
    assert analyst.execute(f"{query} FROM analytics.activity".encode()).fetchone() == (0, True)
    assert analyst.execute("SELECT * FROM analytics.position").fetchall() == []


@pytest.mark.parametrize(
    "view", ["activity", "activity_daily", "course_daily", "item_response", "media_coverage", "unassigned"]
)
def test_the_page_names_the_columns_of_the_view(database_url: str, view: str) -> None:
    described = PAGE.read_text(encoding="utf-8").split(f"- `analytics.{view}`: ")[1].split(". ")[0]
    with psycopg.connect(database_url) as connection:
        cursor = connection.execute(f"SELECT * FROM analytics.{view}".encode())
    assert described.split("`")[1::2] == [column.name for column in cursor.description or ()]


@pytest.fixture
def new_role(database_server: PostgresServer) -> Iterator[str]:
    """The name of a role that nobody has made yet; gone at the end."""
    name = f"lrs_analyst_{uuid4().hex[:8]}"
    yield name
    with psycopg.connect(database_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def make(connection: psycopg.Connection, role: str) -> None:
    """What the migration does, with another name for the role."""
    connection.execute(SQL.read_text(encoding="utf-8").replace("lrs_analyst", role).encode())


def may_read(connection: psycopg.Connection, role: str) -> bool:
    row = connection.execute("SELECT has_table_privilege(%s, 'analytics.activity', 'SELECT')", [role]).fetchone()
    return row is not None and row[0] is True


@pytest.mark.parametrize("first_one", ["commits", "rolls back"])
def test_two_databases_make_the_role_at_the_same_moment(
    database_server: PostgresServer, new_role: str, first_one: str
) -> None:
    with (
        migrated_database(database_server) as one,
        migrated_database(database_server) as other,
        psycopg.connect(one) as first,
        psycopg.connect(other) as second,
    ):
        make(first, new_role)
        racing = threading.Thread(target=make, args=(second, new_role))
        racing.start()
        wait_until_blocked(database_server.url, second.info.backend_pid)
        (first.commit if first_one == "commits" else first.rollback)()
        racing.join(10)
        assert not racing.is_alive()
        assert may_read(second, new_role)
        second.commit()
        if first_one == "commits":
            assert may_read(first, new_role)


def wait_until_blocked(url: str, pid: int) -> None:
    deadline = time.monotonic() + 10
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid]).fetchone() == (0,):
            assert time.monotonic() < deadline, "the second never met the first"
            time.sleep(0.01)


def test_making_it_again_changes_nothing(database_url: str, new_role: str) -> None:
    with psycopg.connect(database_url) as connection:
        make(connection, new_role)
        make(connection, new_role)
        assert may_read(connection, new_role)
        connection.rollback()


def test_who_may_not_make_roles_is_told_and_goes_on(database_url: str, new_role: str) -> None:
    notices: list[str] = []
    with psycopg.connect(database_url) as connection:
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        connection.execute("SET ROLE pg_monitor")  # any role without CREATEROLE
        make(connection, new_role)
        found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [new_role]).fetchall()
        connection.rollback()
    assert found == []
    assert notices == [f"the role {new_role} was not made: pg_monitor may not make roles"]
