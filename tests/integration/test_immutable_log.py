"""Whatever the log holds stays as it is: the database itself refuses to change it, by whatever road one comes."""

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from tests.acceptance.course_log import CourseLog

pytestmark = pytest.mark.anyio

TABLES = ("statement", "statement_id", "statement_void", "control_event")
IMMUTABLE = "LR403"
WAYS = {
    "update": "UPDATE {table} SET position = position + 1",
    "update nothing": "UPDATE {table} SET position = position",
    "update across partitions": "UPDATE {table} SET stored = stored - interval '100 days'",
    "upsert": "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE SET position = 0",
    "delete": "DELETE FROM {table}",
    "delete one": "DELETE FROM {table} WHERE position = (SELECT min(position) FROM {table})",
    "merge": "MERGE INTO {table} t USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "truncate": "TRUNCATE {table}",
    "truncate with others": "TRUNCATE tenant, {table} CASCADE",
}
KEYS = {
    "statement": "stored, position",
    "statement_id": "tenant, id",
    "statement_void": "tenant, voided, position",
    "control_event": "position",
}
HAS_STORED = ("statement", "statement_id")
VOIDING = {
    "id": "5a0c8f7e-31d2-4a55-9d0e-6c6b0a5c1b11",
    "actor": {"mbox": "mailto:admin@example.com"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
    "object": {"objectType": "StatementRef", "id": "0d2f6a1c-7b43-4c1e-8f57-2f9e1f0a9c22"},
}


async def fill(url: str) -> None:
    """Every table of the log gets a row."""
    async with CourseLog.open(url) as log:
        await log.append([VOIDING])
        await log.tick(datetime(2026, 9, 1, tzinfo=UTC))


def contents(connection: psycopg.Connection) -> dict[str, list[tuple[str, ...]]]:
    """Every row of the log as text."""
    return {
        table: connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))).fetchall()
        for table in TABLES
    }


def outcome(connection: psycopg.Connection, statement: sql.Composed) -> str:
    """The SQLSTATE that the statement ends with; it is undone if it was allowed."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate or str(error)
    return "allowed"


def attempts(table: sql.Identifier, name: str) -> dict[str, sql.Composed]:
    """Every way to change `table`, which has the columns of the log's table `name`."""
    return {
        way: sql.SQL(text).format(table=table, key=sql.SQL(KEYS[name]))
        for way, text in WAYS.items()
        if way != "update across partitions" or name in HAS_STORED
    }


def part_of_the_log(connection: psycopg.Connection) -> sql.Identifier:
    """The partition, or TimescaleDB's chunk, that holds the statement."""
    row = connection.execute(
        "SELECT n.nspname, c.relname FROM statement s JOIN pg_class c ON c.oid = s.tableoid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
    ).fetchone()
    assert row is not None
    assert row[1] != "statement"
    return sql.Identifier(*row)


async def test_no_table_of_the_log_can_be_changed(database_url: str) -> None:
    await fill(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        before = contents(connection)
        outcomes = {
            (name, way): outcome(connection, statement)
            for name in TABLES
            for way, statement in attempts(sql.Identifier(name), name).items()
        }
        after = contents(connection)
    assert all(before.values())
    assert {attempt: found for attempt, found in outcomes.items() if found != IMMUTABLE} == {}
    assert after == before


async def test_no_part_of_the_log_can_be_changed_directly(database_url: str) -> None:
    """TimescaleDB gives a new chunk the row triggers only: between its first row and the next call of
    make_statement_partitions (server start, then hourly) TRUNCATE of that chunk by name is not refused.
    """
    await fill(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        before = contents(connection)
        ways = attempts(part_of_the_log(connection), "statement")
        at_once = {way: outcome(connection, one) for way, one in ways.items() if not way.startswith("truncate")}
        connection.execute("SELECT make_statement_partitions(3)")
        later = {way: outcome(connection, one) for way, one in ways.items()}
        again = connection.execute("SELECT make_statement_partitions(3)").fetchone()
        after = contents(connection)
    assert set(at_once.values()) == {IMMUTABLE}
    assert set(later.values()) == {IMMUTABLE}
    assert again == (0,)
    assert after == before


async def test_guarding_new_parts_waits_for_no_writer(database_url: str) -> None:
    """A transaction that holds the newest chunk is not waited for: the server starts, the chunk has its turn later."""
    await fill(database_url)
    with psycopg.connect(database_url) as writer, psycopg.connect(database_url, autocommit=True) as connection:
        part = part_of_the_log(connection)
        writer.execute(sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(part))
        assert connection.execute("SELECT make_statement_partitions(3)").fetchone() == (0,)
        writer.rollback()
        connection.execute("SELECT make_statement_partitions(3)")
        assert outcome(connection, sql.SQL("TRUNCATE {}").format(part)) == IMMUTABLE


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE authority SET agent = '{}'",
        "UPDATE authority SET tenant = 2",
        "DELETE FROM authority",
        "TRUNCATE authority CASCADE",
        "UPDATE tenant SET salt = ''",
        "DELETE FROM tenant",
        "TRUNCATE tenant",
    ],
)
async def test_who_vouches_and_what_every_hash_is_keyed_with_stay(database_url: str, change: str) -> None:
    await fill(database_url)
    with psycopg.connect(database_url) as connection:
        with pytest.raises(psycopg.DatabaseError) as refusal:
            connection.execute(change.encode())
        assert refusal.value.sqlstate == IMMUTABLE
        connection.rollback()
        connection.execute("UPDATE tenant SET name = 'renamed'")
