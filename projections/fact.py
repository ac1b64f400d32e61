"""A statement becomes at most one fact: a narrow row, from this statement alone. docs/read-models.md, section 1."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from projections.media_coverage import Media, media_of
from projections.placement import THE_COURSE, Claim, Placement, is_course, place, type_of
from projections.score import score_of
from projections.vocabulary import (
    ATTEMPT_TYPE,
    CMI5_PROGRESS,
    CMI5_SESSION,
    COURSE_EVENTS,
    EVENTS,
    MEDIA_EVENTS,
    MEDIA_TYPES,
    OPEN_EDX_ATTEMPT,
    TRACKED,
    VOIDED,
    Event,
)
from schemas.identity import inverse_functional_identifier

_DURATION = re.compile(
    r"^P(?:(?P<W>[\d.,]+)W|(?:(?P<Y>[\d.,]+)Y)?(?:(?P<M>[\d.,]+)M)?(?:(?P<D>[\d.,]+)D)?"
    r"(?:T(?:(?P<h>[\d.,]+)H)?(?:(?P<m>[\d.,]+)M)?(?:(?P<s>[\d.,]+)S)?)?)$"
)
_SECONDS = {"W": 604_800, "Y": 31_536_000, "M": 2_592_000, "D": 86_400, "h": 3600, "m": 60, "s": 1}
LONGEST = 10**15
"""Milliseconds that a duration counts for at most: thirty thousand years, so that sums stay within 64 bits."""
_DIGITS = 40
"""Digits of a part of a duration that are read: more of them are beyond LONGEST, or beyond a millisecond."""
LONGEST_KEY = 200
"""Characters of an attempt key; a longer one is shortened, with a hash of the whole at its end."""
_NOWHERE = Placement(None, "unassigned", None, ())


class Fact(NamedTuple):
    """One row of the table `fact`, columns in its order. duration in milliseconds; score and progress 0…1."""

    position: int
    id: UUID
    at: datetime
    person: UUID | None
    course: UUID | None
    activity: UUID | None
    verb: UUID
    event: str
    placement: str
    registration: UUID | None
    attempt: str | None
    raw: float | None
    min: float | None
    max: float | None
    scaled: float | None
    score: float | None
    score_suspect: bool
    success: bool | None
    completion: bool | None
    duration: int | None
    progress: float | None
    media: str | None
    claim: UUID | None
    actor_name: str | None
    voided_position: int | None


class ClaimSet(NamedTuple):
    """All that one statement says of the outline.

    tracked: it shows its node to be learning content; scoring: it scores it.
    """

    node: str
    tracked: bool
    scoring: bool
    claims: tuple[Claim, ...]


class Derived(NamedTuple):
    """A fact, and the texts behind the names in it: IRIs, the person's identifier, the claims."""

    fact: Fact
    iris: tuple[str, ...]
    ifi: str | None
    claims: str | None

    def names(self) -> list[tuple[UUID, str]]:
        """The dictionary entries for its IRIs."""
        return [(name_of(iri), iri) for iri in self.iris]


@lru_cache(maxsize=200_000)
def name_of(text: str) -> UUID:
    """The 128-bit name of an IRI or identifier: blake2b, so that every rebuild gives the same."""
    return _name(text)


def _name(text: str) -> UUID:
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


def derive(
    position: int,
    statement_id: UUID,
    stored: datetime,
    timestamp: datetime | None,
    statement: Mapping[str, Any],
    voided_position: int | None = None,
) -> Derived | None:
    """The fact of one statement; None for a voiding statement, which only takes facts away."""
    verb = statement["verb"]["id"]
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    if verb == VOIDED and kind == "StatementRef":
        return None
    actor = statement["actor"]
    result = statement.get("result", {})
    context = statement.get("context", {})
    is_activity = kind == "Activity"
    type_ = type_of(target) if is_activity else None
    placed = place(target, context) if is_activity else _NOWHERE
    event = _event(verb, type_)
    ifi = inverse_functional_identifier(actor) if actor.get("objectType", "Agent") == "Agent" else None
    score = score_of(result.get("score"))
    registration = context.get("registration")
    claims = None
    if placed.node is not None and ifi is not None:
        said = ClaimSet(placed.node, event in TRACKED, is_scoring(event, score.value), placed.claims)
        claims = msgspec.json.encode(said).decode()
    media = None
    if event is Event.MEDIA or (event is Event.COMPLETED and type_ in MEDIA_TYPES):
        media = msgspec.json.encode(media_of(verb, result, context)).decode()
    activity = placed.node or (target["id"] if is_activity else None)
    name = actor.get("name", "").strip() if ifi else ""
    fact = Fact(
        position=position,
        id=statement_id,
        at=timestamp or stored,
        person=None if ifi is None else name_of(ifi),
        course=None if placed.course is None else name_of(placed.course),
        activity=None if activity is None else name_of(activity),
        verb=name_of(verb),
        event=event.value,
        placement=placed.step,
        registration=None if registration is None else UUID(registration),
        attempt=_short(_attempt(target, context, registration)),
        raw=score.raw,
        min=score.min,
        max=score.max,
        scaled=score.scaled,
        score=score.value,
        score_suspect=score.suspect,
        success=result.get("success"),
        completion=result.get("completion"),
        duration=milliseconds(result.get("duration")),
        progress=_progress(result.get("extensions", {}).get(CMI5_PROGRESS)),
        media=media,
        claim=None if claims is None else _name(claims),
        actor_name=name or None,
        voided_position=voided_position,
    )
    iris = tuple(iri for iri in (verb, activity, placed.course) if iri is not None)
    return Derived(fact, iris, ifi, claims)


def is_scoring(event: str, score: float | None) -> bool:
    """Whether a fact makes an attempt. docs/read-models.md, section 7."""
    return event in _SCORING or (event == Event.COMPLETED and score is not None)


_SCORING = frozenset({Event.SCORED, Event.EVALUATED, Event.PASSED, Event.FAILED})

read_media = msgspec.json.Decoder(Media).decode
read_claims = msgspec.json.Decoder(ClaimSet).decode


def claimed_iri(claim: Claim, course: str) -> str:
    """The activity a claim speaks of, in this course."""
    return course if claim.iri == THE_COURSE else claim.iri


def _event(verb: str, type_: str | None) -> Event:
    if verb in COURSE_EVENTS:
        return COURSE_EVENTS[verb] if is_course(type_) else Event.OTHER
    if verb in MEDIA_EVENTS:
        return Event.MEDIA if type_ in MEDIA_TYPES else Event.OTHER
    return EVENTS.get(verb, Event.OTHER)


def _attempt(target: Mapping[str, Any], context: Mapping[str, Any], registration: str | None) -> str | None:
    if type_of(target) == ATTEMPT_TYPE:
        return f"activity:{target['id']}"
    around = context.get("contextActivities", {})
    for name in ("parent", "grouping"):
        members = around.get(name, ())
        for activity in (members,) if isinstance(members, Mapping) else members:
            if type_of(activity) == ATTEMPT_TYPE:
                return f"activity:{activity['id']}"
    session = context.get("extensions", {}).get(CMI5_SESSION)
    if isinstance(session, str):
        return f"session:{session}"
    if registration is not None:
        return f"registration:{registration.lower()}"
    number = target.get("definition", {}).get("extensions", {}).get(OPEN_EDX_ATTEMPT)
    if isinstance(number, str) or (isinstance(number, int) and not isinstance(number, bool)):
        return f"number:{number}"
    return None


def _short(key: str | None) -> str | None:
    return key if key is None or len(key) <= LONGEST_KEY else f"{key[:160]}…{_name(key).hex}"


def _progress(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        return None
    return value / 100


def milliseconds(duration: str | None) -> int | None:
    """An ISO 8601 duration in milliseconds: years of 365 days, months of 30."""
    match = _DURATION.match(duration) if duration else None
    if match is None:
        return None
    parts = ((unit, value[:_DIGITS].replace(",", ".")) for unit, value in match.groupdict().items() if value)
    total = sum(Decimal(value) * _SECONDS[unit] for unit, value in parts)
    return min(int(total * 1000), LONGEST)
