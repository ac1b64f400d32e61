"""The rule of this file: what one JSON value of a statement means, with no knowledge of any other statement.

A value of the wrong JSON type counts as absent; nothing here raises.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from .vocabulary import VIDEO_EXTENSION

DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
AMOUNT = r"(\d+(?:[.,]\d+)?)"
DURATION = re.compile(
    rf"P(?:{AMOUNT}Y)?(?:{AMOUNT}M)?(?:{AMOUNT}W)?(?:{AMOUNT}D)?"
    rf"(?:T(?:{AMOUNT}H)?(?:{AMOUNT}M)?(?:{AMOUNT}S)?)?"
)
SECONDS_PER_AMOUNT = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is a JSON object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """A finite JSON number as binary64; a boolean is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        as_float = float(value)
    except OverflowError:
        return None
    return as_float if math.isfinite(as_float) else None


def number_in_text(value: str) -> float | None:
    return number(float(value)) if DECIMAL.fullmatch(value) else None


def identifier(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def instant(value: Any) -> datetime | None:
    """An ISO 8601 timestamp in UTC, cut to microseconds; without a zone it is UTC already."""
    try:
        moment = datetime.fromisoformat(value.upper()) if isinstance(value, str) else None
        if moment is None:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def duration_in_ms(value: Any) -> int | None:
    """An ISO 8601 duration in whole milliseconds, years of 365 and months of 30 days."""
    match = DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        return None
    seconds = Fraction(0)
    for amount, unit in zip(match.groups(), SECONDS_PER_AMOUNT, strict=True):
        if amount is not None:
            seconds += Fraction(amount.replace(",", ".")) * unit
    return min(int(seconds * 1000), 10**15)


def title(definition: dict[str, Any]) -> str | None:
    """definition.name: `en`, else `en-US`, else the first tag in order of code points; trimmed."""
    names = mapping(definition.get("name"))
    for tag in ["en", "en-US", *sorted(names)]:
        if tag in names:
            name = text(names[tag])
            return name.strip() if name is not None else None
    return None


@dataclass(frozen=True)
class Score:
    """Section 2. `score` is null where none can be derived; raw, min, max and scaled are as sent."""

    score: float | None
    suspect: bool
    raw: float | None
    min: float | None
    max: float | None
    scaled: float | None


def read_score(value: Any) -> Score:
    sent = mapping(value)
    raw, low, high, scaled = (number(sent.get(name)) for name in ("raw", "min", "max", "scaled"))
    floor = 0.0 if low is None else low
    derived = None
    if raw is not None and high is not None and high > floor:
        derived = number((raw - floor) / (high - floor))
    uncut = scaled if derived is None else derived
    if uncut is None:
        return Score(None, False, raw, low, high, scaled)
    suspect = not (-1 if derived is None else 0) <= uncut <= 1
    if derived is not None and scaled is not None and abs(scaled - derived) > 0.01:
        suspect = True
    if high is not None and high <= floor:
        suspect = True
    return Score(round(min(max(uncut, 0.0), 1.0), 6), suspect, raw, low, high, scaled)


@dataclass(frozen=True)
class Media:
    """Section 3, from one statement: seconds, except `speed` and `threshold`, which are ratios."""

    played: bool
    time: float | None
    time_from: float | None
    length: float | None
    speed: float
    threshold: float | None
    segments: tuple[tuple[float, float], ...]
    session: str | None


def read_media(result_extensions: dict[str, Any], context_extensions: dict[str, Any], played: bool) -> Media:
    def seconds(extensions: dict[str, Any], name: str) -> float | None:
        found = number(extensions.get(VIDEO_EXTENSION + name))
        return found if found is not None and found >= 0 else None

    threshold = seconds(context_extensions, "completion-threshold")
    return Media(
        played=played,
        time=seconds(result_extensions, "time"),
        time_from=seconds(result_extensions, "time-from"),
        length=seconds(context_extensions, "length"),
        speed=read_speed(context_extensions.get(VIDEO_EXTENSION + "speed")),
        threshold=threshold if threshold is not None and 0 < threshold <= 1 else None,
        segments=read_segments(result_extensions.get(VIDEO_EXTENSION + "played-segments")),
        session=text(context_extensions.get(VIDEO_EXTENSION + "session-id")),
    )


def read_speed(value: Any) -> float:
    if isinstance(value, str):
        speed = number_in_text(value[:-1].strip()) if value.endswith("x") else None
    else:
        speed = number(value)
    if speed is None or speed < 0:
        speed = 1.0
    return min(max(speed, 0.25), 4.0)


def read_segments(value: Any) -> tuple[tuple[float, float], ...]:
    segments = []
    for piece in value.replace("[,]", ",").split(",") if isinstance(value, str) else []:
        ends = [number_in_text(end.strip()) for end in piece.split("[.]")]
        if len(ends) == 2 and ends[0] is not None and ends[1] is not None and ends[0] < ends[1]:
            segments.append((ends[0], ends[1]))
    return tuple(segments)
