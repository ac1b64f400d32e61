"""A schema beside has every table of the read models, just as the live ones are; for one transaction names mean it."""

import psycopg
import pytest
from psycopg import AsyncConnection

from projections import side_schema
from tests.acceptance.course_log import TENANT
from tests.integration.log_under_load import connections

pytestmark = pytest.mark.anyio

BESIDE = "read_models_beside"
OF_THE_LOG = {  # and whatever else does not follow from the log
    *(
        "alembic_version",
        "course_world",
        "relay_checkpoint",
        "attachment",
        "attachment_piece",
        "authority",
        "activity_definition",
        "control_event",
        "loaded_past",
    ),
    *side_schema.OF_SHARDS,
    *("credential", "document", "reference_unsettled", "statement", "statement_attachment", "statement_awaited"),
    *("statement_id", "statement_reference", "statement_repair", "statement_void", "tenant", side_schema.CHECKPOINT),
}
SHAPES = {
    "columns": "SELECT table_name, ordinal_position, column_name, data_type, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = %s",
    "indexes": "SELECT tablename, indexname, regexp_replace(indexdef, ' ON \\w+[.]', ' ON ') FROM pg_indexes"
    " WHERE schemaname = %s",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = %s::regnamespace",
    "options": "SELECT relname, reloptions::text FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace",
}


async def test_every_table_is_there_just_as_the_live_one_is(database_url: str) -> None:
    async with connections(database_url, 1) as (connection,):
        await side_schema.make(connection, BESIDE, {"what": "a test"})
        assert await side_schema.notes(connection, "read_models_") == {BESIDE: {"what": "a test"}}
        rows = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        parts = await connection.execute("SELECT inhrelid::regclass::text FROM pg_inherits")
        live = {name for (name,) in await rows.fetchall()} - {name for (name,) in await parts.fetchall()}
        assert live - OF_THE_LOG == set(side_schema.TABLES)
        ours = {*side_schema.TABLES, side_schema.CHECKPOINT, "course_outline_size", "enrollment_standing"}
        for query in SHAPES.values():
            found = []
            for schema in (side_schema.LIVE, BESIDE):
                async with side_schema.inside(connection, schema):
                    rows = await connection.execute(query.encode(), [schema])
                    found.append({row for row in await rows.fetchall() if row[0] in ours})
            assert found[0] == found[1]
            assert {row[0] for row in found[1]} & {"fact", side_schema.CHECKPOINT}
        await side_schema.drop(connection, BESIDE)
        assert not await side_schema.exists(connection, BESIDE)


@pytest.mark.parametrize("prepared", [True, False])
async def test_names_mean_it_for_one_transaction(database_url: str, *, prepared: bool) -> None:
    """Also in statements, and through views, that were prepared while the names meant something else."""
    count = "SELECT (SELECT count(*) FROM outline_node), (SELECT count(*) FROM course_outline_size)"
    write = "INSERT INTO outline_node (tenant, course, node, iri, kind, rule, required, graded) VALUES"
    write += " (%s, gen_random_uuid(), gen_random_uuid(), 'x:y', 'unit', 'content', true, false)"

    async def counted(connection: AsyncConnection) -> object:
        return await (await connection.execute(count, prepare=prepared)).fetchone()

    async with connections(database_url, 1) as (connection,):
        await connection.execute(write.encode(), [TENANT], prepare=prepared)
        await side_schema.make(connection, BESIDE, {})
        for number in range(1, 4):
            assert await counted(connection) == (1, 1)
            async with side_schema.inside(connection, BESIDE):
                await connection.execute(write.encode(), [TENANT], prepare=prepared)
                assert await counted(connection) == (number, number)
            async with side_schema.inside(connection, BESIDE):
                await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                assert await counted(connection) == (number, number)
        with pytest.raises(psycopg.errors.DivisionByZero):
            async with side_schema.inside(connection, BESIDE):
                await connection.execute("SELECT 1 / 0")
        assert await counted(connection) == (1, 1)
