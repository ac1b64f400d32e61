"""`lrs retention`, `lrs compress` and `lrs stats`, as an administrator types them."""

import asyncio
import json
import os
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from lrs.cli import main
from tests.acceptance.course_log import TENANT, CourseLog
from tests.acceptance.endpoint import new_statement
from tests.integration.aged_log import age

OLD, YOUNG = 4, 3


def run(*words: str, url: str, **options: Any) -> Result:
    """One command in this process, with no setting but the database."""
    unset = dict.fromkeys((name for name in os.environ if name.startswith("LRS_")), None)
    return CliRunner().invoke(main, words, env={**unset, "LRS_DATABASE_URL": url}, **options)


def fill(url: str) -> None:
    """Some statements long ago, which the read models have, and some now, which they have not."""
    old, young = ([new_statement() for _ in range(count)] for count in (OLD, YOUNG))

    async def append() -> None:
        async with CourseLog.open(url) as log:
            await log.append(old)
            await log.project()
            await log.append(young)

    asyncio.run(append())
    age(url, [one["id"] for one in old])


def stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM statement").fetchone()
    assert row is not None
    return int(row[0])


def test_ages_that_say_nothing(database_url: str) -> None:
    for text in ("2 years", "0d", "2999-01-01"):
        for command in (["retention", "--yes"], ["compress"]):
            refused = run(*command, "--older-than", text, url=database_url)
            assert refused.exit_code == 1
            assert refused.stderr.startswith("Error: ")


def test_nothing_goes_that_was_not_confirmed(database_url: str) -> None:
    fill(database_url)
    asked = run("retention", "--older-than", "1y", url=database_url, input="n\n")
    assert asked.exit_code == 1
    assert f"{OLD} statements" in asked.stdout
    assert stored(database_url) == OLD + YOUNG
    asked = run("retention", "--older-than", "1y", "--dry-run", url=database_url)
    assert asked.exit_code == 0
    assert f"{OLD} statements" in asked.stdout
    assert stored(database_url) == OLD + YOUNG
    asked = run("retention", "--older-than", "1y", url=database_url, input="y\n")
    assert asked.exit_code == 0, asked.output
    assert f"{OLD} statements" in asked.stdout
    assert stored(database_url) == YOUNG


def test_stats(database_url: str) -> None:
    fill(database_url)
    with psycopg.connect(database_url, application_name="a long writer") as writer:
        writer.execute("SELECT pg_current_xact_id()")
        done = run("stats", "--json", url=database_url)
        text = run("stats", url=database_url)
    assert done.exit_code == text.exit_code == 0, done.output + text.output
    found = json.loads(done.stdout)
    assert (found["statements"], found["exact"], found["tenants"]) == (OLD + YOUNG, True, {str(TENANT): OLD + YOUNG})
    assert found["oldest"] < found["newest"]
    assert found["begin"] == 0
    assert found["lag_positions"] == found["position"] - found["read_model_position"] == YOUNG
    assert found["lag_seconds"] > 0
    assert found["oldest_transaction"]["application"] == "a long writer"
    assert "a long writer" in text.stdout
    assert [part["compressed"] for part in found["parts"]] == [False] * len(found["parts"])
    taken = found["bytes"]
    assert set(taken["indexes"]) == {"gin (keys)", "btree (stored, position)", "btree (position)"}
    assert sum(part["bytes"] for part in found["parts"]) == taken["log"] > sum(taken["indexes"].values()) > 0
    assert min(taken[name] for name in ("gate", "beside", "read_models")) > 0
    others = {"tenant", "credential", "document", "activity_definition", "statement_repair"}
    others |= {"attachment", "attachment_piece", "statement_attachment", "course_world", "relay_checkpoint"}
    assert set(taken["others"]) == others


@pytest.mark.parametrize("bound", ["COUNTED", "COUNTED_BYTES"])
def test_stats_of_a_log_too_long_to_count(database_url: str, bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"lrs.statement_log.log_statistics.{bound}", 0)
    fill(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE statement")
        connection.execute("INSERT INTO tenant (tenant, name) VALUES (2, 'nobody has any')")
    found = json.loads(run("stats", "--json", url=database_url).stdout)
    assert (found["statements"], found["exact"], found["tenants"]) == (OLD + YOUNG, False, {str(TENANT): OLD + YOUNG})
    assert f"about {OLD + YOUNG}" in run("stats", url=database_url).stdout


def test_stats_of_nothing(database_url: str) -> None:
    found = json.loads(run("stats", "--json", url=database_url).stdout)
    assert (found["statements"], found["oldest"], found["lag_positions"], found["lag_seconds"]) == (0, None, 0, 0)
    assert run("stats", url=database_url).exit_code == 0
