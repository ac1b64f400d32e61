"""The rule of this file: what one person has played of one node, from the facts of that key alone. Section 11."""

from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

from .facts import Fact
from .progress import GAP_SECONDS, Segment, segments_given, share_of, visits_of


def media_coverage(facts: list[Fact]) -> dict[str, Any] | None:
    """The row for the facts of one course, person and node; None where none carries media."""
    seen = [(fact.at, fact.media) for fact in facts if fact.media is not None]
    if not seen:
        return None
    length = max((media.length for _, media in seen if media.length is not None), default=0.0)
    told = any(media.segments for _, media in seen)
    given = list(segments_given(seen))
    plays = plays_told(facts) if told else paired_plays(seen)
    return {
        "length": length or None,
        "fraction": share_of(given, length) if length else 0.0,
        "source": "segments" if told else "pairs",
        "segments": union(given, length)[:500],
        "plays": counted(plays, length) if length else [],
        "statements": len(seen),
    }


def paired_plays(seen: list[Any]) -> list[Segment]:
    """Of each two neighbours, what the first of them began: equal ones count each."""
    return [segment for pair in pairwise(seen) for segment in segments_given(list(pair))]


def union(segments: list[Segment], length: float) -> list[list[float]]:
    """Disjoint intervals within 0…length: from where something begins to where nothing goes on."""
    cut = [(max(start, 0.0), min(end, length)) for start, end in segments]
    cut = [(start, end) for start, end in cut if start < end]
    found, open_now, begin = [], 0, 0.0
    for at, _, step in sorted([(start, 0, 1) for start, _ in cut] + [(end, 1, -1) for _, end in cut]):
        if open_now == 0:
            begin = at
        open_now += step
        if open_now == 0:
            found.append([begin, at])
    return found


def attempt_groups(facts: list[Fact]) -> dict[Any, str]:
    """Of each fact's id the group that section 7 puts it in."""
    groups = {fact.id: fact.attempt for fact in facts if fact.attempt is not None}
    for group in visits_of([fact for fact in facts if fact.attempt is None]):
        groups |= {fact.id: f"gap:{group[0].id}" for fact in group}
    return groups


def plays_told(facts: list[Fact]) -> list[Segment]:
    """The segments of the last list of each session."""
    telling = [(fact, fact.media) for fact in facts if fact.media is not None and fact.media.segments]
    groups = attempt_groups(facts)
    plays: list[Segment] = []
    for index, (fact, media) in enumerate(telling):
        if index + 1 < len(telling):
            after, then = telling[index + 1]
            if media.session is None and then.session is None:
                near = (after.at - fact.at).total_seconds() <= GAP_SECONDS and groups[fact.id] == groups[after.id]
            else:
                near = media.session == then.session
            old, new = media.segments, then.segments
            goes_on = len(new) >= len(old) and all(a == b for a, b in zip(old[:-1], new, strict=False))
            if near and goes_on and new[len(old) - 1][0] == old[-1][0] and new[len(old) - 1][1] >= old[-1][1]:
                continue
        plays += media.segments
    return plays


def counted(plays: list[Segment], length: float) -> list[list[float]]:
    """How often each cell was played, neighbours alike as one."""
    step = max(1, ceil(Fraction(length) / 200))
    found: list[list[float]] = []
    begin = 0
    while begin < length:
        end = min(begin + step, length)
        whole = isinstance(end, int)  # exact without fractions, which take twenty times as long
        middle = (begin + end) / 2 if whole else float((Fraction(begin) + Fraction(end)) / 2)
        times = sum(1 for a, b in plays if a <= middle < b)
        if found and found[-1][1] == begin and found[-1][2] == times:
            found[-1][1] = end
        else:
            found.append([begin, end, times])
        begin += step
    return [one for one in found if one[2]]
