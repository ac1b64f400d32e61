"""The rule of this file: what a completion rule says of one person on one node, from the facts of that key.

Section 2 of docs/rules.md, for rules that are not revocable. A moment is (at, number of the id, late, id).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from .facts import Fact
from .progress import coverage, time_in, visits_of
from .reading import duration_in_ms, instant

Moment = tuple[datetime, int, bool, UUID | None]
ALWAYS: Moment = (datetime.min.replace(tzinfo=UTC), 0, False, None)
NEARLY = 0.999999
VERB = "http://adlnet.gov/expapi/verbs/"
SCORED = {"scored", "passed", "failed", "evaluated", "answered", "completed", "submitted"}


@dataclass(frozen=True)
class Around:
    """What a rule needs beside the facts. prerequisites: (at, id) by node; override: completed, at."""

    type: str | None
    mark: float
    due_at: datetime | None
    prerequisites: dict[str, tuple[datetime, UUID | None]]
    override: tuple[bool, datetime] | None
    clock: datetime | None


def moment(at: datetime, key: UUID | None, late: bool = False) -> Moment:
    return at, 0 if key is None else key.int, late, key


def verdict(rule: dict[str, Any], facts: list[Fact], around: Around) -> dict[str, Any]:
    """The part of the row of section 6 that the rule decides; `facts` are in order and may be none."""
    revoked = [index for index, fact in enumerate(facts) if fact.event == "uncompleted"]
    counted = facts[revoked[-1] + 1 :] if revoked else facts
    taken_back = [facts[revoked[-1]].at] if revoked else []
    said = around.override
    if said is not None and not said[0]:
        counted = [fact for fact in counted if fact.at > said[1]]
        taken_back.append(said[1])
    by_hand = moment(said[1], None) if said is not None and said[0] else None
    reach, share = part(rule["when"], counted, around)
    reached = min((one for one in (reach, by_hand) if one is not None), key=order, default=None)
    holds = reached is not None
    if reached is not None and reached[:2] == ALWAYS[:2]:
        reached = moment(facts[0].at, facts[0].id, reached[2]) if facts else None
    expires_at = None
    expired = False
    if reached is not None and rule.get("valid_for") is not None:
        expires_at, left = renewed(rule, reached, counted, around, by_hand)
        expired = around.clock is not None and expires_at <= around.clock
        share = left if expired else share
    told = [fact.progress for fact in counted if fact.event == "progressed" and fact.progress is not None]
    done = holds and not expired
    return {
        "state": "completed" if done else "expired" if expired else "in_progress" if facts else "not_started",
        "fraction": 1.0 if done else min(max([share, *told]), NEARLY),
        "completed_at": reached[0] if reached else None,
        "satisfied_by": reached[3] if reached else None,
        "revoked_at": max(taken_back, default=None),
        "late": reached is not None and reached[2],
        "expires_at": expires_at,
    }


def order(one: Moment) -> tuple[datetime, int, bool]:
    return one[:3]


def renewed(
    rule: dict[str, Any], first: Moment, counted: list[Fact], around: Around, by_hand: Moment | None
) -> tuple[datetime, float]:
    """When the completion ends, and how much is there for the next renewal."""
    ends, last = shifted(first[0], rule["valid_for"], 1), first
    while True:
        begin = shifted(ends, rule["renewal"], -1) if rule.get("renewal") is not None else ends
        later = [fact for fact in counted if fact.at >= begin and order(moment(fact.at, fact.id)) > order(last)]
        reach, share = part(rule["when"], later, around)
        ways = [reach, by_hand if by_hand and by_hand[0] >= begin and order(by_hand) > order(last) else None]
        again = min((one for one in ways if one is not None), key=order, default=None)
        if again is None or again[0] < begin or order(again) <= order(last):
            return ends, share
        last = again
        ends = shifted(max(ends, again[0]), rule["valid_for"], 1)


def shifted(at: datetime, period: str, sign: int) -> datetime:
    """PnM or PnD, in the calendar."""
    number = sign * int(period[1:-1])
    if period.endswith("D"):
        return at + timedelta(days=number)
    months = at.year * 12 + at.month - 1 + number
    for day in range(at.day, 0, -1):
        try:
            return at.replace(year=months // 12, month=months % 12 + 1, day=day)
        except ValueError:
            continue
    raise AssertionError


def part(one: dict[str, Any], facts: list[Fact], around: Around) -> tuple[Moment | None, float]:
    """When a part of a rule holds, and its share."""
    match one["rule"]:
        case "all" | "any" | "n_of":
            inner = [part(each, facts, around) for each in one["of"]]
            needed = {"all": len(inner), "any": 1}.get(one["rule"]) or one["m"]
            moments = sorted((each for each, _ in inner if each is not None), key=order)[:needed]
            if len(moments) == needed:
                at, number, _, key = moments[-1]
                return (at, number, any(each[2] for each in moments), key), 1.0
            best = sorted((share for _, share in inner), reverse=True)[:needed]
            return None, min(best[0] if needed == 1 else round(sum(best) / needed, 6), NEARLY)
        case "not_after":
            reach, share = part(one["of"], facts, around)
            deadline = instant(one.get("deadline")) or around.due_at
            if reach is None or deadline is None or reach[0] <= deadline or one["late"] == "accept":
                return reach, share
            return ((reach[0], reach[1], True, reach[3]), 1.0) if one["late"] == "flag" else (None, 0.0)
        case "prerequisite":
            found = around.prerequisites.get(one["node"])
            return (moment(*found), 1.0) if found else (None, 0.0)
        case "manual":
            return None, 0.0
        case "video_fraction":
            asked = one.get("at_least")
            if asked is not None:
                facts = [
                    replace(fact, media=replace(fact.media, threshold=asked)) if fact.media else fact for fact in facts
                ]
            share, enough = coverage(facts)
            return (moment(enough.at, enough.id), 1.0) if enough else (None, share)
        case "duration":
            asked = duration_in_ms(one["at_least"]) or 1
            for index, fact in enumerate(facts):
                if spent(facts[: index + 1]) >= asked:
                    return moment(fact.at, fact.id), 1.0
            return None, round(spent(facts) / asked, 6)
        case "move_on":
            return move_on(one, facts)
    reach = first(facts, alone(one, around))
    return reach, 1.0 if reach else 0.0


def spent(facts: list[Fact]) -> int:
    return sum(time_in(visit) for visit in visits_of([fact for fact in facts if fact.is_activity]))


def first(facts: list[Fact], holds: Callable[[Fact], bool]) -> Moment | None:
    return next((moment(fact.at, fact.id) for fact in facts if holds(fact)), None)


def alone(one: dict[str, Any], around: Around) -> Callable[[Fact], bool]:
    """The leaves that one fact is enough for."""

    def denied(fact: Fact) -> bool:
        low = fact.score.score is not None and fact.score.score < around.mark
        claim = fact.event in ("completed", "attended", "submitted")
        return claim and (fact.success is False or fact.completion is False or low)

    def scored(fact: Fact) -> bool:
        mark = one.get("at_least")
        value = fact.score.score
        if value is None and fact.event in ("evaluated", "answered") and fact.success is not None:
            value = 1.0 if fact.success else 0.0
        if fact.event not in SCORED or value is None or (mark is None and fact.event == "failed"):
            return False
        return value >= (around.mark if mark is None else mark)

    match one["rule"]:
        case "score":
            return scored
        case "statement":
            fits = one.get("activity_type") in (None, around.type)
            return lambda fact: fits and fact.verb == one["verb"] and not denied(fact)
        case "depth":
            return lambda fact: fact.event == "progressed" and fact.progress is not None and fact.progress >= 1
        case event:
            return lambda fact: fact.event == event and not denied(fact)


def move_on(one: dict[str, Any], facts: list[Fact]) -> tuple[Moment | None, float]:
    criterion, mastery = one["criterion"], one.get("mastery_score")
    if criterion == "NotApplicable":
        return ALWAYS, 1.0
    asked = []
    if "Completed" in criterion:
        asked.append(first(facts, lambda fact: fact.event == "completed" and fact.completion is not False))
    if "Passed" in criterion:
        asked.append(first(facts, lambda fact: fact.event == "passed" and not below(fact, mastery)))
    enough = 2 if criterion == "CompletedAndPassed" else 1
    met = sorted((each for each in asked if each is not None), key=order)
    given = first(facts, lambda fact: fact.event in ("satisfied", "waived"))
    ways = [each for each in (given, met[enough - 1] if len(met) >= enough else None) if each is not None]
    return (min(ways, key=order), 1.0) if ways else (None, len(met) / enough)


def below(fact: Fact, mastery: float | None) -> bool:
    return mastery is not None and fact.score.score is not None and fact.score.score < mastery


# The default rules, as section 5 of the read models says them; "depth" is a `progressed` with progress 1.
CLAIMED = [
    {"rule": "statement", "verb": VERB + "completed"},
    {"rule": "attended"},
    {"rule": "submitted"},
    {"rule": "satisfied"},
    {"rule": "waived"},
]
DEFAULTS: dict[str, dict[str, Any]] = {
    name: {"when": {"rule": "any", "of": [*CLAIMED, *more]}}
    for name, more in {
        "media": [{"rule": "video_fraction"}],
        "assessment": [{"rule": "passed"}, {"rule": "score"}],
        "document": [{"rule": "viewed"}],
        "content": [{"rule": "passed"}, {"rule": "depth"}],
    }.items()
} | {"none": {"when": {"rule": "manual"}}}
