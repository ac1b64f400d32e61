"""What many statements have in common, worked out once: who, and what it was done to, where in a course.

The rule of this file: everything here follows from a part of a statement alone, so what was worked out for its text
holds wherever the same text comes again, byte for byte.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from projections.names import Name, hash_of, named
from projections.payload import parse
from projections.placement import Claim, Placement, members, place, type_of
from projections.vocabulary import ATTEMPT_TYPE, OPEN_EDX_ATTEMPT
from schemas.identity import inverse_functional_identifier

REMEMBERED = 4096
"""Texts of one kind that are remembered."""
LONGEST_REMEMBERED = 4096
"""Bytes of the longest text that is."""
_NOWHERE = Placement(None, "unassigned", None, ())


class ClaimSet(NamedTuple):
    """All that one statement says of the outline.

    tracked: it shows its node to be learning content; scoring: it scores it.
    """

    node: str
    tracked: bool
    scoring: bool
    claims: tuple[Claim, ...]


class Doer(NamedTuple):
    """What an actor tells. person None: no learner."""

    person: Name | None
    ifi: str | None
    name: str | None


class Matter(NamedTuple):
    """What an object tells with the activities around it. attempt: where one of these is an attempt.

    about: the object, its node, and what is around it as parent and grouping, in the order in which a mapping is
    looked for.
    """

    kind: str
    type: str | None
    placement: Placement
    activity: Name | None
    course: Name | None
    iris: tuple[tuple[Name, str], ...]
    attempt: str | None
    number: str | None
    about: tuple[str, ...]
    claims: dict[tuple[bool, bool], tuple[Name, str]]
    """By tracked and scoring, as far as they were asked for."""


def doer_in(text: bytes) -> Doer:
    """As `doer_of`, of the actor's text."""
    return (_doer_in if len(text) <= LONGEST_REMEMBERED else _doer_in.__wrapped__)(text)


def matter_in(target: bytes, around: bytes) -> Matter:
    """As `matter_of`, of the texts."""
    long = len(target) + len(around) > LONGEST_REMEMBERED
    return (_matter_in.__wrapped__ if long else _matter_in)(target, around)


@lru_cache(maxsize=REMEMBERED)
def _doer_in(actor: bytes) -> Doer:
    return doer_of(parse(actor))


@lru_cache(maxsize=REMEMBERED)
def _matter_in(target: bytes, around: bytes) -> Matter:
    return matter_of(parse(target), parse(around))


def doer_of(actor: Mapping[str, Any]) -> Doer:
    """Who did it."""
    ifi = inverse_functional_identifier(actor) if actor.get("objectType", "Agent") == "Agent" else None
    if ifi is None:
        return Doer(None, None, None)
    return Doer(named(ifi), ifi, actor.get("name", "").strip() or None)


def matter_of(target: Mapping[str, Any], around: Mapping[str, Any]) -> Matter:
    """What it was done to: the object, and the statement's contextActivities."""
    return placed_matter(target, around, place(target, around) if _is_activity(target) else _NOWHERE)


def placed_matter(target: Mapping[str, Any], around: Mapping[str, Any], placed: Placement) -> Matter:
    """As `matter_of`, where the place is known."""
    kind = target.get("objectType", "Activity")
    is_activity = _is_activity(target)
    above = (one["id"] for name in ("parent", "grouping") for one in members(around, name))
    iris = [iri for iri in (placed.node or (target["id"] if is_activity else None), placed.course) if iri is not None]
    names = [(named(iri), iri) for iri in iris]
    return Matter(
        kind=kind,
        type=type_of(target) if is_activity else None,
        placement=placed,
        activity=names[0][0] if is_activity else None,
        course=None if placed.course is None else names[-1][0],
        iris=tuple(names),
        attempt=_attempt_around(target, around),
        number=_attempt_number(target),
        about=tuple(dict.fromkeys((target["id"], placed.node or target["id"], *above))) if is_activity else (),
        claims={},
    )


def _is_activity(target: Mapping[str, Any]) -> bool:
    return bool(target.get("objectType", "Activity") == "Activity")


def claims_of(matter: Matter, *, tracked: bool, scoring: bool) -> tuple[Name, str]:
    """The claim set of a statement about this, by name and as JSON."""
    known = matter.claims.get((tracked, scoring))
    if known is None:
        said = ClaimSet(matter.placement.node or "", tracked, scoring, matter.placement.claims)
        text = msgspec.json.encode(said).decode()
        known = matter.claims[tracked, scoring] = (hash_of(text), text)
    return known


def _attempt_around(target: Mapping[str, Any], around: Mapping[str, Any]) -> str | None:
    if type_of(target) == ATTEMPT_TYPE:
        return f"activity:{target['id']}"
    for name in ("parent", "grouping"):
        for activity in members(around, name):
            if type_of(activity) == ATTEMPT_TYPE:
                return f"activity:{activity['id']}"
    return None


def _attempt_number(target: Mapping[str, Any]) -> str | None:
    number = target.get("definition", {}).get("extensions", {}).get(OPEN_EDX_ATTEMPT)
    if isinstance(number, str) or (isinstance(number, int) and not isinstance(number, bool)):
        return f"number:{number}"
    return None
