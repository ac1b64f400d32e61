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
class Activity:
    """What one statement says of an activity; `level` is None where neither type nor identifier gives one."""

    id: str
    type: str | None = None
    title: str | None = None

    @property
    def level(self) -> str | None:
        return vocabulary.level(self.id, self.type)


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


def live_facts(statements: Iterable[LoggedStatement]) -> list[Fact]:
    """All facts, each statement id once, in the order (at, id), with their courses."""
    by_id: dict[UUID, LoggedStatement] = {}
    for statement in sorted(statements, key=lambda one: one.position):
        by_id.setdefault(UUID(statement.payload["id"]), statement)
    target_of = {key: voided_by(statement.payload) for key, statement in by_id.items()}
    targets = set(target_of.values())
    facts = [
        fact_of(key, statement) for key, statement in by_id.items() if target_of[key] is None and key not in targets
    ]
    facts.sort(key=lambda fact: (fact.at, fact.id))
    return place_by_registration(facts)


def voided_by(payload: dict[str, Any]) -> UUID | None:
    """Id of the statement that this one voids; None when it is not a voiding statement."""
    verb, target = mapping(payload.get("verb")), mapping(payload.get("object"))
    voids = verb.get("id") == vocabulary.VOIDED and target.get("objectType") == "StatementRef"
    return identifier(target.get("id")) if voids else None


def fact_of(key: UUID, statement: LoggedStatement) -> Fact:
    payload = statement.payload
    verb = mapping(payload.get("verb")).get("id", "")
    result = mapping(payload.get("result"))
    context = mapping(payload.get("context"))
    result_extensions = mapping(result.get("extensions"))
    context_extensions = mapping(context.get("extensions"))
    parents, grouping = activities_in(context, "parent"), activities_in(context, "grouping")
    target = object_activity(payload)
    node, course, placement = place(target, parents, grouping)
    event = event_of(verb, target)
    played = verb == vocabulary.PLAYED
    progress = number(result_extensions.get(vocabulary.PROGRESS))
    carries_media = event == "media" or (event == "completed" and is_typed(target, vocabulary.MEDIA_TYPES))
    return Fact(
        id=key,
        at=instant(payload.get("timestamp")) or statement.stored,
        person=person_of(payload),
        name=(text(mapping(payload.get("actor")).get("name")) or "").strip() or None,
        verb=verb,
        event=event,
        object=target,
        node=node,
        course=course,
        placement=placement,
        context=parents + grouping,
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


def is_typed(activity: Activity | None, types: set[str]) -> bool:
    return activity is not None and activity.type in types


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


def place(
    target: Activity | None, parents: tuple[Activity, ...], grouping: tuple[Activity, ...]
) -> tuple[Activity | None, Activity | None, str]:
    """Node, course and placement by the steps 1 to 3 of section 4."""
    node = target
    if is_typed(target, {vocabulary.ATTEMPT_TYPE}):
        units = [activity for activity in parents + grouping if activity.level == "unit"]
        node = units[0] if units else None
    if target is None or node is None:
        return None, None, "unassigned"
    is_course = target.type in vocabulary.COURSE_TYPES
    for activity in parents if is_course else parents + grouping:
        if activity.type in vocabulary.COURSE_TYPES:
            return node, activity, "context"
    if is_course:
        return node, target, "object"
    match = vocabulary.OPEN_EDX_BLOCK.match(node.id)
    if match:
        base, _, ccx_block, scheme, key, _ = match.groups()
        prefix = "ccx-v1:" if ccx_block or scheme == "ccx-v1:" else "course-v1:"
        return node, Activity(base + ("course/" if base else "") + prefix + key), "identifier"
    return node, None, "unassigned"


def place_by_registration(facts: list[Fact]) -> list[Fact]:
    """Step 4: the course of the first placed fact of the same person and registration."""
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
