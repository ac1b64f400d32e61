"""Why a learner has completed a node, or has not yet: of each part of the rule, what was reached of what was asked.

The rule of this file: an explanation says nothing that the verdict did not rest on; it is the same evaluation, put into
words. A number that falls short is cut, never rounded up to what was asked. docs/rules.md, section 3.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.course_view import last_part, short_word
from projections.fact import Fact
from projections.rule_evaluation import Finding, RuleContext, Verdict, judge
from schemas import completion_rule as rules
from schemas.completion_rule import CompletionRule, Part
from schemas.timestamp import instant_of


@dataclass(frozen=True, slots=True)
class Explanation:
    """One part of a rule. reached, asked: shares, seconds or numbers of parts, where the part measures anything.

    statements: ids of what it rests on (at most 100 of a leaf). at: when it was reached.
    """

    rule: str
    holds: bool
    late: bool
    at: datetime | None
    reached: float | None
    asked: float | None
    statements: tuple[UUID, ...]
    sentence: str
    parts: tuple["Explanation", ...]


def explain(rule: CompletionRule, facts: Iterable[Fact], context: RuleContext) -> tuple[Verdict, str, Explanation]:
    """The verdict, why in one sentence, and why by each part of the rule."""
    verdict, finding = judge(rule, facts, context)
    explanation = _explained(finding, context)
    return verdict, _sentence(verdict, explanation, context), explanation


def _sentence(verdict: Verdict, explanation: Explanation, context: RuleContext) -> str:
    said = context.override
    if verdict.state == "completed":
        when = "" if verdict.completed_at is None else f" on {_day(verdict.completed_at)}"
        by_hand = said is not None and said.completed and verdict.completed_at == said.at
        why = "set by hand" if by_hand and verdict.satisfied_by is None else explanation.sentence
        text = f"completed{when}{', late' if verdict.late else ''}: {why}"
        return text if verdict.expires_at is None else f"{text}; valid until {_day(verdict.expires_at)}"
    if verdict.state == "expired" and verdict.expires_at is not None:
        return f"expired on {_day(verdict.expires_at)}: {explanation.sentence}"
    begun = "not started" if verdict.state == "not_started" else "not completed"
    back = "" if verdict.revoked_at is None else f" since it was taken back on {_day(verdict.revoked_at)}"
    return f"{begun}{back}: {explanation.sentence}"


def _explained(finding: Finding, context: RuleContext) -> Explanation:
    parts = tuple(_explained(inner, context) for inner in finding.within)
    reading, reach = finding.reading, finding.reach
    return Explanation(
        rule=finding.part.rule,
        holds=reach is not None,
        late=reach is not None and reach.late,
        at=None if reach is None or reach.at.year == 1 else reach.at,
        reached=reading.value,
        asked=reading.asked,
        statements=reading.statements,
        sentence=_words(finding.part, finding, parts, context),
        parts=parts,
    )


def _words(part: Part, finding: Finding, parts: tuple[Explanation, ...], context: RuleContext) -> str:
    holds, value, asked = finding.reach is not None, finding.reading.value, finding.reading.asked
    match part:
        case rules.All():
            missing = [one for one in parts if not one.holds]
            return "; ".join(one.sentence for one in (missing or parts))
        case rules.AnyOf():
            return _of_several(parts)
        case rules.NumberOf():
            missing = [one for one in parts if one.holds is holds]
            return f"{value or 0:.0f} of {asked or 0:.0f} needed: {'; '.join(one.sentence for one in missing)}"
        case rules.NotAfter():
            return _in_time(part, parts[0], context)
        case rules.VideoFraction():
            return f"video watched {_of(value or 0.0, asked)}"
        case rules.Score():
            return _scored(value, asked, holds=holds)
        case rules.ScrollDepth():
            slowly = f" in at least {part.minimum_seconds:g} s" if part.minimum_seconds else ""
            return f"read {_of(value or 0.0, asked)}{slowly}"
        case rules.Duration():
            return f"{math.floor(value or 0)} s of {asked or 0:g} s spent"
        case rules.Prerequisite():
            return f"{last_part(part.node)} is {'' if holds else 'not yet '}completed"
        case rules.MoveOn():
            return f"moveOn {part.criterion} is {'' if holds else 'not yet '}met"
        case _:
            return _name(part.rule if not isinstance(part, rules.Statement) else short_word(part.verb), holds=holds)


def _of_several(parts: tuple[Explanation, ...]) -> str:
    """Of what holds, the first; of what does not, whatever is measured, and the names of the rest without that."""
    holding = [one for one in parts if one.holds]
    if holding:
        return min(holding, key=lambda one: (one.at is not None, one.at)).sentence
    measured = [one.sentence for one in parts if one.parts or one.asked is not None]
    if measured:
        return " or ".join(measured)
    names = [one.sentence.removeprefix("not yet ") for one in parts]
    return f"not yet {', '.join(names[:-1])}{' or ' if names[:-1] else ''}{names[-1]}"


def _in_time(part: rules.NotAfter, inner: Explanation, context: RuleContext) -> str:
    deadline = context.due_at if part.deadline is None else instant_of(part.deadline)
    if deadline is None:
        return f"{inner.sentence} (no due date is set)"
    if inner.at is not None and inner.at > deadline:
        return f"{inner.sentence}, {'refused as ' if part.late == 'refuse' else ''}late: due {_minute(deadline)}"
    return f"{inner.sentence} (due {_minute(deadline)})"


def _scored(value: float | None, asked: float | None, *, holds: bool) -> str:
    if value is None:
        return f"no score yet of {asked or 0:.2f}"
    judged = ", judged as failed" if not holds and value >= (asked or 0) else ""
    return f"best score {_of(value, asked)}{judged}"


def _name(name: str, *, holds: bool) -> str:
    words = "set by hand" if name == "manual" else name
    return words if holds else f"not yet {words}"


def _of(value: float, asked: float | None) -> str:
    """`0.72 of 0.90`: cut to hundredths, so that what falls short never looks like enough."""
    return f"{math.floor(value * 100 + 1e-6) / 100:.2f} of {asked or 0:.2f}"


def _day(at: datetime) -> str:
    return at.date().isoformat()


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
