"""The read models over real statements equal the naive computation, whatever the order, duplication and batches."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.version import XapiVersion
from tests.acceptance.corpora import statements_of, uuid_of
from tests.acceptance.corpus_refusals import REFUSED
from tests.acceptance.course_log import CourseLog
from tests.acceptance.read_back import read_models

pytestmark = pytest.mark.anyio

CLOCK = datetime(2026, 9, 1, tzinfo=UTC)
LARGEST = pytest.param("openedx-generated", marks=pytest.mark.one_database("timescaledb"))
FOLDERS = (
    "adl-xapi-spec",
    "adl-xapiwrapper",
    "cmi5-spec-scenarios",
    "gowithfloat-xapi",
    "h5p-php-report",
    "jisc-xapi-recipes",
    "maskott-xapi-net",
    LARGEST,
    "openfun-ralph",
    "openfun-warren",
    "rustici-prototypes",
    "xapi-java",
    "xapi-scorm-profile",
    "xapi-video-profile",
    "yet-datasim",
    "yet-lrsql-docs",
)


def accepted_statements(folder: Path, below: str) -> list[dict[str, Any]]:
    """Every statement of a corpus that is accepted, once, each with an id."""
    found: dict[str, dict[str, Any]] = {}
    for one in statements_of(folder, below=below):
        if (one.file, one.number) not in REFUSED:
            value = one.with_id()
            found.setdefault(value["id"].lower(), value)
    return list(found.values())


def void(target: str, by: str) -> dict[str, Any]:
    """A statement that voids another."""
    return {
        "id": by,
        "actor": {"mbox": "mailto:admin@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": target},
    }


async def deliver(log: CourseLog, statements: list[dict[str, Any]], chance: random.Random) -> None:
    """In batches of random size, each projected in steps of random size before the next or not."""
    at = 0
    while at < len(statements):
        size = chance.choice((1, 7, 50, 400))
        batch = statements[at : at + size]
        version = XapiVersion.V2_0_0 if any("2.0" in str(one.get("version")) for one in batch) else XapiVersion.V1_0_3
        await log.append(batch, version)
        if chance.random() < 0.3:  # a client that did not hear the answer
            await log.append(batch, version)
        if chance.random() < 0.5:
            await log.project((chance.choice((1, 13, 200)), 1000))
        at += size
    await log.project()


@pytest.mark.parametrize("folder", FOLDERS)
async def test_corpus(database_url: str, shared_data: Path, folder: str) -> None:
    statements = accepted_statements(shared_data / "statements", folder)
    assert statements
    chance = random.Random(folder)
    voided = chance.sample(statements, len(statements) // 12)
    statements += [void(one["id"], str(uuid_of(f"voids {one['id']}"))) for one in voided]
    chance.shuffle(statements)
    async with CourseLog.open(database_url) as log:
        await log.tick(CLOCK)
        await deliver(log, statements, chance)
        assert log.differences() == []
        live = read_models(database_url)
        await log.forget_read_models()
        await log.project()
        assert log.letters() == {}
        assert read_models(database_url) == live
