"""Laws of rules that are data: they give what the built-in rules give; a verdict is a function of the set of facts;
a completion is at the first fact at which the rule holds."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from projections import node_progress
from projections.fact import Fact
from projections.rule_evaluation import Override, RuleContext, evaluate
from projections.rule_explanation import Explanation, explain
from projections.rule_facts import Evidence
from schemas.completion_rule import DEFAULTS, CompletionRule, read_completion_rule
from schemas.configuration_refusal import as_json
from tests.properties.learning import BEGIN, VIDEO_TYPE
from tests.properties.rules import NODE, OTHER, completion_rules, facts, has_video, parts, takes_back

_instants = st.sampled_from([BEGIN + timedelta(minutes=minutes) for minutes in (0, 5, 30, 1440, 20000, 90000)])
contexts = st.builds(
    RuleContext,
    node_type=st.sampled_from([None, VIDEO_TYPE]),
    pass_mark=st.sampled_from([0.2, 0.6, 1.0]),
    due_at=st.none() | _instants,
    prerequisites=st.sampled_from([{}, {OTHER: Evidence(BEGIN + timedelta(minutes=31), None)}]),
    override=st.none() | st.builds(Override, completed=st.booleans(), at=_instants),
    now=st.none() | _instants,
)


@settings(max_examples=60)
@given(found=facts(), name=st.sampled_from(sorted(DEFAULTS)))
def test_the_default_rules_give_what_the_built_in_ones_give(found: list[Fact], name: str) -> None:
    verdict = evaluate(DEFAULTS[name], found)
    if not found:
        assert (verdict.state, verdict.fraction) == ("not_started", 0.0)
        return
    row = node_progress.fold(node_progress.in_order(found), name, course_node=False)
    shared = ("state", "fraction", "completed_at", "satisfied_by", "revoked_at")
    assert {name: getattr(verdict, name) for name in shared} == {name: getattr(row, name) for name in shared}


@settings(max_examples=60)
@given(rule=completion_rules(), found=facts(), context=contexts, data=st.data())
def test_a_verdict_is_a_function_of_the_set_of_facts(
    rule: CompletionRule, found: list[Fact], context: RuleContext, data: st.DataObject
) -> None:
    again = data.draw(st.permutations(found + data.draw(st.lists(st.sampled_from(found), max_size=3)) if found else []))
    assert explain(rule, again, context) == explain(rule, found, context)


@settings(max_examples=60)
@given(when=parts.filter(lambda part: not has_video(part)), found=facts(), context=contexts)
def test_a_completion_is_at_the_first_fact_at_which_the_rule_holds(
    when: Any, found: list[Fact], context: RuleContext
) -> None:
    rule = CompletionRule(when=when)
    context = RuleContext(context.node_type, context.pass_mark, context.due_at)
    ordered = node_progress.in_order(found)
    begin = max((index for index, fact in enumerate(ordered) if takes_back(fact)), default=-1) + 1
    verdict = evaluate(rule, found, context)
    prefixes = ([*ordered[:begin], *ordered[begin:end]] for end in range(max(begin, 1), len(ordered) + 1))
    first = next((prefix for prefix in prefixes if evaluate(rule, prefix, context).state == "completed"), None)
    if first is None or not found:
        assert verdict.completed_at is None
    else:
        early = evaluate(rule, first, context)
        assert (verdict.completed_at, verdict.satisfied_by) == (early.completed_at, early.satisfied_by)
        if len(first) > begin and verdict.satisfied_by is not None:
            assert verdict.satisfied_by in {fact.id for fact in first}


@settings(max_examples=50)
@given(rule=completion_rules(), found=facts(), context=contexts)
def test_an_explanation_says_what_the_verdict_rests_on(
    rule: CompletionRule, found: list[Fact], context: RuleContext
) -> None:
    verdict, sentence, explanation = explain(rule, found, context)
    assert verdict == evaluate(rule, found, context)
    assert sentence.startswith(("completed", "not completed", "not started", "expired"))
    known = {fact.id for fact in found}
    for one in _all(explanation):
        assert one.sentence
        assert set(one.statements) <= known
        assert one.holds or one.at is None
    overridden = context.override is not None and context.override.completed
    if rule.valid_for is None and not overridden:
        assert explanation.holds == (verdict.state == "completed")
        assert verdict.late == explanation.late
    assert 0 <= verdict.fraction <= 1
    assert (verdict.fraction == 1) == (verdict.state == "completed")


def _all(explanation: Explanation) -> list[Explanation]:
    return [explanation, *(inner for part in explanation.parts for inner in _all(part))]


@settings(max_examples=50)
@given(rule=completion_rules())
def test_a_rule_reads_back_as_it_was_written(rule: CompletionRule) -> None:
    assert read_completion_rule(as_json(rule)) == rule
    assert NODE not in str(as_json(rule))
