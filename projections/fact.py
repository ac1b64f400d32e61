"""A statement becomes at most one fact: a narrow row, from this statement alone. docs/read-models.md, section 1.

What many statements have in common (who; what, and where in a course) is worked out once: `derived` knows it again by
its text, byte for byte. `derive` does the same without a memory.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from projections.media_coverage import Media, media_of
from projections.names import Name, hash_of, named
from projections.payload import cut_up, parse
from projections.placement import THE_COURSE, Claim, is_course
from projections.score import score_of
from projections.shared_parts import (
    REMEMBERED,
    ClaimSet,
    Doer,
    Matter,
    claims_of,
    doer_in,
    doer_of,
    matter_in,
    matter_of,
)
from projections.vocabulary import (
    CMI5_PROGRESS,
    CMI5_SESSION,
    COURSE_EVENTS,
    EVENTS,
    MEDIA_EVENTS,
    MEDIA_TYPES,
    TRACKED,
    VOIDED,
    Event,
)

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


class Fact(NamedTuple):
    """One row of the table `fact`, columns in its order. duration in milliseconds; score and progress 0…1.

    merged_from: the person that the statement names, where that one counts for another.
    id and verb are what rules and explanations are told of: UUIDs; the other names are for the tables alone.
    """

    position: int
    id: UUID
    at: datetime
    person: Name | None
    course: Name | None
    activity: Name | None
    verb: UUID
    event: str
    placement: str
    registration: Name | None
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
    claim: Name | None
    actor_name: str | None
    voided_position: int | None
    merged_from: Name | None = None


class Deed(NamedTuple):
    """What of a fact a learner's rows are computed from."""

    id: UUID
    at: datetime
    verb: UUID
    event: str
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


class Derived(NamedTuple):
    """A fact, and the texts behind the names in it: IRIs, the person's identifier, the claims. about: as of Matter."""

    fact: Fact
    iris: tuple[tuple[Name, str], ...]
    ifi: str | None
    claims: str | None
    about: tuple[str, ...]


@lru_cache(maxsize=REMEMBERED)
def name_of(text: str) -> UUID:
    """The name of an IRI or identifier as the tables show it."""
    return UUID(bytes=named(text))


def derive(
    position: int,
    statement_id: UUID,
    stored: datetime,
    timestamp: datetime | None,
    statement: Mapping[str, Any],
    voided_position: int | None = None,
) -> Derived | None:
    """The fact of one statement; None for a voiding statement, which only takes facts away."""
    context = statement.get("context", {})
    return _derive(
        position,
        statement_id,
        timestamp or stored,
        doer_of(statement["actor"]),
        statement["verb"]["id"],
        matter_of(statement["object"], context.get("contextActivities", {})),
        statement.get("result", {}),
        context.get("registration"),
        context.get("extensions", {}),
        voided_position,
    )


def derived(
    position: int,
    statement_id: UUID,
    stored: datetime,
    timestamp: datetime | None,
    payload: str,
    voided_position: int | None = None,
) -> Derived | None:
    """As `derive`, of the statement's text."""
    try:
        cut = cut_up(payload)
    except msgspec.ValidationError:
        return derive(position, statement_id, stored, timestamp, parse(payload), voided_position)
    context = cut.context
    return _derive(
        position,
        statement_id,
        timestamp or stored,
        doer_in(bytes(cut.actor)),
        cut.verb.id,
        matter_in(bytes(cut.object), bytes(context.context_activities)),
        cut.result,
        context.registration,
        context.extensions,
        voided_position,
    )


def _derive(
    position: int,
    statement_id: UUID,
    at: datetime,
    doer: Doer,
    verb: str,
    matter: Matter,
    result: Mapping[str, Any],
    registration: str | None,
    extensions: Mapping[str, Any],
    voided_position: int | None,
) -> Derived | None:
    if verb == VOIDED and matter.kind == "StatementRef":
        return None
    event = _event(verb, matter.type)
    score = score_of(result.get("score"))
    claim = claims = None
    if matter.placement.node is not None and doer.ifi is not None:
        claim, claims = claims_of(matter, tracked=event in TRACKED, scoring=is_scoring(event, score.value))
    media = None
    if event is Event.MEDIA or (event is Event.COMPLETED and matter.type in MEDIA_TYPES):
        media = msgspec.json.encode(media_of(verb, result.get("extensions", {}), extensions)).decode()
    fact = Fact(
        position,
        statement_id,
        at,
        doer.person,
        matter.course,
        matter.activity,
        name_of(verb),
        event.value,
        matter.placement.step,
        None if registration is None else _uuid(registration),
        _short(matter.attempt or _attempt(extensions, registration, matter.number)),
        score.raw,
        score.min,
        score.max,
        score.scaled,
        score.value,
        score.suspect,
        result.get("success"),
        result.get("completion"),
        milliseconds(result.get("duration")),
        _progress(result.get("extensions", {}).get(CMI5_PROGRESS)),
        media,
        claim,
        doer.name,
        voided_position,
    )
    return Derived(fact, ((named(verb), verb), *matter.iris), doer.ifi, claims, matter.about)


@lru_cache(maxsize=REMEMBERED)
def _uuid(text: str) -> Name:
    return UUID(text).bytes


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


def _attempt(extensions: Mapping[str, Any], registration: str | None, number: str | None) -> str | None:
    session = extensions.get(CMI5_SESSION)
    if isinstance(session, str):
        return f"session:{session}"
    return number if registration is None else f"registration:{registration.lower()}"


def _short(key: str | None) -> str | None:
    return key if key is None or len(key) <= LONGEST_KEY else f"{key[:160]}…{hash_of(key).hex()}"


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
