"""`lrs outline` and `lrs rules`, on a database of one's own."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lrs.cli import main
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

COURSE = "https://x.example/course"
FIRST = f"course: {COURSE}\ntitle: Rocks\nnodes:\n  - id: {COURSE}/film\n  - id: {COURSE}/quiz\n"
SECOND = f"course: {COURSE}\nnodes:\n  - {{id: {COURSE}/film, title: Rocks}}\n  - id: {COURSE}/exam\n"


def run(url: str, *words: str, text: str | None = None) -> Result:
    """One command in this process, with no setting but the database."""
    unset = dict.fromkeys((name for name in os.environ if name.startswith("LRS_")), None)
    return CliRunner().invoke(main, [*words, "--course", COURSE], input=text, env={**unset, "LRS_DATABASE_URL": url})


def printed(url: str, *words: str, text: str | None = None) -> Any:
    """What a command that must succeed prints as JSON."""
    done = run(url, *words, "--json", text=text)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_from_an_outline_to_a_rule(embedded_server: PostgresServer, tmp_path: Path) -> None:
    file = tmp_path / "outline.yaml"
    file.write_text(FIRST)
    with migrated_database(embedded_server) as url:
        dry = run(url, "outline", "import", str(file), "--dry-run").stdout
        assert dry.splitlines() == [
            "Rocks: 2 units.",
            "Beside what is set: 2 new.",
            "Nothing was set: this was a dry run.",
        ]
        assert printed(url, "outline", "import", str(file))["change"]["version"] == 1
        assert not printed(url, "outline", "import", str(file))["change"]["changed"]
        file.write_text(SECOND)
        assert printed(url, "outline", "import", str(file))["difference"] == {"new": 1, "gone": 1, "changed": 1}

        film, exam = ("--node", f"{COURSE}/film"), ("--node", f"{COURSE}/exam")
        waits = json.dumps({"when": {"rule": "prerequisite", "node": f"{COURSE}/exam"}})
        assert printed(url, "rules", "set", "-", *film, "--reason", "agreed", text=waits)["version"] == 3
        assert "film  (set, by lrs command line at " in run(url, "rules", "show").stdout
        (found,) = printed(url, "rules", "show", *exam)
        assert (found["source"], found["content_type"]) == ("default", "content")
        refused = run(url, "rules", "set", "-", *exam, text=waits.replace("/exam", "/film"))
        assert refused.exit_code == 1
        assert "rule.when.node must not wait for" in refused.stderr
        assert printed(url, "rules", "set", "-", *film, text="null")["changed"]
        assert run(url, "rules", "show").stdout == "No rules are set beside those of the outline.\n"
        assert "no tenant 7" in run(url, "rules", "set", "-", *film, "--tenant", "7", text=waits).stderr


@pytest.mark.parametrize(
    "content", [FIRST.replace(COURSE, "https://x.example/other"), "nodes: 1\n", "<x/>", "{}", "[]"]
)
def test_a_file_that_is_no_outline_of_the_course_is_told_of_in_lines(tmp_path: Path, content: str) -> None:
    file = tmp_path / "outline"
    file.write_text(content)
    done = run("postgresql://127.0.0.1:1/nothing", "outline", "import", str(file))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "so nothing of it was set" in done.stderr


def test_a_course_structure_is_known_by_its_first_bytes(shared_data: Path, embedded_server: PostgresServer) -> None:
    file = shared_data / "cmi5/course-structures/AICC+CMI-5_Spec_Current__v1__examples__simple-cmi5.xml"
    with migrated_database(embedded_server) as url:
        done = run(url, "outline", "import", str(file), "--dry-run")
        assert "course must be https://x.example/course" in done.stderr
