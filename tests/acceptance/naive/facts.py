"""The rule of this file: every statement that is neither voiding nor voided becomes one fact with a place.

Sections 1 and 4 of docs/read-models.md. Facts are sorted by (at, id); every other file relies on that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from . import vocabulary
from .configuration import Places
from .placing import Activity, is_typed, place
from .reading import (
    Media,
    Score,
    duration_in_ms,
    identifier,
    instant,
    mapping,
    number,
    read_media,
    read_score,
    text,
    title,
    truth,
)


@dataclass(frozen=True)
class LoggedStatement:
    """A statement of the log. `stored` is UTC; `payload` is the parsed JSON of the whole statement."""

    position: int
    stored: datetime
    payload: dict[str, Any]


@dataclass(frozen=True)
class Fact:
    id: UUID
    at: datetime
    person: str | None
    name: str | None
    verb: str
    event: str
    object: Activity | None
    node: Activity | None
    course: Activity | None
    placement: str
    context: tuple[Activity, ...]  # parent, then grouping
    modules: dict[str, str]
    score: Score
    success: bool | None
    completion: bool | None
    duration: int | None
    progress: float | None
    attempt: str | None
    registration: UUID | None
    media: Media | None
    response: str | None

    @property
    def is_activity(self) -> bool:
        return self.event in vocabulary.ACTIVITY_OF_LEARNER

    @property
    def is_scoring(self) -> bool:
        if self.event == "completed":
            return self.score.score is not None
        return self.event in ("scored", "evaluated", "passed", "failed")


def live_facts(statements: Iterable[LoggedStatement], places: Places) -> list[Fact]:
    """All facts, each statement id once, in the order (at, id), with their courses."""
    by_id: dict[UUID, LoggedStatement] = {}
    for statement in sorted(statements, key=lambda one: one.position):
        by_id.setdefault(UUID(statement.payload["id"]), statement)
    target_of = {key: voided_by(statement.payload) for key, statement in by_id.items()}
    targets = set(target_of.values())
    facts = [
        fact_of(key, statement, places)
        for key, statement in by_id.items()
        if target_of[key] is None and key not in targets
    ]
    facts.sort(key=lambda fact: (fact.at, fact.id))
    return place_by_registration([place_by_outline(fact, places.outlines) for fact in facts])


def voided_by(payload: dict[str, Any]) -> UUID | None:
    """Id of the statement that this one voids; None when it is not a voiding statement."""
    verb, target = mapping(payload.get("verb")), mapping(payload.get("object"))
    voids = verb.get("id") == vocabulary.VOIDED and target.get("objectType") == "StatementRef"
    return identifier(target.get("id")) if voids else None


def fact_of(key: UUID, statement: LoggedStatement, places: Places) -> Fact:
    payload = statement.payload
    verb = mapping(payload.get("verb")).get("id", "")
    result = mapping(payload.get("result"))
    context = mapping(payload.get("context"))
    result_extensions = mapping(result.get("extensions"))
    context_extensions = mapping(context.get("extensions"))
    parents, grouping = activities_in(context, "parent"), activities_in(context, "grouping")
    target = object_activity(payload)
    placed = place(target, parents, grouping, places.mappings)
    person = person_of(payload)
    event = event_of(verb, target)
    played = verb == vocabulary.PLAYED
    progress = number(result_extensions.get(vocabulary.PROGRESS))
    carries_media = event == "media" or (event == "completed" and is_typed(target, vocabulary.MEDIA_TYPES))
    return Fact(
        id=key,
        at=instant(payload.get("timestamp")) or statement.stored,
        person=None if person is None else places.persons.get(person, person),
        name=(text(mapping(payload.get("actor")).get("name")) or "").strip() or None,
        verb=verb,
        event=event,
        object=target,
        node=placed.node,
        course=placed.course,
        placement=placed.placement,
        context=placed.context,
        modules=placed.modules,
        score=read_score(result.get("score")),
        success=truth(result.get("success")),
        completion=truth(result.get("completion")),
        duration=duration_in_ms(result.get("duration")),
        progress=progress / 100 if progress is not None and 0 <= progress <= 100 else None,
        attempt=shortened(attempt_of(payload, parents + grouping)),
        registration=identifier(context.get("registration")),
        media=read_media(result_extensions, context_extensions, played) if carries_media else None,
        response=response_in(event, result),
    )


def response_in(event: str, result: dict[str, Any]) -> str | None:
    found = text(result.get("response"))
    return found[:1000] if found is not None and event in ("answered", "evaluated") else None


def person_of(payload: dict[str, Any]) -> str | None:
    """The inverse functional identifier of an Agent; None for a Group."""
    actor = mapping(payload.get("actor"))
    if actor.get("objectType", "Agent") != "Agent":
        return None
    for kind in ("mbox", "mbox_sha1sum", "openid"):
        text = actor.get(kind)
        if not isinstance(text, str):
            continue
        if kind == "mbox":
            name, _, domain = text.rpartition("@")
            text = f"{name}@{domain.lower()}"
        return f"{kind}:{text.lower() if kind == 'mbox_sha1sum' else text}"
    account = mapping(actor.get("account"))
    if isinstance(account.get("homePage"), str) and isinstance(account.get("name"), str):
        return f"account:{account['homePage']}|{account['name']}"
    return None


def activity_of(value: Any) -> Activity | None:
    found = mapping(value)
    if not isinstance(found.get("id"), str):
        return None
    definition = mapping(found.get("definition"))
    return Activity(found["id"], text(definition.get("type")), title(definition))


def object_activity(payload: dict[str, Any]) -> Activity | None:
    target = mapping(payload.get("object"))
    return activity_of(target) if target.get("objectType", "Activity") == "Activity" else None


def activities_in(context: dict[str, Any], relation: str) -> tuple[Activity, ...]:
    """contextActivities.parent or .grouping; a single object counts as a list of one."""
    members = mapping(context.get("contextActivities")).get(relation, [])
    found = [activity_of(member) for member in (members if isinstance(members, list) else [members])]
    return tuple(activity for activity in found if activity is not None)


def event_of(verb: str, target: Activity | None) -> str:
    if verb in vocabulary.EVENT_ON_COURSE and is_typed(target, vocabulary.COURSE_TYPES):
        return vocabulary.EVENT_ON_COURSE[verb]
    if verb in vocabulary.MEDIA_ON_MEDIA and is_typed(target, vocabulary.MEDIA_TYPES):
        return "media"
    return vocabulary.EVENT_OF_VERB.get(verb, "other")


def shortened(key: str | None) -> str | None:
    """A key of more than 200 characters, as the page shortens it."""
    if key is None or len(key) <= 200:
        return key
    return key[:160] + "…" + blake2b(key.encode(), digest_size=16).hexdigest()


def attempt_of(payload: dict[str, Any], around: tuple[Activity, ...]) -> str | None:
    """The attempt key, its kind in front; None where the statement names no attempt."""
    target = object_activity(payload)
    for activity in (target, *around):
        if activity is not None and activity.type == vocabulary.ATTEMPT_TYPE:
            return f"activity:{activity.id}"
    context = mapping(payload.get("context"))
    session = mapping(context.get("extensions")).get(vocabulary.SESSION)
    if isinstance(session, str):
        return f"session:{session}"
    registration = identifier(context.get("registration"))
    if registration is not None:
        return f"registration:{registration}"
    if target is None:
        return None
    definition = mapping(mapping(payload.get("object")).get("definition"))
    count = mapping(definition.get("extensions")).get(vocabulary.ATTEMPT_NUMBER)
    if isinstance(count, (str, int)) and not isinstance(count, bool):
        return f"number:{count}"
    return None


def place_by_outline(fact: Fact, outlines: dict[str, set[str]]) -> Fact:
    """Section 9 of docs/rules.md: what says no course itself is where the only outline is that has its node."""
    courses = outlines.get(fact.node.id, set()) if fact.node and fact.person is not None else set()
    if fact.course is not None or len(courses) != 1:
        return fact
    return replace(fact, course=Activity(min(courses)), placement="outline")


def place_by_registration(facts: list[Fact]) -> list[Fact]:
    """Step 5: the course of the first placed fact of the same person and registration."""
    course_of: dict[tuple[str, UUID], str] = {}
    for fact in facts:
        if fact.person is not None and fact.registration is not None and fact.course is not None:
            course_of.setdefault((fact.person, fact.registration), fact.course.id)
    placed = []
    for fact in facts:
        if fact.node and fact.course is None and fact.person is not None and fact.registration is not None:
            course = course_of.get((fact.person, fact.registration))
            if course is not None:
                fact = replace(fact, course=Activity(course), placement="registration")
        placed.append(fact)
    return placed
