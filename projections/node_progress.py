"""How far one learner is with one node, from all facts of that learner on that node. docs/read-models.md, section 6."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple, TypeVar
from uuid import UUID

from projections.fact import LONGEST, Deed, Fact, read_media
from projections.media_coverage import NOTHING, Watched, coverage
from projections.score import PASS_MARK
from projections.vocabulary import BOOKKEEPING, CLAIMS, GIVEN, JUDGED, Event

Told = TypeVar("Told", bound=Deed | Fact)

VISIT_GAP = timedelta(seconds=1800)
NEARLY = 0.999999

_SCORED = frozenset({Event.SCORED, Event.EVALUATED, Event.ANSWERED, Event.COMPLETED, Event.SUBMITTED})
_STANDING = frozenset({Event.ENROLLED, Event.WITHDRAWN, Event.SUSPENDED, Event.RESUMED})


class NodeProgress(NamedTuple):
    """One row of `node_progress`, after tenant, course, person and node.

    fraction 0…1, duration in milliseconds. enrolled_at and verdict ('passed', 'failed'), and standing (the last
    enrolment event), are what the enrollment takes from the node.
    """

    state: str
    fraction: float
    first_at: datetime
    last_at: datetime
    first_activity_at: datetime | None
    last_activity_at: datetime | None
    last_activity_id: UUID | None
    statements: int
    revoked_at: datetime | None
    completed_at: datetime | None
    satisfied_by: UUID | None
    visits: int
    duration: int
    enrolled_at: datetime | None
    standing: str | None
    verdict: bool | None
    late: bool = False
    expires_at: datetime | None = None


_moment = attrgetter("at", "id")


def in_order(facts: Sequence[Told]) -> list[Told]:
    """Facts in the order that "first" and "last" mean: by time, then id."""
    return sorted(facts, key=_moment)


def fold(facts: Sequence[Deed | Fact], rule: str, *, course_node: bool, watched: Watched | None = None) -> NodeProgress:
    """The row of one key; `facts` are in order and not empty; `rule` is the outline node's; watched: what is played in
    all of them, where that is known.
    """
    acts = [fact for fact in facts if fact.event not in BOOKKEEPING]
    revoked = max((i for i, fact in enumerate(facts) if fact.event == Event.UNCOMPLETED), default=-1)
    counted = facts[revoked + 1 :]
    watching = [fact for fact in counted if fact.media is not None] if rule == "media" else []
    moments = [(fact.at, read_media(fact.media or "")) for fact in watching]
    played = coverage(moments, watched if revoked < 0 else None) if watching else NOTHING
    evidence = _evidence(counted, rule, None if played.reached is None else watching[played.reached])
    visits = list(_visits(acts))
    standing = [fact.event for fact in facts if fact.event in _STANDING] if course_node else []
    verdicts = [fact.event == Event.PASSED for fact in facts if fact.event in (Event.PASSED, Event.FAILED)]
    entries = (Event.LAUNCHED, Event.ENROLLED) if course_node else (Event.LAUNCHED,)
    return NodeProgress(
        state="in_progress" if evidence is None else "completed",
        fraction=1.0 if evidence is not None else _fraction(counted, played.fraction),
        first_at=facts[0].at,
        last_at=facts[-1].at,
        first_activity_at=acts[0].at if acts else None,
        last_activity_at=acts[-1].at if acts else None,
        last_activity_id=acts[-1].id if acts else None,
        statements=len(facts),
        revoked_at=facts[revoked].at if revoked >= 0 else None,
        completed_at=None if evidence is None else evidence.at,
        satisfied_by=None if evidence is None else evidence.id,
        visits=len(visits),
        duration=min(sum(length_of(visit) for visit in visits), LONGEST),
        enrolled_at=next((fact.at for fact in facts if fact.event in entries), None),
        standing=standing[-1] if standing else None,
        verdict=verdicts[-1] if verdicts else None,
    )


def without_facts(at: datetime) -> NodeProgress:
    """The row of a key of which only an override speaks, since `at`; what it says is not in it yet."""
    return NodeProgress(
        state="not_started",
        fraction=0.0,
        first_at=at,
        last_at=at,
        first_activity_at=None,
        last_activity_at=None,
        last_activity_id=None,
        statements=0,
        revoked_at=None,
        completed_at=None,
        satisfied_by=None,
        visits=0,
        duration=0,
        enrolled_at=None,
        standing=None,
        verdict=None,
    )


def _evidence(facts: Sequence[Deed | Fact], rule: str, watched: Deed | Fact | None) -> Deed | Fact | None:
    """The first fact that satisfies the rule; `watched`: the one at which coverage is reached."""
    if rule == "none":
        return None
    return next((fact for fact in facts if fact is watched or _satisfies(fact, rule)), None)


def _satisfies(fact: Deed | Fact, rule: str) -> bool:
    event, score = fact.event, fact.score
    if event in GIVEN:
        return True
    denied = fact.success is False or fact.completion is False or (score is not None and score < PASS_MARK)
    if event in CLAIMS and not denied:
        return True
    if rule == "assessment":
        if event == Event.PASSED:
            return True
        if event in _SCORED and score is not None:
            return score >= PASS_MARK
        return event in JUDGED and fact.success is True
    if rule == "document":
        return event == Event.VIEWED
    if rule == "content":
        return event == Event.PASSED or (event == Event.PROGRESSED and fact.progress == 1)
    return False


def _fraction(facts: Sequence[Deed | Fact], played: float) -> float:
    told = max(
        (fact.progress for fact in facts if fact.event == Event.PROGRESSED and fact.progress is not None),
        default=0.0,
    )
    return min(max(told, played), NEARLY)


def _visits(acts: list[Deed | Fact]) -> Iterator[list[Deed | Fact]]:
    visit: list[Deed | Fact] = []
    for fact in acts:
        if visit and fact.at - visit[-1].at > VISIT_GAP:
            yield visit
            visit = []
        visit.append(fact)
    if visit:
        yield visit


def length_of(visit: Sequence[Deed | Fact]) -> int:
    """Milliseconds a run of facts took: what was told, or from first to last if that is longer."""
    told = max((fact.duration for fact in visit if fact.duration is not None), default=0)
    return max(told, (visit[-1].at - visit[0].at) // timedelta(milliseconds=1))
