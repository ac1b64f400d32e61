"""Whether one learner has completed one node, by a rule that is data. docs/rules.md, section 2.

The rule of this file: a verdict is a function of the rule, the set of facts and the context. The order in which facts
come, and how often, changes nothing; neither does anything that is not handed in, such as the time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, assert_never
from uuid import UUID

from projections.fact import Deed, Fact, milliseconds, name_of
from projections.node_progress import NEARLY, in_order
from projections.rule_facts import Evidence, Reading, RuleFacts
from projections.score import PASS_MARK
from projections.vocabulary import Event
from schemas import completion_rule as rules
from schemas.completion_rule import CompletionRule, Part
from schemas.timestamp import instant_of
from schemas.validity_period import after, before

_ALWAYS = Evidence(datetime.min.replace(tzinfo=UTC), None)


class Override(NamedTuple):
    """What somebody entitled has said of this learner and node: completed at this instant, or not completed."""

    completed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule needs beside the facts.

    node_type: of the outline node. prerequisites: when each of these nodes was completed by this learner; one that is
    missing is not completed. now: the log's clock; without it nothing expires.
    """

    node_type: str | None = None
    pass_mark: float = PASS_MARK
    due_at: datetime | None = None
    prerequisites: Mapping[str, Evidence] = field(default_factory=dict)
    override: Override | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of one learner on one node.

    state: completed, in_progress, expired, or not_started where there are no facts. completed_at: the first moment at
    which the rule holds; satisfied_by: the statement that made it so, None where that was no statement. renewed_at:
    of the last renewal. fraction 0…1.
    """

    state: str
    fraction: float
    completed_at: datetime | None
    satisfied_by: UUID | None
    revoked_at: datetime | None
    late: bool
    expires_at: datetime | None
    renewed_at: datetime | None


class Finding(NamedTuple):
    """What one part of a rule found, and what the parts within it did."""

    part: Part
    reading: Reading
    within: tuple["Finding", ...] = ()

    @property
    def reach(self) -> Evidence | None:
        """The moment at which the part holds."""
        return self.reading.reach


def evaluate(rule: CompletionRule, facts: Iterable[Deed | Fact], context: RuleContext = RuleContext()) -> Verdict:
    """The verdict on one key's facts; those after the last `uncompleted` count."""
    return judge(rule, facts, context)[0]


def judge(rule: CompletionRule, facts: Iterable[Deed | Fact], context: RuleContext) -> tuple[Verdict, Finding]:
    """The verdict, and what each part of the rule found; of an expired completion, in the facts that can renew it."""
    ordered = in_order(list({fact.id: fact for fact in facts}.values()))
    counted, revoked_at = _counted(ordered, context.override)
    finding = _find(rule, counted, context)
    reach = _reach(finding, context.override)
    evidence = None if reach is None else _met(reach, ordered)
    expires_at = renewed_at = None
    if evidence is not None and rule.valid_for is not None:
        expires_at, renewed_at, latest = _renewed(rule, evidence, counted, context)
        if context.now is not None and expires_at <= context.now:
            finding, reach = latest, None
    taken_back = max((at for at in (revoked_at, *_taken_back(finding)) if at is not None), default=None)
    if reach is not None:
        state, fraction = "completed", 1.0
    else:
        state = "expired" if evidence is not None else "in_progress" if ordered else "not_started"
        told = RuleFacts(counted, context.pass_mark, revocable=False).told
        fraction = min(max(told, finding.reading.share), NEARLY)
    return Verdict(
        state=state,
        fraction=fraction,
        completed_at=None if evidence is None else evidence.at,
        satisfied_by=None if evidence is None else evidence.id,
        revoked_at=taken_back,
        late=evidence is not None and evidence.late,
        expires_at=expires_at,
        renewed_at=renewed_at,
    ), finding


def _counted(
    ordered: Sequence[Deed | Fact], override: Override | None
) -> tuple[Sequence[Deed | Fact], datetime | None]:
    """The facts after the last that takes everything back, and when that was."""
    last = max((index for index, fact in enumerate(ordered) if fact.event == Event.UNCOMPLETED), default=-1)
    revoked_at = ordered[last].at if last >= 0 else None
    counted = ordered[last + 1 :]
    if override is not None and not override.completed:
        counted = [fact for fact in counted if fact.at > override.at]
        revoked_at = override.at if revoked_at is None else max(revoked_at, override.at)
    return counted, revoked_at


def _met(reach: Evidence, ordered: Sequence[Deed | Fact]) -> Evidence | None:
    """What has always held is first met with the learner's first fact; None without any."""
    if reach.at != _ALWAYS.at or reach.id is not None:
        return reach
    return Evidence(ordered[0].at, ordered[0].id, reach.late) if ordered else None


def _reach(finding: Finding, override: Override | None) -> Evidence | None:
    """When the rule holds, or somebody has said so."""
    said = Evidence(override.at, None) if override is not None and override.completed else None
    return min((one for one in (finding.reach, said) if one is not None), key=lambda one: one.order, default=None)


def _renewed(
    rule: CompletionRule, evidence: Evidence, counted: Sequence[Deed | Fact], context: RuleContext
) -> tuple[datetime, datetime | None, Finding]:
    """When a completion expires, when it was last renewed, and what is there to renew it the next time.

    A renewal is the rule holding again by facts from the beginning of the renewal window on. Within the window it
    adds to the validity, after the end it begins a new one.
    """
    assert rule.valid_for is not None
    expires_at, renewed_at, last = after(evidence.at, rule.valid_for), None, evidence
    while True:
        begin = expires_at if rule.renewal is None else before(expires_at, rule.renewal)
        override = context.override
        if override is not None and (override.at < begin or Evidence(override.at, None).order <= last.order):
            override = None
        facts = [fact for fact in counted if fact.at >= begin and Evidence(fact.at, fact.id).order > last.order]
        finding = _find(rule, facts, context)
        reach = _reach(finding, override)
        if reach is None or reach.at < begin or reach.order <= last.order:
            return expires_at, renewed_at, finding
        last, renewed_at = reach, reach.at
        expires_at = after(max(expires_at, reach.at), rule.valid_for)


def _taken_back(finding: Finding) -> Iterable[datetime | None]:
    yield finding.reading.taken_back
    for inner in finding.within:
        yield from _taken_back(inner)


def _find(rule: CompletionRule, counted: Sequence[Deed | Fact], context: RuleContext) -> Finding:
    return _found(rule.when, RuleFacts(counted, context.pass_mark, revocable=rule.revocable), context)


def _found(part: Part, facts: RuleFacts, context: RuleContext) -> Finding:
    if isinstance(part, rules.All | rules.AnyOf | rules.NumberOf):
        within = tuple(_found(inner, facts, context) for inner in part.of)
        return Finding(part, _together(part, within), within)
    if isinstance(part, rules.NotAfter):
        inner = _found(part.of, facts, context)
        return Finding(part, _in_time(part, inner, context.due_at), (inner,))
    return Finding(part, _read(part, facts, context))


def _together(part: rules.Combinator, within: tuple[Finding, ...]) -> Reading:
    """The moment at which as many parts hold as have to."""
    needed = {"all": len(within), "any": 1}.get(part.rule, 0) or getattr(part, "m", 1)
    reached = sorted((one.reach for one in within if one.reach is not None), key=lambda one: one.order)[:needed]
    shares = sorted((one.reading.share for one in within), reverse=True)[:needed]
    share = shares[0] if needed == 1 else round(sum(shares) / needed, 6)
    if len(reached) < needed:
        return Reading(None, float(len(reached)), float(needed), min(share, NEARLY))
    late = any(one.late for one in reached)
    return Reading(reached[-1]._replace(late=late), float(needed), float(needed), 1.0)


def _in_time(part: rules.NotAfter, inner: Finding, due_at: datetime | None) -> Reading:
    deadline = due_at if part.deadline is None else instant_of(part.deadline)
    reach = inner.reach
    if reach is None or deadline is None or reach.at <= deadline or part.late == "accept":
        return Reading(reach, share=inner.reading.share)
    if part.late == "flag":
        return Reading(reach._replace(late=True), share=1.0)
    return Reading(None)


def _read(leaf: rules.Leaf, facts: RuleFacts, context: RuleContext) -> Reading:
    match leaf:
        case rules.Statement():
            fits = leaf.activity_type is None or leaf.activity_type == context.node_type
            return facts.verb(name_of(leaf.verb)) if fits else Reading(None)
        case rules.Viewed():
            return facts.event(Event.VIEWED)
        case rules.Submitted():
            return facts.event(Event.SUBMITTED)
        case rules.Attended():
            return facts.event(Event.ATTENDED)
        case rules.Passed():
            return facts.passed()
        case rules.Score():
            return facts.score(leaf.at_least)
        case rules.VideoFraction():
            return facts.video(leaf.at_least)
        case rules.ScrollDepth():
            return facts.depth(leaf.at_least, leaf.minimum_seconds)
        case rules.Duration():
            return facts.time(milliseconds(leaf.at_least) or 1)
        case rules.MoveOn():
            return _moved_on(leaf, facts)
        case rules.Prerequisite():
            reach = context.prerequisites.get(leaf.node)
            statements = () if reach is None or reach.id is None else (reach.id,)
            return Reading(reach, share=0.0 if reach is None else 1.0, statements=statements)
        case rules.Manual():  # an override holds whatever the rule is
            return Reading(None)
    assert_never(leaf)


def _moved_on(leaf: rules.MoveOn, facts: RuleFacts) -> Reading:
    """cmi5 10.2.4: what moveOn asks, or that whoever runs the course says so."""
    if leaf.criterion == "NotApplicable":
        return Reading(_ALWAYS, share=1.0)
    asked = [facts.completed()] if "Completed" in leaf.criterion else []
    asked += [facts.passed(leaf.mastery_score)] if "Passed" in leaf.criterion else []
    reached = sorted((one.reach for one in asked if one.reach is not None), key=lambda one: one.order)
    enough = len(asked) if leaf.criterion == "CompletedAndPassed" else 1
    given = facts.given()
    ways = [one for one in (given.reach, reached[enough - 1] if len(reached) >= enough else None) if one is not None]
    reach = min(ways, key=lambda one: one.order, default=None)
    taken_back = max((one.taken_back for one in asked if one.taken_back is not None), default=None)
    statements = given.statements + tuple(id_ for one in asked for id_ in one.statements)
    share = 1.0 if reach is not None else len(reached) / enough
    return Reading(reach, share=share, statements=statements, taken_back=taken_back)
