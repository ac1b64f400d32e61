"""`lrs replay-file`: whatever form the statements have, each arrives once or its reason is told.

What the endpoint refuses is here; where it is busy or dies is in test_replay_interrupted.py.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from uuid import UUID

import pytest

from lrs.replay_state import StateUnusable
from tests.integration.fake_endpoint import FakeEndpoint
from tests.integration.replayed_files import lines, replayed, statement, verb_in


def test_a_line_file_arrives_in_order_in_batches_with_every_digit(tmp_path: Path) -> None:
    endpoint = FakeEndpoint()
    path = tmp_path / "a.ndjson"
    precise = b'{"id":"00000000-0000-0000-0000-000000000abc","verb":{"id":"v"},"result":{"raw":1.1000000000000000001}}'
    others = b"".join(json.dumps(statement(n)).encode() + b"\n" for n in range(120))
    path.write_bytes(b"\xef\xbb\xbf" + others + b"\r\n" + precise)
    report = replayed(endpoint, path)
    assert endpoint.ids() == [str(UUID(int=n + 1)) for n in range(120)] + ["00000000-0000-0000-0000-000000000abc"]
    assert [len(batch) for batch in endpoint.posted()] == [50, 50, 21]
    assert precise in endpoint.raw[-1]
    assert (report.sent, report.stored, report.known, report.refused, report.exit_code) == (121, 121, 0, 0, 0)


def test_a_folder_is_read_through_whatever_the_form_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "one.json").write_text(json.dumps(statement(0)))
    (tmp_path / "array.json").write_text(json.dumps([statement(1), statement(2)], indent=2))
    (tmp_path / "array2.json.gz").write_bytes(gzip.compress(json.dumps([statement(3)]).encode()))
    (tmp_path / "export.json").write_text(json.dumps({"statements": [statement(4), statement(5)], "more": ""}))
    (tmp_path / "really-lines.json").write_text("\n".join(json.dumps(statement(n)) for n in (6, 7)))
    lines(tmp_path / "deep" / "more.jsonl", [statement(8)])
    lines(tmp_path / "deep" / "more.ndjson.gz", [statement(9), statement(10)])
    (tmp_path / ".git" / "hidden.json").write_text(json.dumps(statement(11)))
    (tmp_path / "README.md").write_text("not this one")
    endpoint = FakeEndpoint()
    report = replayed(endpoint, tmp_path, state_file=tmp_path.parent / "folder.lrs-replay")
    assert sorted(endpoint.ids()) == [str(UUID(int=n + 1)) for n in range(11)]
    assert len(endpoint.requests) == 1
    assert (report.files, report.stored, report.refused) == (7, 11, 0)


@pytest.mark.parametrize("names_the_bad", [True, False])
@pytest.mark.parametrize("bad", [(7,), (0, 49, 50, 99), tuple(range(20, 45))])
def test_a_bad_statement_holds_back_no_other_and_its_reason_is_told(
    tmp_path: Path, bad: tuple[int, ...], names_the_bad: bool
) -> None:
    endpoint = FakeEndpoint(refuse=verb_in(*bad), names_the_bad=names_the_bad)
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", [statement(n) for n in range(100)]))
    assert sorted(endpoint.ids()) == [str(UUID(int=n + 1)) for n in range(100) if n not in bad]
    assert sorted(refusal.place for refusal in report.refusals) == sorted(f"a.jsonl:{n + 1}" for n in bad)
    assert (report.stored, report.refused, report.exit_code) == (100 - len(bad), len(bad), 1)
    refusal = report.refusals[0]
    assert (refusal.status, refusal.title, refusal.statement_id) == (400, "refused", str(UUID(int=bad[0] + 1)))
    if names_the_bad:
        assert [(v.path, v.rule, v.clause) for v in refusal.violations] == [
            ("verb.id", "is a bad verb", "xAPI 1.0.3 Data 2.4.3")
        ]
        assert "verb.id is a bad verb (xAPI 1.0.3 Data 2.4.3)" in report.as_text()


def test_a_server_of_ours_is_asked_for_the_results_of_a_refused_batch(tmp_path: Path) -> None:
    clash = statement(3, result={"success": True})
    endpoint = FakeEndpoint(refuse=verb_in(7, 8, 60), gives_results=True, log=[clash, statement(4)])
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", [statement(n) for n in range(120)]))
    assert [(r.place, r.status) for r in report.refusals] == [
        ("a.jsonl:4", 409),
        ("a.jsonl:8", 400),
        ("a.jsonl:9", 400),
        ("a.jsonl:61", 400),
    ]
    assert report.refusals[1].violations[0].rule == "is a bad verb"
    assert (report.sent, report.stored, report.known, report.refused) == (120, 115, 1, 4)
    assert [len(batch) for batch in endpoint.posted()] == [50, 50, 50, 50, 20]


def test_conflicts_are_told_and_the_others_are_stored(tmp_path: Path) -> None:
    endpoint = FakeEndpoint(log=[statement(3, result={"success": True}), statement(4)])
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", [statement(n) for n in range(10)]))
    assert [(r.place, r.status) for r in report.refusals] == [("a.jsonl:4", 409)]
    assert (report.stored, report.known, report.refused) == (8, 1, 1)


def test_what_is_no_statement_is_told_by_line_without_sending_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps(statement(0))
    path.write_text(f'{good}\n[1]\n{{"id": \n\n"text"\n{json.dumps(statement(1))}\n')
    (endpoint := FakeEndpoint())
    report = replayed(endpoint, path)
    assert [r.place for r in report.refusals] == ["a.jsonl:2", "a.jsonl:3", "a.jsonl:5"]
    assert {r.status for r in report.refusals} == {0}
    assert (report.sent, report.stored, report.refused) == (2, 2, 3)


def test_gzip_that_breaks_off_gives_what_it_holds_and_says_so(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.ndjson.gz", [statement(n, result={"response": str(n**9)}) for n in range(3000)])
    path.write_bytes(path.read_bytes()[:-2000])
    endpoint = FakeEndpoint()
    report = replayed(endpoint, path)
    assert endpoint.ids() == [str(UUID(int=n + 1)) for n in range(len(endpoint.log))]
    assert 100 < len(endpoint.log) < 3000
    assert [(r.place, r.violations[0].rule) for r in report.refusals][-1] == ("a.ndjson.gz", "is gzip data to its end")
    again = replayed(endpoint, path)
    assert (again.nothing_to_do, again.refused_before, again.exit_code) == (True, report.refused, 1)


def test_statements_without_an_id_are_stored_once_however_often_they_are_replayed(tmp_path: Path) -> None:
    anonymous = [{k: v for k, v in statement(n // 2).items() if k != "id"} for n in range(6)]
    plain, zipped = lines(tmp_path / "a.jsonl", anonymous), lines(tmp_path / "a.jsonl.gz", anonymous)
    endpoint = FakeEndpoint()
    assert replayed(endpoint, plain).stored == 6
    (tmp_path / "a.jsonl.lrs-replay").unlink()
    assert (again := replayed(endpoint, plain)).known == 6
    assert replayed(endpoint, zipped).known == 6
    assert len(set(endpoint.ids())) == 6
    assert again.exit_code == 0


def test_a_finished_replay_has_nothing_to_do_until_the_file_changes_or_the_endpoint_is_another(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [statement(n) for n in range(60)])
    endpoint, other = FakeEndpoint(), FakeEndpoint()
    replayed(endpoint, path)
    done = replayed(endpoint, path)
    assert (done.nothing_to_do, done.settled_before, done.sent, done.exit_code) == (True, 60, 0, 0)
    assert "Nothing to do" in done.as_text()
    assert len(endpoint.requests) == 2
    assert replayed(other, path).stored == 60
    assert replayed(endpoint, path).nothing_to_do
    with path.open("a") as file:
        file.write(json.dumps(statement(60)) + "\n")
    grown = replayed(endpoint, path)
    assert (grown.nothing_to_do, grown.stored, grown.known) == (False, 1, 60)


def test_each_statement_goes_with_its_own_version_and_an_option_overrules_it(tmp_path: Path) -> None:
    own = [None, "1.0.0", "2.0.0", "2.0.1", "1.0.3"]
    path = lines(tmp_path / "a.jsonl", [statement(n, **({"version": v} if v else {})) for n, v in enumerate(own)])
    endpoint = FakeEndpoint()
    replayed(endpoint, path)
    assert [
        (r.headers["x-experience-api-version"], len(p))
        for r, p in zip(endpoint.requests, endpoint.posted(), strict=True)
    ] == [("1.0.3", 2), ("2.0.0", 2), ("1.0.3", 1)]
    forced = FakeEndpoint()
    replayed(forced, path, version="2.0.0", state_file=tmp_path / "other")
    assert [r.headers["x-experience-api-version"] for r in forced.requests] == ["2.0.0"]


def test_one_id_twice_goes_in_two_requests(tmp_path: Path) -> None:
    endpoint = FakeEndpoint()
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", [statement(n) for n in (0, 1, 1, 2)]))
    assert [len(batch) for batch in endpoint.posted()] == [2, 2]
    assert (report.stored, report.known) == (3, 1)


def test_a_server_that_does_not_count_is_believed_by_its_positions(tmp_path: Path) -> None:
    endpoint = FakeEndpoint(says_stored=False, log=[statement(n) for n in range(50, 100)])
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", [statement(n) for n in range(100)]))
    assert (report.stored, report.known) == (50, 50)


def test_a_server_with_positions_but_no_new_ones_knows_everything_already(tmp_path: Path) -> None:
    both = [statement(n) for n in range(60)]
    endpoint = FakeEndpoint(says_stored=False, log=list(both))
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", both))
    assert (report.stored, report.known) == (0, 60)


def test_another_store_is_believed_to_have_stored_what_it_accepted(tmp_path: Path) -> None:
    endpoint = FakeEndpoint(says_stored=False, is_another_store=True)
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", [statement(n) for n in range(60)]))
    assert (report.stored, report.known, report.stopped) == (60, 0, None)


def test_many_refusals_are_summed_up_by_their_reason(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [statement(n) for n in range(40)])
    text = replayed(FakeEndpoint(refuse=verb_in(*range(5, 35))), path).as_text()
    assert "  30 × verb.id is a bad verb (xAPI 1.0.3 Data 2.4.3)" in text
    assert "… and 10 more" in text


def test_a_state_file_that_is_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [statement(0)])
    with pytest.raises(StateUnusable):
        replayed(FakeEndpoint(), path, state_file=path)
    assert json.loads(path.read_text()) == statement(0)


def test_the_report_is_json(tmp_path: Path) -> None:
    report = replayed(FakeEndpoint(refuse=verb_in(0)), lines(tmp_path / "a.jsonl", [statement(n) for n in range(2)]))
    read = json.loads(report.as_json())
    assert (read["stored"], read["refused"], read["nothing_to_do"]) == (1, 1, False)
    assert read["refusals"][0]["violations"][0]["path"] == "verb.id"
    assert read["refusals"][0]["place"] == "a.jsonl:1"
