"""How the past is posted: everything at least once, some of it late, shuffled and twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from lrs.simulation.cohort import simulate, simulate_cohort
from lrs.simulation.delivery import deliveries, hold_back
from lrs.simulation.learner import Persona
from lrs.simulation.today import AT_ONCE, Today

NOW = datetime(2025, 5, 20, 13, 37, 11, tzinfo=UTC)
PAST = simulate(7, 60, 35, NOW)


def test_the_newest_eighth_is_held_back_but_never_more_than_can_be_watched() -> None:
    past, newest = hold_back(PAST)
    assert past + newest == PAST
    assert len(newest) == round(len(PAST) * 0.12) < 400
    assert len(hold_back(PAST, share=0.5)[1]) == 400


def test_every_statement_is_sent_once_and_again_only_as_a_whole_delivery() -> None:
    plan = deliveries(PAST, 7)
    first = Counter(t.statement["id"] for d in plan if not d.again for t in d.statements)
    assert first == {t.statement["id"]: 1 for t in PAST}
    bodies = {tuple(t.statement["id"] for t in d.statements) for d in plan if not d.again}
    assert all(tuple(t.statement["id"] for t in d.statements) in bodies for d in plan if d.again)


def test_the_shares_of_late_and_repeated_batches_are_about_what_they_should_be() -> None:
    plans = [d for seed in range(10) for d in deliveries(PAST, seed)]
    first = [d for d in plans if not d.again]
    assert 0.035 < sum(d.late for d in first) / len(first) < 0.065
    assert 0.02 < (len(plans) - len(first)) / len(first) < 0.04
    assert all(timedelta(hours=2) < d.at - max(t.at for t in d.statements) for d in first if d.late)


def test_batches_hold_1_to_50_statements_of_one_sitting_of_one_learner_and_single_ones_are_often_put() -> None:
    plan = deliveries(PAST, 7)
    sizes = Counter(len(d.statements) for d in plan)
    assert set(sizes) <= set(range(1, 51))
    assert sizes[1] > 100
    assert max(sizes) > 20
    for delivery in plan:
        assert len({t.learner for t in delivery.statements}) == 1
        instants = sorted(t.at for t in delivery.statements)
        assert all(b - a <= timedelta(hours=1) for a, b in pairwise(instants))
    assert 0.3 < sum(d.put for d in plan) / sizes[1] < 0.7
    assert all(len(d.statements) == 1 for d in plan if d.put)


def test_statements_arrive_out_of_order() -> None:
    plan = deliveries(PAST, 7)
    assert [d.at for d in plan] == sorted(d.at for d in plan)
    arrived = [t.at for d in plan for t in d.statements]
    assert sum(b < a for a, b in pairwise(arrived)) > 50
    assert any([t.at for t in d.statements] != sorted(t.at for t in d.statements) for d in plan)


def test_it_is_the_same_plan_for_the_same_seed() -> None:
    assert deliveries(PAST, 7) == deliveries(PAST, 7) != deliveries(PAST, 8)


def test_today_says_everything_when_its_time_has_come_and_nothing_before() -> None:
    cohort = simulate_cohort(7, 60, 35, NOW)
    unfinished = {one.number for one in cohort.learners if not one.finished}
    today = Today(cohort.learners, NOW, Random(1))
    assert today.due(NOW - timedelta(seconds=1)) == []
    clock, said = NOW, []
    for _ in range(600):
        clock += timedelta(seconds=1)
        ready = today.due(clock)
        assert all(clock - timedelta(seconds=1) < timed.at <= clock for timed in ready)
        said += ready
    assert 100 < len(said) < 1200
    assert {timed.learner for timed in said} <= unfinished
    assert len({timed.statement["id"] for timed in said}) == len(said)
    assert not any(cohort.learners[t.learner].persona is Persona.WITHDRAWN for t in said)
    assert len({timed.learner for timed in said}) >= min(AT_ONCE, 30)


def test_today_ends_when_everybody_has_finished() -> None:
    cohort = simulate_cohort(7, 5, 35, NOW)
    for learner in cohort.learners:
        learner.persona = Persona.FAST
    today, clock = Today(cohort.learners, NOW, Random(2)), NOW
    for learner in cohort.learners:
        learner.stuck_at = None
    while not today.over:
        clock += timedelta(minutes=1)
        today.due(clock)
        assert clock < NOW + timedelta(days=3)
    assert all(learner.finished for learner in cohort.learners)
