"""`lrs rules try`, on a database that no server works on."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import psycopg

from tests.acceptance.course_log import CourseLog
from tests.integration.test_configuration_commands import COURSE, printed, run
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

ADL = "http://adlnet.gov/expapi/"
QUIZ = f"{COURSE}/quiz"


def scored(who: str, score: float) -> dict[str, Any]:
    """Somebody has a score."""
    return {
        "id": str(uuid4()),
        "actor": {"mbox": f"mailto:{who}@x.example", "name": who},
        "verb": {"id": f"{ADL}verbs/scored"},
        "object": {"id": QUIZ, "definition": {"type": f"{ADL}activities/assessment", "name": {"en": "Rocks"}}},
        "result": {"score": {"scaled": score}},
        "context": {
            "contextActivities": {"grouping": [{"id": COURSE, "definition": {"type": f"{ADL}activities/course"}}]}
        },
    }


async def tell(url: str) -> None:
    """Ann has enough by default, and less than what is tried; Bo has enough for both."""
    async with CourseLog.open(url) as log:
        await log.append([scored("ann", 0.7), scored("bo", 0.9)])
        await log.project()


def test_a_rule_is_tried_and_nothing_is_set(embedded_server: PostgresServer) -> None:
    rule = json.dumps({"when": {"rule": "score", "at_least": 0.8}})
    with migrated_database(embedded_server) as url:
        asyncio.run(tell(url))
        lines = run(url, "rules", "try", "-", "--node", QUIZ, text=rule).stdout.splitlines()
        assert lines == [
            "Learners who would stand otherwise: 1, as of position 2. Nothing was set.",
            "ann  (mbox:mailto:ann@x.example)",
            "    Rocks: completed → in_progress",
        ]
        told = printed(url, "rules", "try", "-", "--node", QUIZ, text=rule)
        assert (told["changed"], told["learners"][0]["name"]) == (1, "ann")
        assert run(url, "rules", "show").stdout == "No rules are set beside those of the outline.\n"
        waits = json.dumps({"when": {"rule": "prerequisite", "node": f"{COURSE}/nowhere"}})
        refused = run(url, "rules", "try", "-", "--node", QUIZ, text=waits)
        assert refused.exit_code == 1
        assert "rule.when.node" in refused.stderr
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT FROM control_event").rowcount == 0
