"""The rule of this file: what one person did with one node, from the facts of that key alone.

Coverage (section 3), completion (5), node_progress (6) and attempts (7). Facts come in the order (at, id).
"""

from bisect import bisect_left
from datetime import datetime
from itertools import pairwise
from math import fsum
from typing import Any

from .facts import Fact
from .reading import Media

Segment = tuple[float, float]  # seconds from the start of the media

GAP_SECONDS = 1800
PASS_MARK = 0.6
DEFAULT_THRESHOLD = 0.9
SCORE_EVENTS = {"scored", "evaluated", "answered", "completed", "submitted"}


def milliseconds(start: datetime, end: datetime) -> int:
    between = end - start
    return (between.days * 86_400_000_000 + between.seconds * 1_000_000 + between.microseconds) // 1000


def segments_given(seen: list[tuple[datetime, Media]]) -> dict[Segment, int]:
    """Every covered segment, uncut, with the index of the first fact that gives it.

    Segments that were sent are given by their statement. Where none was sent at all, a play and the fact after it
    make one, which the second of the two gives.
    """
    given: dict[Segment, int] = {}
    for index, (_, media) in enumerate(seen):
        for segment in media.segments:
            given.setdefault(segment, index)
    if given:
        return given
    for index, ((at, media), (next_at, following)) in enumerate(pairwise(seen), 1):
        end = following.time if following.time_from is None else following.time_from
        if media.played and media.time is not None and end is not None and end > media.time:
            watched = (next_at - at).total_seconds() * media.speed
            given.setdefault((media.time, min(end, media.time + watched)), index)
    return given


def share_of(segments: list[Segment], length: float) -> float:
    """Measure of the union of the segments, cut to 0…length, as a share of the length, 6 decimals."""
    covered = []
    reached = 0.0
    for start, end in sorted(segments):
        start, end = max(start, reached), min(end, length)
        if end > start:
            covered.append(end - start)
            reached = end
    return round(fsum(covered) / length, 6)


def coverage(facts: list[Fact]) -> tuple[float, Fact | None]:
    """Share of the media that these facts of one person and node cover, and the fact at which that is enough.

    Length, threshold and the choice between segments and pairs are those of all the facts, so that the share can only
    grow from fact to fact: the first that is enough is found by halving.
    """
    watching = [(fact, fact.media) for fact in facts if fact.media is not None]
    length = max((media.length for _, media in watching if media.length is not None), default=0.0)
    if length == 0:
        return 0.0, None
    asked = [media.threshold for _, media in watching if media.threshold is not None]
    threshold = min(asked, default=DEFAULT_THRESHOLD)
    given = segments_given([(fact.at, media) for fact, media in watching])

    def share_at(index: int) -> float:
        return share_of([segment for segment, giver in given.items() if giver <= index], length)

    share = share_at(len(watching) - 1)
    if share < threshold:
        return share, None
    first = bisect_left(range(len(watching)), True, key=lambda index: share_at(index) >= threshold)
    return share, watching[first][0]


def is_claim(fact: Fact) -> bool:
    """Someone says that it is done, and the same fact does not say that it was failed or is not complete."""
    if fact.event in ("satisfied", "waived"):
        return True
    low = fact.score.score is not None and fact.score.score < PASS_MARK
    denied = fact.success is False or fact.completion is False or low
    return fact.event in ("completed", "attended", "submitted") and not denied


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


def doings(facts: list[Fact]) -> dict[str, Any]:
    """The part of the row of section 6 that no rule decides; `facts` are at least one."""
    done = [fact for fact in facts if fact.is_activity]
    visits = visits_of(done)
    return {
        "first_at": facts[0].at,
        "last_at": facts[-1].at,
        "last_activity_at": done[-1].at if done else None,
        "last_activity_id": done[-1].id if done else None,
        "statements": len(facts),
        "visits": len(visits),
        "duration": min(sum(time_in(visit) for visit in visits), 10**15),
    }


def node_progress(facts: list[Fact], rule: str) -> dict[str, Any]:
    """The row of section 6 for the facts (at least one) of one course, person and node."""
    revoked = [index for index, fact in enumerate(facts) if fact.event == "uncompleted"]
    since = facts[revoked[-1] + 1 :] if revoked else facts
    share, enough = coverage(since) if rule == "media" else (0.0, None)
    completed = next((fact for fact in since if fact is enough or satisfies_alone(fact, rule)), None)
    sent = [fact.progress for fact in since if fact.event == "progressed" and fact.progress is not None]
    return {
        **doings(facts),
        "revoked_at": facts[revoked[-1]].at if revoked else None,
        "completed_at": completed.at if completed else None,
        "satisfied_by": completed.id if completed else None,
        "state": "completed" if completed else "in_progress",
        "fraction": 1.0 if completed else min(max(share, *sent, 0.0), 0.999999),
        "late": False,
        "expires_at": None,
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
