"""Retention drops whole parts, only what may be dropped, and the log says so for ever."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.statement_log import retention
from lrs.statement_log.retention import Part, Plan, RetentionRefused
from tests.acceptance.course_log import CourseLog
from tests.acceptance.endpoint import new_statement, voiding
from tests.integration.aged_log import LONG_AGO, age

pytestmark = pytest.mark.anyio


async def connected(url: str) -> AsyncConnection:
    return await AsyncConnection.connect(url, autocommit=True)


async def planned(url: str, older_than: str) -> Plan:
    async with await connected(url) as connection:
        return await retention.plan(connection, older_than)


async def dropped(url: str, before: datetime) -> list[Part]:
    async with await connected(url) as connection:
        return [part async for part in retention.drop(connection, before)]


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


async def store(log: CourseLog, *statements: dict[str, Any]) -> list[str]:
    """Answers their ids."""
    await log.append(statements)
    return [one["id"] for one in statements]


async def test_what_is_dropped_is_what_was_planned(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        old = await store(log, *(new_statement() for _ in range(5)))
        await store(log, *(new_statement() for _ in range(3)))
        await log.project()
        older, old = old[:2], old[2:]
        age(database_url, older, 2 * LONG_AGO)
        age(database_url, old)
        last = rows(database_url, f"SELECT max(position) FROM statement WHERE id = ANY ('{{{','.join(old)}}}')")[0][0]

        plan = await planned(database_url, "100d")
        assert plan.kept_back is None
        assert [part.statements for part in plan.parts if part.statements] == [2, 3]
        assert max(part.position or 0 for part in plan.parts) == last
        assert all(part.bytes > 0 and part.ends <= plan.before for part in plan.parts)
        assert [one.statements for one in (await planned(database_url, "500d")).parts if one.statements] == [2]

        before = rows(database_url, "SELECT * FROM fact ORDER BY position")
        assert await dropped(database_url, plan.before) == plan.parts
        assert await dropped(database_url, plan.before) == []
        assert (await planned(database_url, "100d")).parts == []
        assert rows(database_url, "SELECT count(*) FROM statement") == [(3,)]
        assert rows(database_url, "SELECT count(*) FROM statement_id") == [(8,)]
        assert rows(database_url, "SELECT * FROM fact ORDER BY position") == before
        assert rows(database_url, "SELECT log_begin()") == [(last,)]
        told = rows(database_url, "SELECT (payload->>'statements')::int FROM control_event WHERE kind = 'retention'")
        assert told == [(2,), (3,)]

        await store(log, new_statement())
        await log.project()
        assert rows(database_url, "SELECT count(*) FROM fact") == [(9,)]


async def test_a_part_that_reaches_over_stays(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        old = await store(log, new_statement(), new_statement())
        await log.project()
        age(database_url, old)
        moment = datetime.now(UTC) - LONG_AGO + timedelta(minutes=1)
        plan = await planned(database_url, moment.isoformat())
        assert plan.reaching is not None
        assert plan.reaching.begins < moment < plan.reaching.ends
        assert plan.reaching.statements == 2
        await dropped(database_url, moment)
        assert rows(database_url, "SELECT count(*) FROM statement") == [(2,)]


async def test_what_the_read_models_have_not_seen_stays(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        age(database_url, await store(log, new_statement()))
        plan = await planned(database_url, "100d")
        assert plan.kept_back is not None
        assert "position 0 of" in plan.kept_back
        with pytest.raises(RetentionRefused, match="have come to position 0 of"):
            await dropped(database_url, plan.before)
        assert rows(database_url, "SELECT count(*) FROM statement") == [(1,)]
        await log.project()
        assert sum(part.statements for part in await dropped(database_url, plan.before)) == 1


async def test_what_is_referred_to_stays_until_that_is_settled(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        (target,) = await store(log, new_statement())
        (referrer,) = await store(log, new_statement(object={"objectType": "StatementRef", "id": target}))
        await log.project()
        age(database_url, [target])
        with psycopg.connect(database_url) as connection:
            connection.execute("DELETE FROM reference_unsettled")
            connection.execute("INSERT INTO reference_unsettled (tenant, id, stored) VALUES (1, %s, now())", [referrer])
        plan = await planned(database_url, "100d")
        assert plan.kept_back == "references to them are not settled"
        with pytest.raises(RetentionRefused, match="not settled"):
            await dropped(database_url, plan.before)
        with psycopg.connect(database_url) as connection:
            connection.execute("DELETE FROM reference_unsettled")
        assert sum(part.statements for part in await dropped(database_url, plan.before)) == 1


@pytest.mark.parametrize("together", [1, 1000])
async def test_references_and_repairs_of_what_is_gone_are_swept(
    database_url: str, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "TOGETHER", together)
    async with CourseLog.open(database_url) as log:
        about = {"object": {"objectType": "StatementRef", "id": str(uuid4())}}
        gone, stays = await store(log, new_statement(**about), new_statement(**about))
        with psycopg.connect(database_url) as connection:
            connection.execute("DELETE FROM reference_unsettled")
            for one in (gone, stays, str(uuid4())):
                connection.execute("INSERT INTO statement_repair VALUES (1, %s, '', '{}', '{}')", [one])
        await log.project()
        age(database_url, [gone])
        await dropped(database_url, (await planned(database_url, "100d")).before)
        async with await connected(database_url) as connection:
            assert await retention.sweep(connection) == (1, 1)
            assert await retention.sweep(connection) == (0, 0)
        left = rows(database_url, "SELECT referrer::text FROM statement_reference")
        assert left == [(stays,)]
        assert len(rows(database_url, "SELECT FROM statement_repair")) == 2


async def test_voiding_what_is_gone(database_url: str) -> None:
    """The fact is taken away as ever; a statement that was voided by one that is gone stays voided."""
    async with CourseLog.open(database_url) as log:
        gone, voided_later = await store(log, new_statement(), new_statement())
        (by,) = await store(log, voiding(voided_later))
        await log.project()
        age(database_url, [gone, by])
        await dropped(database_url, (await planned(database_url, "100d")).before)
        await store(log, voiding(gone))
        await log.project()
        live = "SELECT count(*) FROM fact WHERE voided_position IS NULL AND id = ANY ('{%s,%s}')"
        assert rows(database_url, live % (gone, voided_later)) == [(0,)]


async def test_somebody_reads_what_is_to_go(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PATIENCE", 1)
    async with CourseLog.open(database_url) as log:
        age(database_url, await store(log, new_statement()))
        await log.project()
        plan = await planned(database_url, "100d")
        with psycopg.connect(database_url) as reader:
            reader.execute("SELECT count(*) FROM statement")
            with pytest.raises(RetentionRefused, match="Somebody else"):
                await dropped(database_url, plan.before)
        assert await dropped(database_url, plan.before) == plan.parts


async def test_only_the_owner_may_drop(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE ROLE nobody_in_particular")
        connection.execute("GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO nobody_in_particular")
        connection.execute("SET ROLE nobody_in_particular")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM drop_oldest_statements(now() - interval '2 days')")
        connection.rollback()
        with pytest.raises(psycopg.DatabaseError, match="last day") as refusal:
            connection.execute("SELECT * FROM drop_oldest_statements(now())")
        assert refusal.value.sqlstate == "LR425"
