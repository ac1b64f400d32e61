"""The simulated past: the same every time, valid, and made of the people that it promises."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from lrs.simulation.cohort import persona_of, simulate, simulate_cohort
from lrs.simulation.course import COURSE_IRI
from lrs.simulation.learner import STEPS, Persona
from lrs.simulation.people import PEOPLE, person
from lrs.simulation.statements import TimedStatement
from schemas.statement import read_statements
from schemas.version import XapiVersion

NOW = datetime(2025, 5, 20, 13, 37, 11, tzinfo=UTC)
MIDNIGHT = datetime(2025, 5, 20, tzinfo=UTC)
ENTERED = ("registered", "unregistered", "voided", "scored")


def word(timed: TimedStatement) -> str:
    return str(timed.statement["verb"]["display"]["en"])


def of_persona(persona: Persona, learners: int = 60) -> dict[int, list[TimedStatement]]:
    own: dict[int, list[TimedStatement]] = defaultdict(list)
    for timed in simulate(7, learners, 35, NOW):
        if persona_of(timed.learner) is persona:
            own[timed.learner].append(timed)
    return own


def test_it_is_the_same_at_every_hour_of_a_day_and_another_for_another_seed() -> None:
    once = simulate(7, 20, 35, NOW)
    assert simulate(7, 20, 35, NOW.replace(hour=0, minute=0, second=0)) == once
    assert simulate(7, 20, 35, NOW.replace(hour=23)) == once
    assert {t.statement["id"] for t in simulate(8, 20, 35, NOW)}.isdisjoint(t.statement["id"] for t in once)


def test_on_another_day_the_same_past_has_moved_and_has_other_ids() -> None:
    today, tomorrow = simulate(7, 20, 35, NOW), simulate(7, 20, 35, NOW + timedelta(days=1))
    assert [t.at + timedelta(days=1) for t in today] == [t.at for t in tomorrow]
    assert [word(t) for t in today] == [word(t) for t in tomorrow]
    assert {t.statement["id"] for t in today}.isdisjoint(t.statement["id"] for t in tomorrow)


@pytest.mark.parametrize("version", list(XapiVersion))
@pytest.mark.parametrize("seed", [0, 2024])
def test_every_statement_is_valid_and_has_its_own_id_and_the_instant_it_says(seed: int, version: XapiVersion) -> None:
    timed = simulate(seed, 60, 35, NOW)
    read = read_statements(msgspec.json.encode([t.statement for t in timed]), version)
    assert len({new.id for new in read}) == len(timed) > 2000
    assert [new.timestamp for new in read] == [t.at for t in timed]


@pytest.mark.parametrize("days", [28, 35, 70])
def test_all_of_it_lies_in_the_days_before_midnight_in_order(days: int) -> None:
    for seed in range(4):
        instants = [timed.at for timed in simulate(seed, 60, days, NOW)]
        assert instants == sorted(instants)
        assert MIDNIGHT - timedelta(days=days) <= instants[0]
        assert instants[-1] < MIDNIGHT


def test_it_grows_denser_towards_now_and_the_last_day_is_busy() -> None:
    weeks = Counter((MIDNIGHT - timed.at).days // 7 for timed in simulate(7, 60, 35, NOW))
    assert weeks[0] > weeks[2] > weeks[4] > 0
    assert sum(MIDNIGHT - timed.at < timedelta(days=1) for timed in simulate(7, 60, 35, NOW)) > 200


def test_everybody_enrols_first_and_only_once() -> None:
    first: dict[int, str] = {}
    for timed in simulate(7, 60, 35, NOW):
        first.setdefault(timed.learner, word(timed))
    assert first == dict.fromkeys(range(60), "registered")
    assert Counter(word(t) for t in simulate(7, 60, 35, NOW))["registered"] == 60


def test_the_never_started_only_enrolled() -> None:
    own = of_persona(Persona.NEVER_STARTED)
    assert 5 in own
    assert all([word(t) for t in said] == ["registered"] for said in own.values())


def test_the_vanished_were_there_for_a_week_and_are_gone_for_more_than_one_or_two() -> None:
    idle = {}
    for number, said in of_persona(Persona.VANISHING).items():
        last = max(t.at for t in said if word(t) not in ENTERED)
        idle[number] = (MIDNIGHT - last) / timedelta(days=1)
        assert timedelta(days=7) < last - said[0].at < timedelta(days=14)
        assert not any(t.statement["object"].get("id") == COURSE_IRI for t in said[1:])
    warned = {number for number, days in idle.items() if 7 < days < 13}
    assert {number for number, days in idle.items() if days > 14} == set(idle) - warned
    assert 4 not in warned
    assert 6 in warned


def test_nobody_else_who_is_not_finished_is_idle_for_five_days() -> None:
    gone = (Persona.VANISHING, Persona.NEVER_STARTED, Persona.WITHDRAWN)
    for seed in range(5):
        cohort = simulate_cohort(seed, 60, 35, NOW)
        last = {timed.learner: timed.at for timed in cohort.statements if word(timed) != "registered"}
        for learner in cohort.learners:
            if not learner.finished and learner.persona not in gone:
                assert MIDNIGHT - last[learner.number] < timedelta(days=6), (seed, learner.number)


def test_the_stuck_fail_one_quiz_again_and_again_each_time_in_a_new_attempt() -> None:
    for said in of_persona(Persona.STUCK).values():
        failed = Counter(t.statement["object"]["id"] for t in said if word(t) == "failed")
        quiz, times = failed.most_common(1)[0]
        assert times >= 3
        assert quiz not in {t.statement["object"]["id"] for t in said if word(t) == "passed"}
        attempts = {
            t.statement["context"]["contextActivities"]["grouping"][1]["id"]
            for t in said
            if t.statement["object"].get("id") == quiz and word(t) == "failed"
        }
        assert len(attempts) == times


def test_the_withdrawn_say_so_last() -> None:
    own = of_persona(Persona.WITHDRAWN)
    assert set(own) == {8, 30}
    assert all(word(said[-1]) == "unregistered" for said in own.values())


def test_those_who_finish_complete_and_pass_the_course_at_the_very_end() -> None:
    cohort = simulate_cohort(7, 60, 35, NOW)
    finished = {learner.number for learner in cohort.learners if learner.done == STEPS}
    on_course = defaultdict(list)
    for timed in cohort.statements:
        if timed.statement["object"].get("id") == COURSE_IRI:
            on_course[timed.learner].append(word(timed))
    assert {n for n, words in on_course.items() if words[-2:] == ["completed", "passed"]} == finished
    assert 10 < len(finished) < 40


def test_a_quiz_score_is_the_number_of_its_right_answers() -> None:
    right: Counter[str] = Counter()
    checked = 0
    for timed in simulate(7, 30, 35, NOW):
        statement = timed.statement
        grouping = statement.get("context", {}).get("contextActivities", {}).get("grouping", [])
        if word(timed) == "answered":
            asked = statement["object"]["definition"]["correctResponsesPattern"]
            assert statement["result"]["success"] == (statement["result"]["response"] in asked)
            right[grouping[2]["id"]] += statement["result"]["success"]
        elif word(timed) in ("passed", "failed") and len(grouping) == 2:
            score = statement["result"]["score"]
            assert score == {"scaled": score["raw"] / 5, "raw": right[grouping[1]["id"]], "min": 0, "max": 5}
            assert (word(timed) == "passed") == (score["raw"] >= 3)
            checked += 1
    assert checked > 50


def test_what_is_voided_was_entered_before_and_is_a_mistaken_score() -> None:
    timed = simulate(7, 60, 35, NOW)
    by_id = {t.statement["id"]: t for t in timed}
    voiding = [t for t in timed if word(t) == "voided"]
    assert len(voiding) >= 3
    for void in voiding:
        target = by_id[void.statement["object"]["id"]]
        assert word(target) == "scored"
        assert timedelta(0) < void.at - target.at < timedelta(hours=1)


@pytest.mark.parametrize(("days", "learners"), [(27, 5), (35, 0)])
def test_too_short_a_past_and_too_small_a_cohort_are_refused(days: int, learners: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        simulate(1, learners, days, NOW)


def test_people_are_different_people_with_different_identifiers_in_any_number() -> None:
    many = [person(number) for number in range(4 * len(PEOPLE))]
    assert len({p.name for p in many}) == len(many)
    assert len({p.key for p in many}) == len(many)
    assert all(p.key.isascii() for p in many)
    assert [set(person(n).agent()) & {"mbox", "account"} for n in range(3)] == [{"mbox"}, {"mbox"}, {"account"}]
