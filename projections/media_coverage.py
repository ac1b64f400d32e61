"""How much of a video or audio one learner has played: the union of segments, over the length.

docs/read-models.md, section 3. Source of the vocabulary: xAPI Video Profile 1.0.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from projections.names import hash_of
from projections.vocabulary import PLAYED, VIDEO_EXTENSION

DEFAULT_THRESHOLD = 0.9
_SESSION_DIGITS = 16
"""Of the name that stands for a session."""
_place = itemgetter(1, 2)

_SEGMENTS = re.compile(r"\[,\]|,")


class Media(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one statement tells about playing: seconds into the media; segments as pairs (from, to)."""

    played: bool = False
    time: float | None = None
    time_from: float | None = None
    length: float | None = None
    speed: float = 1.0
    threshold: float | None = None
    segments: tuple[tuple[float, float], ...] = ()
    session: str | None = None


class Coverage(NamedTuple):
    """fraction 0…1 of the length; reached: index of the moment at which it counts as watched, None if never."""

    fraction: float
    reached: int | None


NOTHING = Coverage(0.0, None)
Played = tuple[int, float, float]
"""Index of the moment that tells of it, from second, to second."""
Moment = tuple[datetime, Media]


class Watched(NamedTuple):
    """What was played of which length, sorted by where it begins, and how much of it that is. told: as segments."""

    length: float
    played: list[Played]
    told: bool
    fraction: float


def media_of(verb: str, told: Mapping[str, Any], around: Mapping[str, Any]) -> Media:
    """Read the video profile's extensions of one statement: `told` of its result, `around` of its context."""
    threshold = _number(around.get(VIDEO_EXTENSION + "completion-threshold"))
    return Media(
        played=verb == PLAYED,
        time=_number(told.get(VIDEO_EXTENSION + "time")),
        time_from=_number(told.get(VIDEO_EXTENSION + "time-from")),
        length=_number(around.get(VIDEO_EXTENSION + "length")),
        speed=_speed(around.get(VIDEO_EXTENSION + "speed")),
        threshold=threshold if threshold is not None and 0 < threshold <= 1 else None,
        segments=_segments(told.get(VIDEO_EXTENSION + "played-segments")),
        session=_session(around.get(VIDEO_EXTENSION + "session-id")),
    )


def watch(moments: Sequence[Moment]) -> Watched:
    """What was played, of moments in order of time."""
    length = max((media.length for _, media in moments if media.length), default=0.0)
    played = [(index, *segment) for index, (_, media) in enumerate(moments) for segment in media.segments]
    told = bool(played)
    if not told:
        played = list(_paired(moments))
    played.sort(key=_place)
    return Watched(length, played, told, round(_measure(played, length) / length, 6) if length > 0 else 0.0)


def coverage(moments: Sequence[Moment], watched: Watched | None = None) -> Coverage:
    """Whether that is enough, and when it was. watched: what was played in these moments, where that is known."""
    length, played, _, fraction = watched or watch(moments)
    if length <= 0:
        return NOTHING
    threshold = min((media.threshold for _, media in moments if media.threshold), default=DEFAULT_THRESHOLD)
    if fraction < threshold:
        return Coverage(fraction, None)
    # what is covered only grows, so the first moment at which it is enough can be searched by halves
    low, high = 0, len(moments) - 1
    while low < high:
        middle = (low + high) // 2
        until = [one for one in played if one[0] <= middle]
        if round(_measure(until, length) / length, 6) >= threshold:
            high = middle
        else:
            low = middle + 1
    return Coverage(fraction, low)


def _paired(moments: Sequence[Moment]) -> Iterator[Played]:
    """Streams without segments: from played to the next event, capped at wall time × speed."""
    for index, ((began, media), (ended, then)) in enumerate(pairwise(moments), start=1):
        stop = then.time if then.time_from is None else then.time_from
        if media.played and media.time is not None and stop is not None:
            end = min(stop, media.time + (ended - began).total_seconds() * media.speed)
            if end > media.time:
                yield index, media.time, end


def _measure(played: Iterable[Played], length: float) -> float:
    """Seconds covered within [0, length], of segments sorted by their start."""
    total, reached = 0.0, 0.0
    for _, start, end in played:
        end = min(end, length)
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total


def _segments(text: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(text, str):
        return ()
    pairs = []
    for piece in _SEGMENTS.split(text):
        ends = piece.split("[.]")
        if len(ends) == 2:
            start, end = _parsed(ends[0]), _parsed(ends[1])
            if start is not None and end is not None and start < end:
                pairs.append((start, end))
    return tuple(pairs)


def _session(value: object) -> str | None:
    return hash_of(value).hex()[:_SESSION_DIGITS] if isinstance(value, str) else None


def _speed(value: object) -> float:
    speed = _number(_parsed(value[:-1])) if isinstance(value, str) and value.endswith("x") else _number(value)
    return 1.0 if speed is None else min(max(speed, 0.25), 4.0)


def _parsed(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _number(value: object) -> float | None:
    """A finite number from 0 on; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
