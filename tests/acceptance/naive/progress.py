"""The rule of this file: what one person did with one node, from the facts of that key alone.

Coverage (section 3), completion (5), node_progress (6) and attempts (7). Facts come in the order (at, id).
"""

from datetime import datetime
from itertools import pairwise
from math import fsum
from typing import Any

from .facts import Fact

GAP_SECONDS = 1800
PASS_MARK = 0.6
DEFAULT_THRESHOLD = 0.9
SCORE_EVENTS = {"scored", "evaluated", "answered", "completed", "submitted"}


def milliseconds(start: datetime, end: datetime) -> int:
    between = end - start
    return (between.days * 86_400_000_000 + between.seconds * 1_000_000 + between.microseconds) // 1000


def coverage(facts: list[Fact]) -> float:
    """Share of the media that these facts of one person and node cover, 0 to 1, 6 decimals."""
    seen = [(fact.at, fact.media) for fact in facts if fact.media is not None]
    length = max((media.length for _, media in seen if media.length is not None), default=0.0)
    if length == 0:
        return 0.0
    segments = [segment for _, media in seen for segment in media.segments]
    if not segments:
        for (at, media), (next_at, following) in pairwise(seen):
            end = following.time if following.time_from is None else following.time_from
            if media.played and media.time is not None and end is not None and end > media.time:
                watched = (next_at - at).total_seconds() * media.speed
                segments.append((media.time, min(end, media.time + watched)))
    covered = []
    reached = 0.0
    for start, end in sorted(segments):
        start, end = max(start, reached), min(end, length)
        if end > start:
            covered.append(end - start)
            reached = end
    return round(fsum(covered) / length, 6)


def threshold(facts: list[Fact]) -> float:
    asked = [fact.media.threshold for fact in facts if fact.media and fact.media.threshold is not None]
    return min(asked, default=DEFAULT_THRESHOLD)


def is_claim(fact: Fact) -> bool:
    """Someone says that it is done, and the same fact does not say that it was failed."""
    if fact.event in ("satisfied", "waived"):
        return True
    failed = fact.success is False or (fact.score.score is not None and fact.score.score < PASS_MARK)
    return fact.event in ("completed", "attended", "submitted") and not failed


def satisfies_alone(fact: Fact, rule: str) -> bool:
    """Whether the rule is satisfied by this one fact; coverage is judged elsewhere."""
    if rule == "none":
        return False
    if is_claim(fact):
        return True
    if rule == "assessment":
        score = fact.score.score
        if score is not None and score >= PASS_MARK and fact.event in SCORE_EVENTS:
            return True
        right = fact.success is True and score is None and fact.event in ("evaluated", "answered")
        return right or fact.event == "passed"
    if rule == "document":
        return fact.event == "viewed"
    if rule == "content":
        return fact.event == "passed" or (fact.event == "progressed" and fact.progress == 1)
    return False


def visits_of(facts: list[Fact]) -> list[list[Fact]]:
    """Facts in groups; a gap of more than 30 minutes begins a new one."""
    groups: list[list[Fact]] = []
    for fact in facts:
        if groups and (fact.at - groups[-1][-1].at).total_seconds() <= GAP_SECONDS:
            groups[-1].append(fact)
        else:
            groups.append([fact])
    return groups


def time_in(facts: list[Fact]) -> int:
    """Milliseconds: the larger of last − first and the largest duration of any of them."""
    longest = max((fact.duration for fact in facts if fact.duration is not None), default=0)
    return max(longest, milliseconds(facts[0].at, facts[-1].at))


def completion(facts: list[Fact], rule: str, start: int) -> Fact | None:
    """The first fact from `start` on at which the rule is satisfied."""
    for index in range(start, len(facts)):
        if satisfies_alone(facts[index], rule):
            return facts[index]
        # Coverage can only have changed where there is media, or is inherited from before the revocation.
        if rule == "media" and (facts[index].media is not None or index == start):
            so_far = facts[: index + 1]
            if coverage(so_far) >= threshold(so_far):
                return facts[index]
    return None


def node_progress(facts: list[Fact], rule: str) -> dict[str, Any]:
    """The row of section 6 for the facts (at least one) of one course, person and node."""
    revoked = [index for index, fact in enumerate(facts) if fact.event == "uncompleted"]
    start = revoked[-1] + 1 if revoked else 0
    completed = completion(facts, rule, start)
    done = [fact for fact in facts if fact.is_activity]
    visits = visits_of(done)
    fractions = [
        fact.progress for fact in facts[start:] if fact.event == "progressed" and fact.progress is not None
    ]
    if rule == "media":
        fractions.append(coverage(facts))
    return {
        "first_at": facts[0].at,
        "last_at": facts[-1].at,
        "last_activity_at": done[-1].at if done else None,
        "last_activity_id": done[-1].id if done else None,
        "statements": len(facts),
        "revoked_at": facts[revoked[-1]].at if revoked else None,
        "completed_at": completed.at if completed else None,
        "satisfied_by": completed.id if completed else None,
        "state": "completed" if completed else "in_progress",
        "fraction": 1.0 if completed else min(max(fractions, default=0.0), 0.999999),
        "visits": len(visits),
        "duration": sum(time_in(visit) for visit in visits),
    }


def outcome(fact: Fact) -> bool | None:
    """Success of a scoring fact; the verbs passed and failed say it themselves."""
    return {"passed": True, "failed": False}.get(fact.event, fact.success)


def attempts(facts: list[Fact]) -> dict[str, dict[str, Any]]:
    """The rows of section 7 by attempt key, for the facts of one course, person and node."""
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.attempt is not None:
            groups.setdefault(fact.attempt, []).append(fact)
    for group in visits_of([fact for fact in facts if fact.attempt is None]):
        groups[f"gap:{group[0].id}"] = group
    rows = {}
    for key, group in groups.items():
        scoring = [fact for fact in group if fact.is_scoring]
        if not scoring:
            continue
        scores = [fact.score for fact in scoring if fact.score.score is not None]
        outcomes = [outcome(fact) for fact in scoring if outcome(fact) is not None]
        last = scores[-1] if scores else None
        rows[key] = {
            "started_at": group[0].at,
            "submitted_at": scoring[-1].at,
            "score": last.score if last else None,
            "score_suspect": last.suspect if last else False,
            "raw": last.raw if last else None,
            "min": last.min if last else None,
            "max": last.max if last else None,
            "scaled": last.scaled if last else None,
            "success": outcomes[-1] if outcomes else None,
            "duration": time_in(group),
        }
    return rows
