"""One score out of what clients send, which lies in well-known ways. docs/read-models.md, section 2."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

PASS_MARK = 0.6


class Score(NamedTuple):
    """value 0…1 or None; suspect where the parts contradict each other; and the parts as sent."""

    value: float | None
    suspect: bool
    raw: float | None
    min: float | None
    max: float | None
    scaled: float | None


NO_SCORE = Score(None, False, None, None, None, None)


def score_of(sent: Mapping[str, Any] | None) -> Score:
    """Normalise `result.score` (xAPI Data 2.4.5.1)."""
    if not sent:
        return NO_SCORE
    raw, low, high, scaled = (_float(sent.get(name)) for name in ("raw", "min", "max", "scaled"))
    floor = 0.0 if low is None else low
    derived = None
    if raw is not None and high is not None and high > floor:
        derived = (raw - floor) / (high - floor)
        if not math.isfinite(derived):
            derived = None
    value = scaled if derived is None else derived
    if value is None:
        return Score(None, False, raw, low, high, scaled)
    suspect = (
        not (-1 if derived is None else 0) <= value <= 1
        or (derived is not None and scaled is not None and abs(scaled - derived) > 0.01)
        or (high is not None and high <= floor)
    )
    return Score(round(min(max(value, 0.0), 1.0), 6), suspect, raw, low, high, scaled)


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
