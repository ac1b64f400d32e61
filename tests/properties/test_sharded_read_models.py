"""The law of many workers: whoever applies which shards when, and beside whom, the rows are in the end those of the
naive computation, and those that one machine writes, byte for byte."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import moved_rows
from schemas.dead_letter import LETTER_DISCARDED, LETTER_RETRIED
from streams import shard_events
from tests.acceptance.course_log import CourseLog
from tests.acceptance.poison import Fault, poisoned
from tests.properties.configurations import events, moments
from tests.properties.learning import BEGIN, logs
from tests.properties.shard_workers import ShardWorkers, written
from tests.properties.test_dead_letters import Decided, decide
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

WORKERS = 3
Setting = tuple[int, datetime, tuple[str, dict[str, Any]]]


class Round(NamedTuple):
    """Who takes which shards (several may take the same), how many events each, and whether all at once."""

    shares: list[set[int]]
    sizes: list[int]
    at_once: bool


@st.composite
def rounds(draw: st.DrawFn, shards: int) -> list[Round]:
    """What happens between two batches of the log."""
    share = st.sets(st.integers(0, shards - 1), max_size=shards)
    one = st.builds(
        Round,
        st.lists(share, min_size=WORKERS, max_size=WORKERS),
        st.lists(st.integers(1, 8), min_size=WORKERS, max_size=WORKERS),
        st.booleans(),
    )
    return draw(st.lists(one, max_size=4))


HISTORIES = given(
    statements=logs(),
    batches=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    shards=st.integers(1, 5),
    ticks=st.lists(st.integers(0, 40), max_size=2),
    said=st.lists(st.tuples(st.integers(0, 6), moments, events()), max_size=6),
    blind=st.booleans(),
    faults=st.just({}) | st.dictionaries(st.integers(1, 12), st.sampled_from(["fold", "write"]), max_size=3),
    decided=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 24), st.sampled_from([LETTER_RETRIED, LETTER_DISCARDED])),
        max_size=3,
    ),
    data=st.data(),
)
CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
@settings(max_examples=6, suppress_health_check=CHECKS)
@HISTORIES
def test_any_workers_write_what_one_machine_writes(database_server: PostgresServer, **history: Any) -> None:
    _hold(database_server, **history)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
@settings(max_examples=200, suppress_health_check=CHECKS)
@HISTORIES
def test_any_workers_write_what_one_machine_writes_many_times(database_server: PostgresServer, **history: Any) -> None:
    _hold(database_server, **history)


def _hold(database_server: PostgresServer, *, blind: bool, faults: dict[int, Fault], **history: Any) -> None:
    """blind: what is voided is found in no log, so every shard is told of it. faults: what cannot be digested."""
    planted = {UUID(int=number): fault for number, fault in faults.items()}
    with (
        migrated_database(database_server) as url,
        poisoned(planted),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(moved_rows, "READ_AT_ONCE", 3)
        patch.setattr(moved_rows, "MOVED_AT_ONCE", 2)
        if blind:
            patch.setattr(shard_events, "keys_of_voided", _no_keys)
        asyncio.run(_work(url, **history))


async def _no_keys(_events: object, _log: object) -> dict[int, bytes]:
    return {}


async def _work(
    url: str,
    statements: list[dict[str, Any]],
    batches: list[int],
    shards: int,
    ticks: list[int],
    said: list[Setting],
    decided: list[Decided],
    data: st.DataObject,
) -> None:
    async with CourseLog.open(url) as log:
        begun = data.draw(st.integers(0, 2), "batches before there are shards")
        at, turn = 0, 0
        while at < len(statements) and turn < begun:
            await log.append(statements[at : at + batches[turn % len(batches)]])
            at += batches[turn % len(batches)]
            turn += 1
        await log.project()
        async with ShardWorkers.open(url, shards, WORKERS) as workers:
            while at < len(statements):
                for days in ticks[:1] if turn == begun else ():
                    await log.tick(BEGIN + timedelta(days=days))
                await log.append(statements[at : at + batches[turn % len(batches)]])
                at += batches[turn % len(batches)]
                for after, recorded, event in said:
                    if after == turn:
                        log.configure(recorded, *event)
                decide(log, statements[:at], [one for one in decided if one[0] == turn])
                for one in data.draw(rounds(shards), "rounds"):
                    await workers.round(*one[:2], at_once=one.at_once)
                turn += 1
            for after, recorded, event in said:
                if after >= turn:
                    log.configure(recorded, *event)
            decide(log, statements, [one for one in decided if one[0] >= turn])
            for days in ticks[1:]:
                await log.tick(BEGIN + timedelta(days=days))
            for one in data.draw(rounds(shards), "rounds"):
                await workers.round(*one[:2], at_once=one.at_once)
            await workers.finish()
            assert log.differences(but_for=log.letters()) == []
            assert await workers.join() is not None
        by_workers = written(url)
        await log.project()
        assert written(url) == by_workers
        await log.forget_read_models()
        await log.project()
        assert written(url) == by_workers
