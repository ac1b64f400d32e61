"""Real statements of many makers: the table of refusals says exactly what the validator says."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import msgspec

from schemas.json_text import cut
from schemas.version import XapiVersion
from tests.acceptance.corpus_refusals import REFUSED
from tests.unit.schemas.statement_parts import faults_of

NOT_STATEMENTS = {"MANIFEST.json", "course_blocks.structure.json"}


def _statements(folder: Path) -> Iterator[tuple[tuple[str, int], bytes]]:
    """Every statement below the folder, by file and index, in the text of its file."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in NOT_STATEMENTS:
            continue
        content = path.read_bytes()
        texts = gzip.decompress(content).splitlines() if path.suffix == ".gz" else cut(content)[0]
        for index, text in enumerate(texts):
            yield (path.relative_to(folder).as_posix(), index), text


def _spoken(text: bytes) -> XapiVersion:
    said = msgspec.json.decode(text)["version"] if b'"version"' in text else None
    return XapiVersion.V2_0_0 if said == "2.0.0" else XapiVersion.V1_0_3


def test_the_corpus_is_refused_where_the_table_says_and_nowhere_else(shared_data: Path) -> None:
    folder = shared_data / "statements"
    found = {name: faults_of(text, _spoken(text)) for name, text in _statements(folder)}
    assert {name: paths for name, paths in found.items() if paths} == {
        name: set(paths.split(" ")) for name, (paths, _) in REFUSED.items()
    }
