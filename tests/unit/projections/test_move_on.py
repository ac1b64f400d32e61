"""The cmi5 specification's own scenarios: the assignable unit meets its moveOn at the statement that it says.

Each scenario is a session as the specification tells it. Without the LMS's own `satisfied`, the rule has to find by
itself when that was due: right after the statement named here.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from projections.fact import Fact, derive
from projections.rule_evaluation import evaluate
from schemas.completion_rule import read_completion_rule
from schemas.timestamp import instant_of
from tests.unit.projections.learner import did, scored

FOLDER = "statements/cmi5-spec-scenarios"
MOVE_ON = "https://w3id.org/xapi/cmi5/context/extensions/moveon"
MASTERY = "https://w3id.org/xapi/cmi5/context/extensions/masteryscore"


@pytest.mark.parametrize(
    ("scenario", "criterion", "mastery", "met_by"),
    [
        ("04-completed_or_passed-completed", "CompletedOrPassed", None, "04-completed"),
        ("05-completed_or_passed-failed_completed", "CompletedOrPassed", None, "05-completed"),  # failed takes nothing
        ("06-completed-completed", "Completed", None, "04-completed"),
        ("07-passed-passed", "Passed", None, "04-passed"),
        ("08-passed-masteryScore-passed", "Passed", 0.9, "04-passed"),  # 0.94 of 0.9
        ("09-completed_and_passed", "CompletedAndPassed", None, "05-completed"),  # passed came before
        ("10-completed_and_passed-masteryScore", "CompletedAndPassed", 0.86, "05-passed"),  # completed came before
        ("11-completed_and_passed-masteryScore-failed_first", "CompletedAndPassed", 0.86, "06-completed"),
        ("13-progress_usage", "CompletedOrPassed", None, "08-completed"),  # 75 % is not completed
        ("14-completed_and_passed-multiple_sessions", "CompletedAndPassed", None, "09-session_2-completed"),
        ("15-review_mode", "Completed", None, None),  # nothing but a look
        ("17-abandoned_session", "NotApplicable", None, "01-launched"),  # met from the first statement on
    ],
)
def test_the_scenarios_of_the_specification(
    shared_data: Path, scenario: str, criterion: str, mastery: float | None, met_by: str | None
) -> None:
    files = sorted((shared_data / FOLDER).glob(f"samples_scenarios_{scenario}_*.json"))
    assert files
    facts: list[Fact] = []
    names: dict[UUID, str] = {}
    for number, file in enumerate(files, start=1):
        statement = json.loads(file.read_text(encoding="utf-8"))
        if statement["verb"]["id"].endswith("/satisfied"):
            continue
        if statement["verb"]["id"].endswith("/launched"):
            said = statement["context"]["extensions"]
            assert (said.get(MOVE_ON), said.get(MASTERY)) == (criterion, mastery)
        when = instant_of(statement["timestamp"]) if "timestamp" in statement else datetime(2030, 1, 1, tzinfo=UTC)
        id_ = UUID(statement["id"]) if "id" in statement else UUID(int=number)
        derived = derive(number, id_, when, when, statement)
        assert derived is not None
        facts.append(derived.fact)
        names[id_] = file.stem.removeprefix(f"samples_scenarios_{scenario}_").removesuffix("_statement")
    when_ = {"rule": "move_on", "criterion": criterion} | ({} if mastery is None else {"mastery_score": mastery})
    verdict = evaluate(read_completion_rule({"when": when_}), facts)
    assert (None if verdict.satisfied_by is None else names[verdict.satisfied_by]) == met_by


def test_not_applicable_is_met_without_any_statement() -> None:
    verdict = evaluate(read_completion_rule({"when": {"rule": "move_on", "criterion": "NotApplicable"}}), [])
    assert (verdict.state, verdict.completed_at, verdict.satisfied_by) == ("completed", None, None)


def test_a_pass_below_the_mastery_score_is_none_and_waived_goes_before_all() -> None:
    rule = read_completion_rule({"when": {"rule": "move_on", "criterion": "Passed", "mastery_score": 0.8}})
    low, without, high = scored(1, "passed", 0.7), did(2, "passed", 1), scored(3, "passed", 0.8, 2)
    assert evaluate(rule, [low]).state == "in_progress"
    assert evaluate(rule, [low, without]).satisfied_by == without.id
    assert evaluate(rule, [low, high]).satisfied_by == high.id
    assert evaluate(rule, [low, did(4, "https://w3id.org/xapi/adl/verbs/waived", 9)]).satisfied_by == UUID(int=4)
