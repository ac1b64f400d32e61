"""Every number is explained: what is computed anew is what the row has, and the statements behind it are there."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lrs.database import read_pool
from lrs.simulation.cohort import simulate
from schemas.version import XapiVersion
from tests.acceptance.course_log import CourseLog
from tests.acceptance.explained_rows import misexplained
from tests.acceptance.test_read_models import accepted_statements, void
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

CLOCK = datetime(2026, 9, 1, tzinfo=UTC)
MOST = 300
"""Keys that are looked at: each is explained on its own."""
FOLDERS = ("cmi5-spec-scenarios", "openedx-generated", "xapi-video-profile", "h5p-php-report", "xapi-scorm-profile")


async def test_the_demos_cohort(database_url: str) -> None:
    statements = [one.statement for one in simulate(7, 10, 28, CLOCK)]
    await _is_explained(database_url, statements)


async def test_real_corpora(embedded_server: PostgresServer, shared_data: Path) -> None:
    """Several at once, with some of it voided; what is computed is not the database's, so one will do."""
    statements = [one for folder in FOLDERS for one in accepted_statements(shared_data / "statements", folder)]
    statements = [one for one in statements if "2.0" not in str(one.get("version"))]
    chance = random.Random(5)
    voided = chance.sample(statements, len(statements) // 12)
    voiding = [void(one["id"], f"00000000-0000-4000-8000-{number:012}") for number, one in enumerate(voided)]
    with migrated_database(embedded_server) as url:
        await _is_explained(url, statements + voiding)


async def _is_explained(url: str, statements: list[dict[str, object]]) -> None:
    async with CourseLog.open(url) as log, read_pool(url, size=1) as pool:
        await log.tick(CLOCK)
        for at in range(0, len(statements), 400):
            await log.append(statements[at : at + 400], XapiVersion.V1_0_3)
        await log.project()
        async with pool.connection() as connection:
            row = await (await connection.execute("SELECT count(*) FROM node_progress")).fetchone()
            assert row is not None
            assert row[0] > 100
            assert [one async for one in misexplained(connection, MOST)][:10] == []
            await connection.execute("UPDATE node_progress SET fraction = fraction / 2 + 0.1 WHERE node = course")
            assert [one async for one in misexplained(connection, MOST)]
