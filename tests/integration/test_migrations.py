"""Migrations give exactly the schema written down here, everywhere; partitions are there before they are needed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from psycopg import sql

from lrs.migrate import expected_revision, migrate, revision_of
from tests.acceptance.course_log import CourseLog
from tests.integration.schema_listing import differences, listing, read_listing
from tests.services.databases import fresh_database
from tests.services.postgres import PostgresServer

SCHEMA = """
tenant
  tenant int4, name text, salt bytea = (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), created
    timestamptz = now()
  unique btree (name)
  unique btree (tenant)
  BEFORE DELETE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
  BEFORE UPDATE, EACH ROW WHEN (old.salt IS DISTINCT FROM new.salt), refuse_change()
event_position
  bigint cache 1
authority
  authority int4 identity, tenant int4, agent text
  unique btree (authority)
  unique btree (tenant, agent)
  BEFORE DELETE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
  BEFORE UPDATE, EACH ROW WHEN (old.* IS DISTINCT FROM new.*), refuse_change()
authority_authority_seq
  integer cache 1
credential
  FOREIGN KEY (authority) REFERENCES authority(authority)
  key text, tenant int4, secret_hash bytea, authority int4, created timestamptz = now(), disabled timestamptz?
  unique btree (key)
statement_id
  tenant int4, id uuid, stored timestamptz, position int8, digest bytea
  unique btree (tenant, id)
  BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
statement_void
  tenant int4, voided uuid, position int8, voiding uuid
  unique btree (tenant, voided, position)
  btree (position)
  BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
statement
  tenant int4, position int8, stored timestamptz, id uuid, timestamp timestamptz?, authority int4, keys _int8,
    payload json
  unique btree (stored, position)
  btree (position)
  gin (keys) WITH (fastupdate='on', gin_pending_list_limit='1024')
  BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
control_event
  position int8, tenant int4, recorded timestamptz, kind text, payload json
  unique btree (position)
  BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
alembic_version
  version_num varchar
  unique btree (version_num)
projection_checkpoint
  projection text, shard int4, version int4, position int8, stored_floor timestamptz, updated timestamptz = now()
  unique btree (projection, shard)
iri
  tenant int4, id uuid, iri text
  unique btree (tenant, id)
person
  tenant int4, person uuid, ifi text, name text?
  unique btree (tenant, person)
fact
  tenant int4, position int8, id uuid, at timestamptz, person uuid?, course uuid?, activity uuid?, verb uuid, event
    text, placement text, registration uuid?, attempt text?, raw float8?, min float8?, max float8?, scaled float8?,
    score float8?, score_suspect bool, success bool?, completion bool?, duration int8?, progress float8?, media
    text?, claim uuid?, actor_name text?, voided_position int8?
  unique btree (tenant, position)
  btree (tenant, at)
  btree (tenant, course, activity, person)
  btree (tenant, person, at) WHERE (actor_name IS NOT NULL)
  btree (tenant, person, registration)
  btree (tenant, person, registration) WHERE ((placement = ANY (ARRAY['registration'::text, 'unassigned'::text]))
    AND (registration IS NOT NULL))
claim
  tenant int4, claim uuid, claims text
  unique btree (tenant, claim)
outline_claim
  tenant int4, course uuid, claim uuid, last_at timestamptz, last_id uuid
  unique btree (tenant, course, claim)
outline_node
  tenant int4, course uuid, node uuid, iri text, type text?, title text?, kind text, parent uuid?, rule text,
    required bool, graded bool
  unique btree (tenant, course, node)
node_progress
  tenant int4, course uuid, person uuid, node uuid, state text, fraction float8, first_at timestamptz, last_at
    timestamptz, first_activity_at timestamptz?, last_activity_at timestamptz?, last_activity_id uuid?, statements
    int4, revoked_at timestamptz?, completed_at timestamptz?, satisfied_by uuid?, visits int4, duration int8,
    enrolled_at timestamptz?, standing text?, verdict bool?
  unique btree (tenant, course, person, node)
attempt
  tenant int4, course uuid, person uuid, node uuid, attempt text, started_at timestamptz, submitted_at timestamptz,
    raw float8?, min float8?, max float8?, scaled float8?, score float8?, score_suspect bool, success bool?,
    duration int8
  unique btree (tenant, course, person, node, attempt)
gradebook
  tenant int4, course uuid, person uuid, node uuid, policy text, score float8?, attempts int4, best_attempt text?,
    counts bool
  unique btree (tenant, course, person, node)
enrollment
  tenant int4, course uuid, person uuid, status text, enrolled_at timestamptz, started_at timestamptz?,
    last_activity_at timestamptz?, last_activity_id uuid?, completed_at timestamptz?, satisfied_by uuid?,
    completed_nodes int4, progress_sum float8, own_score float8?, score_sum float8, scores int4, verdict bool?
  unique btree (tenant, course, person)
  btree (tenant, enrolled_at) WHERE (status = 'active'::text)
  btree (tenant, last_activity_at) WHERE (status = 'active'::text)
course_outline_size
  tenant int4, course uuid, required_nodes int8, graded_nodes int8
enrollment_standing
  tenant int4, course uuid, person uuid, status text, enrolled_at timestamptz, started_at timestamptz,
    last_activity_at timestamptz, last_activity_id uuid, completed_at timestamptz, satisfied_by uuid,
    completed_nodes int4, progress_sum float8, own_score float8, score_sum float8, scores int4, verdict bool,
    progress float8, grade_so_far float8, grade_if_nothing_more float8, passed bool
risk_state
  tenant int4, course uuid, person uuid, rule text, level text, since timestamptz, threshold_days int4, evidence
    uuid
  unique btree (tenant, course, person, rule)
clock
  tenant int4, now timestamptz
  unique btree (tenant)
analytics.activity
  tenant int4, position int8, statement_id uuid, time timestamptz, learner_id uuid, learner text, learner_name text,
    course_id uuid, course text, course_title text, activity_id uuid, activity text, verb_id uuid, verb text, event
    text, registration uuid, score numeric, success bool, completion bool, duration_seconds numeric
analytics.bucket(text,timestamp with time zone,text)
  timestamp with time zone
analytics.earlier_midnight(timestamp without time zone,timestamp with time zone,text)
  timestamp with time zone
analytics.midnight(date,text)
  timestamp with time zone
analytics.position
  position int8, updated timestamptz
make_statement_partitions(integer)
  integer
refuse_change()
  trigger
statement_conflict(uuid)
  bytea
"""
AHEAD = 3


def test_from_nothing_to_head(database_server: PostgresServer) -> None:
    with fresh_database(database_server) as url:
        assert revision_of(url) is None
        assert listing(url) == {}
        migrate(url)
        assert revision_of(url) == expected_revision()
        assert differences(read_listing(SCHEMA), listing(url)) == []


def everything(url: str) -> list[tuple[object, ...]]:
    """Every row of every table, and every table and index by its number and file."""
    with psycopg.connect(url) as connection:
        found: list[tuple[object, ...]] = connection.execute(
            "SELECT oid, relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid"
        ).fetchall()
        for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"):
            found += connection.execute(
                sql.SQL("SELECT t.ctid::text, t.xmin::text, t::text FROM {} AS t").format(sql.Identifier(table))
            ).fetchall()
    return found


@pytest.mark.anyio
async def test_migrating_again_changes_nothing(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        await log.append(
            [{"actor": {"mbox": "mailto:a@x.example"}, "verb": {"id": "http://x.example/v"}, "object": {"id": "x:y"}}]
        )
        await log.project()
    before = everything(database_url)
    migrate(database_url)
    assert everything(database_url) == before


def is_hypertable(connection: psycopg.Connection) -> bool:
    """Whether the log's parts make themselves."""
    return bool(connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").rowcount)


def make_partitions(connection: psycopg.Connection, months_ahead: int) -> int:
    """How many were new."""
    row = connection.execute("SELECT make_statement_partitions(%s)", [months_ahead]).fetchone()
    assert row is not None
    return int(row[0])


def months(count: int) -> list[datetime]:
    """The first instants of this month and of those after it."""
    found = [datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)]
    while len(found) < count:
        found.append((found[-1] + timedelta(days=31)).replace(day=1))
    return found


def partitions(connection: psycopg.Connection) -> dict[str, str]:
    """The partitions of plain PostgreSQL and their bounds."""
    connection.execute("SET timezone = 'UTC'")
    return dict(
        connection.execute(
            "SELECT relname, pg_get_expr(relpartbound, c.oid) FROM pg_class c JOIN pg_inherits i ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'statement'::regclass"
        ).fetchall()
    )


def expected_partitions(ahead: int) -> dict[str, str]:
    """This month and those ahead, each to the first instant of the next."""
    bounds = "FOR VALUES FROM ('{:%Y-%m-%d} 00:00:00+00') TO ('{:%Y-%m-%d} 00:00:00+00')"
    return {f"statement_{begin:%Y_%m}": bounds.format(begin, end) for begin, end in pairwise(months(ahead + 2))}


def store_at(connection: psycopg.Connection, moment: datetime) -> None:
    """A row of the log, stored at this moment."""
    connection.execute(
        "INSERT INTO statement (tenant, position, stored, id, authority, keys, payload)"
        " VALUES (1, nextval('event_position'), %s, gen_random_uuid(), 1, '{1}', '{}')",
        [moment],
    )


def test_there_is_room_for_the_months_ahead(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for moment in (datetime.now(UTC), *months(AHEAD + 1)):
            store_at(connection, moment)
        store_at(connection, months(AHEAD + 2)[-1] - timedelta(microseconds=1))
        if is_hypertable(connection):
            interval = connection.execute(
                "SELECT column_name, time_interval FROM timescaledb_information.dimensions"
                " WHERE hypertable_name = 'statement'"
            ).fetchall()
            assert interval == [("stored", timedelta(days=7))]
        else:
            assert partitions(connection) == expected_partitions(AHEAD)


def test_every_part_has_what_the_log_has(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        whole = is_hypertable(connection)
        store_at(connection, datetime.now(UTC))
        make_partitions(connection, AHEAD)
        of_parts = "FROM pg_inherits p JOIN {} t ON t.{} = p.inhrelid WHERE p.inhparent = 'statement'::regclass"
        parts = connection.execute("SELECT count(*) " + of_parts.format("pg_class", "oid")).fetchone()
        indexes = connection.execute(
            "SELECT regexp_replace(pg_get_indexdef(indexrelid), '.* USING ', ''), count(*) "
            + of_parts.format("pg_index", "indrelid")
            + " GROUP BY 1"
        ).fetchall()
        triggers = connection.execute(
            "SELECT tgname, count(*) " + of_parts.format("pg_trigger", "tgrelid") + " AND tgenabled = 'O' GROUP BY 1"
        ).fetchall()
    assert parts is not None
    assert parts[0] == (1 if whole else AHEAD + 1)
    log = read_listing(SCHEMA)["statement"]
    expected = {line.removeprefix("unique ") for line in log if "btree" in line or "gin" in line}
    assert {(line.replace('"', ""), number) for line, number in indexes} == {(line, parts[0]) for line in expected}
    assert {(name, parts[0]) for name in ("refuse_change", "refuse_truncate")} <= set(triggers)


def test_making_partitions_again_makes_none(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        whole = is_hypertable(connection)
        assert [make_partitions(connection, ahead) for ahead in (AHEAD, 0, AHEAD)] == [0, 0, 0]
        assert [make_partitions(connection, AHEAD + 2) for _ in range(2)] == ([0, 0] if whole else [2, 0])
        assert partitions(connection) == ({} if whole else expected_partitions(AHEAD + 2))


def test_many_may_make_partitions_at_once(database_url: str) -> None:
    """Each is made by exactly one of them, and nobody is told of an error, while statements are stored."""

    def make(_: int) -> int:
        with psycopg.connect(database_url, autocommit=True) as own:
            return make_partitions(own, AHEAD + 4)

    def store(_: int) -> int:
        with psycopg.connect(database_url, autocommit=True) as own:
            for _ in range(50):
                store_at(own, datetime.now(UTC))
        return 0

    with psycopg.connect(database_url, autocommit=True) as connection, ThreadPoolExecutor(8) as threads:
        store_at(connection, datetime.now(UTC))
        whole = is_hypertable(connection)
        stores = threads.map(store, range(2))
        made = sum(threads.map(make, range(6)))
        assert list(stores) == [0, 0]
        assert made == (1 if whole else 4)  # the one chunk there is gets what it lacks
        assert make_partitions(connection, AHEAD + 4) == 0
        row = connection.execute("SELECT count(*) FROM statement").fetchone()
    assert row == (101,)
