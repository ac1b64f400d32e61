"""`lrs replay-file` against an endpoint that is busy, errs, hangs up or stays away, and one that is killed itself: it
goes on where it was.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from lrs.replay_file import replay
from tests.integration.fake_endpoint import CREDENTIAL, Answer, FakeEndpoint, Request, problem
from tests.integration.replayed_files import against, lines, replayed, statement, verb_in


def test_what_has_no_result_yet_is_sent_again(tmp_path: Path) -> None:
    def before(request: Request) -> None:
        endpoint.is_full = len(endpoint.requests) < 3

    endpoint = FakeEndpoint(refuse=verb_in(1), gives_results=True, before=before)
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", [statement(n) for n in range(10)]))
    assert (report.sent, report.stored, report.refused, report.stopped) == (10, 9, 1, None)
    assert [len(batch) for batch in endpoint.posted()] == [10, 10, 9]


def misbehaving(*faults: Answer | str | None) -> Callable[[Request], Answer | str | None]:
    waiting = list(faults)
    return lambda _: waiting.pop(0) if waiting else None


def test_a_busy_gone_or_forgetful_endpoint_is_waited_for(tmp_path: Path) -> None:
    busy = Answer(503, {"title": "busy"}, {"Retry-After": "1"})
    endpoint = FakeEndpoint(
        before=misbehaving(None, busy, "hang up", "store and hang up", problem(500, "oops"), problem(429, "slow"))
    )
    report = replayed(endpoint, lines(tmp_path / "a.jsonl", [statement(n) for n in range(100)]), patience=20)
    assert endpoint.ids() == [str(UUID(int=n + 1)) for n in range(100)]
    assert (report.stored, report.known, report.refused, report.waits) == (50, 50, 0, 5)


def test_a_busy_endpoint_is_given_the_time_it_asks_for_and_not_more_than_the_patience(tmp_path: Path) -> None:
    busy = Answer(503, {"title": "busy"}, {"Retry-After": "1"})
    path = lines(tmp_path / "a.jsonl", [statement(0)])
    endpoint = FakeEndpoint(before=misbehaving(busy, busy))
    impatient = replayed(endpoint, path, patience=0.9)
    assert (impatient.exit_code, impatient.waits, len(endpoint.requests)) == (2, 0, 1)
    patient = replayed(endpoint, path, patience=5)
    assert (patient.stored, patient.waits, len(endpoint.requests)) == (1, 1, 3)
    assert patient.seconds >= 1


def test_a_server_error_that_one_statement_causes_holds_back_no_other(tmp_path: Path) -> None:
    def before(request: Request) -> Answer | None:
        return problem(500, "oops") if b'verbs/1"' in request.body else None

    report = replayed(FakeEndpoint(before=before), lines(tmp_path / "a.jsonl", [statement(n) for n in range(3)]))
    assert [(r.place, r.status) for r in report.refusals] == [("a.jsonl:2", 500)]
    assert (report.stored, report.stopped) == (2, None)


def test_an_endpoint_that_stays_away_stops_the_replay_and_a_later_one_ends_it(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [statement(n) for n in range(150)])
    endpoint = FakeEndpoint(before=misbehaving(None, *["hang up"] * 50))

    async def play() -> None:
        async with endpoint.listening():
            stopped = await replay(path, endpoint.url, CREDENTIAL, patience=0.5, progress=False)
        assert (stopped.exit_code, stopped.stored) == (2, 50)
        assert "gave no answer for 0.5 s" in str(stopped.stopped)
        endpoint.before = lambda _: None
        endpoint.requests.clear()
        async with endpoint.listening(endpoint.port):
            report = await replay(path, endpoint.url, CREDENTIAL, progress=False)
        assert (report.settled_before, report.stored, report.known, report.stopped) == (50, 100, 0, None)
        assert [len(batch) for batch in endpoint.posted()] == [50, 50]

    asyncio.run(play())


def test_a_wrong_credential_stops_the_replay_at_once(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [statement(0)])
    endpoint = FakeEndpoint()

    async def play() -> None:
        report = await replay(path, endpoint.url, "key:wrong", progress=False)
        assert (report.exit_code, report.waits) == (2, 0)
        assert "401: who are you?" in str(report.stopped)

    against(endpoint, play)


def test_killed_in_the_middle_it_goes_on_where_it_was_and_stores_nothing_twice(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.ndjson.gz", [statement(n) for n in range(4000)])
    endpoint = FakeEndpoint(refuse=verb_in(10, 3990))

    async def play() -> None:
        program = (
            "import asyncio, pathlib; from lrs.replay_file import replay; "
            f"asyncio.run(replay(pathlib.Path({str(path)!r}), {endpoint.url!r}, {CREDENTIAL!r}, progress=False))"
        )
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        await endpoint.holds(1000)
        process.kill()
        assert await process.wait() != 0
        before = len(endpoint.log)
        assert before < 3900
        state = tmp_path / "a.ndjson.gz.lrs-replay"
        with state.open("a") as file:
            file.write('{"endpoint":"torn in the mid')
        report = await replay(path, endpoint.url, CREDENTIAL, progress=False)
        assert report.settled_before + report.stored + report.known == 3998
        assert report.settled_before >= before - 100
        assert report.known <= 100
        assert [r.place for r in report.refusals] == ["a.ndjson.gz:11", "a.ndjson.gz:3991"]
        assert (report.refused_before, report.refused) == (1, 1)
        assert len(endpoint.log) == len(set(endpoint.ids())) == 3998

    against(endpoint, play)
