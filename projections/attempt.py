"""One try of one learner at one node, and the grade over all tries. docs/read-models.md, sections 7 and 8."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from projections.fact import Deed, Fact, is_scoring
from projections.node_progress import VISIT_GAP, length_of
from projections.vocabulary import Event


class Attempt(NamedTuple):
    """One row of `attempt`, after tenant, course, person and node. duration in milliseconds."""

    attempt: str
    started_at: datetime
    submitted_at: datetime
    raw: float | None
    min: float | None
    max: float | None
    scaled: float | None
    score: float | None
    score_suspect: bool
    success: bool | None
    duration: int


def fold(facts: Sequence[Deed | Fact]) -> list[Attempt]:
    """The attempts of one key (course, person, node); `facts` are in order."""
    if not any(is_scoring(fact.event, fact.score) for fact in facts):
        return []
    groups: dict[str, list[Deed | Fact]] = {}
    for key, fact in zip(keys_of(facts), facts, strict=True):
        groups.setdefault(key, []).append(fact)
    return [row for key, group in groups.items() if (row := _attempt(key, group)) is not None]


def keys_of(facts: Sequence[Deed | Fact]) -> list[str]:
    """Of each fact, in order, the key of the group that it belongs to; those without one are grouped by gaps."""
    keys: list[str] = []
    last: Deed | Fact | None = None
    gap = ""
    for fact in facts:
        if fact.attempt is None:
            if last is None or fact.at - last.at > VISIT_GAP:
                gap = f"gap:{fact.id}"
            last = fact
        keys.append(gap if fact.attempt is None else fact.attempt)
    return keys


def _attempt(key: str, group: list[Deed | Fact]) -> Attempt | None:
    scoring = [fact for fact in group if is_scoring(fact.event, fact.score)]
    if not scoring:
        return None
    scored = next((fact for fact in reversed(scoring) if fact.score is not None), None)
    verdicts = (_success(fact) for fact in reversed(scoring))
    return Attempt(
        attempt=key,
        started_at=group[0].at,
        submitted_at=scoring[-1].at,
        raw=None if scored is None else scored.raw,
        min=None if scored is None else scored.min,
        max=None if scored is None else scored.max,
        scaled=None if scored is None else scored.scaled,
        score=None if scored is None else scored.score,
        score_suspect=scored is not None and scored.score_suspect,
        success=next((verdict for verdict in verdicts if verdict is not None), None),
        duration=length_of(group),
    )


def _success(fact: Deed | Fact) -> bool | None:
    if fact.event in (Event.PASSED, Event.FAILED):
        return fact.event == Event.PASSED
    return fact.success
