"""What one learner has played of one video or audio, and how often which part of it. docs/read-models.md, section 11.

The rule of this file: a list of played segments tells all of its session again, so a session is counted by its last
list.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

import msgspec

from projections.attempt import keys_of
from projections.fact import Deed, Fact, read_media
from projections.media_coverage import Media, Moment, Played, Watched, watch
from projections.node_progress import VISIT_GAP

MOST_SEGMENTS = 500
MOST_CELLS = 200
Part = tuple[float, float]
"""From second, to second."""


class MediaCoverage(NamedTuple):
    """One row of `media_coverage`, after tenant, course, person and node. segments and plays are JSON."""

    length: float | None
    fraction: float
    source: str
    segments: str
    plays: str
    statements: int


class _Told(NamedTuple):
    """A fact with a list of segments: when, within which attempt, and what it tells."""

    seconds: float
    attempt: str
    media: Media


def moments_of(facts: Iterable[Deed | Fact]) -> list[Moment]:
    """What the facts in order tell about playing."""
    return [(fact.at, read_media(fact.media)) for fact in facts if fact.media is not None]


def fold(facts: Sequence[Deed | Fact]) -> tuple[MediaCoverage, Watched] | None:
    """The row of one key, and what it was made of; `facts` are in order. None where none of them carries media."""
    moments = moments_of(facts)
    if not moments:
        return None
    watched = watch(moments)
    length, played, told, fraction = watched
    plays: Iterable[Part] = (_plays(facts, moments) if told else (one[1:] for one in played)) if length > 0 else ()
    row = MediaCoverage(
        length=length if length > 0 else None,
        fraction=fraction,
        source="segments" if told else "pairs",
        segments=_json(list(_joined(played, length))[:MOST_SEGMENTS]),
        plays=_json(list(_counted(plays, length))),
        statements=len(moments),
    )
    return row, watched


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _joined(played: Iterable[Played], length: float) -> Iterator[Part]:
    """The union of segments sorted by their start, within [0, length]."""
    begin, reached = 0.0, -math.inf
    for _, start, end in played:
        start, end = max(start, 0.0) + 0.0, min(end, length)
        if end <= start:
            continue
        if start > reached:
            if reached > begin:
                yield begin, reached
            begin, reached = start, end
        reached = max(reached, end)
    if reached > begin:
        yield begin, reached


def _plays(facts: Sequence[Deed | Fact], moments: Sequence[Moment]) -> Iterator[Part]:
    """The segments of the last list of each session."""
    last: _Told | None = None
    groups = (key for key, fact in zip(keys_of(facts), facts, strict=True) if fact.media is not None)
    begin = moments[0][0]
    for (at, media), group in zip(moments, groups, strict=True):
        if media.segments:
            told = _Told((at - begin).total_seconds(), group, media)
            if last is not None and not _goes_on(last, told):
                yield from last.media.segments
            last = told
    if last is not None:
        yield from last.media.segments


def _goes_on(before: _Told, now: _Told) -> bool:
    old, new = before.media.segments, now.media.segments
    if before.media.session != now.media.session:
        return False
    if now.media.session is None and (
        before.attempt != now.attempt or now.seconds - before.seconds > VISIT_GAP.total_seconds()
    ):
        return False
    last = len(old) - 1
    return len(new) >= len(old) and old[:last] == new[:last] and _grew(old[last], new[last])


def _grew(old: Part, new: Part) -> bool:
    return old[0] == new[0] and old[1] <= new[1]


def _counted(plays: Iterable[Part], length: float) -> Iterator[tuple[float, float, int]]:
    """How often each part was played: by cells, neighbours with the same count as one."""
    if length <= 0:
        return
    starts, middles = _cells(length)
    steps = [0] * (len(middles) + 1)
    for start, end in plays:
        first, behind = bisect_left(middles, start), bisect_left(middles, end)
        if first < behind:
            steps[first] += 1
            steps[behind] -= 1
    times, counts = 0, []
    for cell, step in enumerate(steps[:-1]):
        times += step
        counts.append((times, cell))
    for times, cells in groupby(counts, key=itemgetter(0)):
        if times:
            numbers = [cell for _, cell in cells]
            yield starts[numbers[0]], starts[numbers[-1] + 1], times


@lru_cache(maxsize=1024)
def _cells(length: float) -> tuple[list[float], list[float]]:
    """Where the cells of a media of this length begin (and the last one ends), and their middles."""
    step = max(1, math.ceil(length / MOST_CELLS))
    starts = [float(step * cell) for cell in range(math.ceil(length / step))] + [length]
    return starts, [start + (end - start) / 2 for start, end in pairwise(starts)]
