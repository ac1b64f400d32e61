"""What a replay reads out of files, and what it remembers of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from uuid import UUID

import pytest

from lrs import statement_files
from lrs.replay_file import default_state_file
from lrs.replay_state import Refusal, ReplayState, StateUnusable
from lrs.statement_files import Cursor, Entry, find_sources, read_entries
from schemas.errors import Violation


def entries(path: Path, start: Cursor | None = None) -> list[Entry]:
    (source,) = find_sources(path)
    return list(read_entries(source, start or Cursor()))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json", "a.json.gz", "dump"])
def test_reading_goes_on_from_any_entry_and_gives_the_same_rest(tmp_path: Path, name: str) -> None:
    rows = [{"verb": {"id": f"v{n}", "display": {"de": "ä" * n}}} for n in range(9)]
    text = json.dumps(rows) if ".json" in name and "jsonl" not in name else "\n\n".join(map(json.dumps, rows))
    data = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    whole = entries(tmp_path / name)
    assert [entry.after.index for entry in whole] == list(range(1, 10))
    assert len({entry.statement_id for entry in whole}) == 9
    for place, entry in enumerate(whole):
        rest = entries(tmp_path / name, entry.after)
        assert [(e.place, e.raw, e.after) for e in rest] == [(e.place, e.raw, e.after) for e in whole[place + 1 :]]


@pytest.mark.parametrize("text", ['{"verb":1.10}', '{ "verb":1.10}', "{}", "{ }"])
def test_an_id_is_put_in_front_and_the_rest_stays_as_it_was(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    (entry,) = entries(tmp_path / "a.json")
    assert entry.statement_id is not None
    assert UUID(entry.statement_id).version == 5
    assert json.loads(entry.raw) == {"id": entry.statement_id, **json.loads(text)}
    assert entry.raw.endswith(text.strip("{ ").encode())


def test_a_made_id_depends_on_the_name_the_place_and_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"n":1}\n{"n":1}\n{"n":2}\n')
    (tmp_path / "b.jsonl").write_text('{"n":1}\n')
    ids = [entry.statement_id for name in ("a.jsonl", "b.jsonl") for entry in entries(tmp_path / name)]
    assert len(set(ids)) == 4
    assert ids[:3] == [entry.statement_id for entry in entries(tmp_path / "a.jsonl")]


def test_a_given_id_is_left_alone_even_where_it_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id":"x","n":1}\n{"id":null}\n{"id":7}\n')
    read = entries(tmp_path / "a.jsonl")
    assert [entry.raw for entry in read] == [b'{"id":"x","n":1}', b'{"id":null}', b'{"id":7}']
    assert [entry.statement_id for entry in read] == ["x", None, None]


def test_a_line_that_does_not_fit_in_memory_is_told_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_files, "LONGEST_LINE", 100)
    (tmp_path / "a.jsonl").write_text('{"n":1}\n{"n":"' + "x" * 350 + '"}\n{"n":2}\n')
    read = entries(tmp_path / "a.jsonl")
    assert [entry.fault is not None for entry in read] == [False, True, False]
    assert [entry.place for entry in read] == ["a.jsonl:1", "a.jsonl:2", "a.jsonl:3"]
    assert read[-1].after.offset == (tmp_path / "a.jsonl").stat().st_size


def test_a_document_that_is_not_json_is_one_fault(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"n":1}, {"n":')
    (entry,) = entries(tmp_path / "a.json")
    assert entry.fault is not None
    assert (entry.place, entry.fault.rule) == ("a.json", "is JSON")


def test_the_identity_changes_with_the_content_and_with_the_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n":1}\n')
    (source,) = find_sources(path)
    before = source.identity()
    assert source.identity() == before
    path.write_text('{"n":2}\n')
    assert source.identity() != before


REFUSAL = Refusal("a:1", None, 400, "refused", (Violation("actor", "is missing", "Data 2.4.2", "nothing"),))


def test_the_state_is_kept_by_file_identity_and_endpoint(tmp_path: Path) -> None:
    path = tmp_path / "s.lrs-replay"
    for endpoint, index in (("one", 50), ("two", 7)):
        with ReplayState(path, endpoint) as state:
            state.write({"a": state.note("a", "x", Cursor(index, 900, index), False, [REFUSAL])})
    with ReplayState(path, "one") as state:
        kept = state.of("a", "x")
        assert (kept.cursor, kept.done, kept.refused, kept.refusals) == (Cursor(50, 900, 50), False, 1, [REFUSAL])
        state.write({"a": state.note("a", "x", Cursor(60, 1000, 60), True, [])})
    with ReplayState(path, "one") as state:
        kept = state.of("a", "x")
        assert (kept.cursor.index, kept.done, kept.refused) == (60, True, 1)
        assert state.of("a", "changed").cursor == Cursor()
    with ReplayState(path, "two") as state:
        assert state.of("a", "x").cursor.index == 7
        assert state.of("b", "x").cursor.index == 0


def test_a_torn_last_line_never_happened(tmp_path: Path) -> None:
    path = tmp_path / "s.lrs-replay"
    with ReplayState(path, "one") as state:
        for index in (1, 2, 3):
            state.write({"a": state.note("a", "x", Cursor(index), False, [])})
    whole = path.read_text()
    path.write_text(whole[:-5])
    with ReplayState(path, "one") as state:
        assert state.of("a", "x").cursor.index == 2
        state.write({"a": state.note("a", "x", Cursor(4), True, [])})
    with ReplayState(path, "one") as state:
        assert state.of("a", "x").cursor.index == 4


def test_another_file_is_never_overwritten_by_the_state(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("precious")
    with pytest.raises(StateUnusable), ReplayState(path, "one"):
        pass
    assert path.read_text() == "precious"


def test_the_state_lies_beside_the_file_or_in_the_users_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.jsonl"
    assert default_state_file(file) == tmp_path / "a.jsonl.lrs-replay"
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    elsewhere = default_state_file(file)
    assert elsewhere.parent == tmp_path / "state" / "lrs"
    assert elsewhere != default_state_file(tmp_path / "other" / "a.jsonl")
