"""Real statements of many makers: the table of refusals says exactly what the validator says."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.corpora import statements_of
from tests.acceptance.corpus_refusals import REFUSED
from tests.unit.schemas.statement_parts import faults_of


def test_the_corpus_is_refused_where_the_table_says_and_nowhere_else(shared_data: Path) -> None:
    sent = statements_of(shared_data / "statements")
    found = {(one.file, one.number): faults_of(one.text, one.version) for one in sent}
    assert {name: paths for name, paths in found.items() if paths} == {
        name: set(paths.split(" ")) for name, (paths, _) in REFUSED.items()
    }
