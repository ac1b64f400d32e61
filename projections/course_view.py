"""A course as its page shows it: values that encode to JSON as they are. What a reader sees is put into words here.

Shares (progress, grades, scores) are 0…1, rounded to 6 decimals; instants are UTC; ids are the read models' UUIDs. A
learner who has withdrawn stays on the roster, but is counted in nothing but `withdrawn`.
"""

import math
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import unquote
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace


class CourseLine(Struct, frozen=True):
    """One course in the list of courses."""

    id: UUID
    iri: str
    title: str
    enrolled: int
    active: int
    completed: int
    at_risk: int


class Course(Struct, frozen=True):
    """Which course it is. title: the IRI's last part where no statement gives one."""

    id: UUID
    iri: str
    title: str


class Summary(Struct, frozen=True):
    """The sums of one course. enrolled: all but the withdrawn; the means are over those."""

    enrolled: int
    active: int
    completed: int
    withdrawn: int
    at_risk: int
    mean_progress: float | None
    mean_grade: float | None


class Risk(Struct, frozen=True):
    """Why a learner is at risk. reason: in words; evidence: id of the statement that shows it."""

    level: str
    rule: str
    since: datetime
    reason: str
    evidence: UUID


class Learner(Struct, frozen=True):
    """One line of the roster. name: the identifier in short where no statement gives one."""

    person: UUID
    name: str
    ifi: str
    status: str
    progress: float
    completed_nodes: int
    required_nodes: int
    grade_so_far: float | None
    grade_if_nothing_more: float | None
    passed: bool | None
    enrolled_at: datetime
    last_activity_at: datetime | None
    risk: Risk | None


class Node(Struct, frozen=True):
    """One node of the outline, and how many learners completed it and began it. depth: 0 for the course."""

    id: UUID
    iri: str
    title: str
    kind: str
    parent: UUID | None
    rule: str
    required: bool
    graded: bool
    completed: int
    started: int
    depth: int = 0


class Recent(Struct, frozen=True):
    """One statement. person and name are null for a group; verb: one short word; title: of the activity."""

    statement_id: UUID
    at: datetime
    person: UUID | None
    name: str | None
    verb: str
    title: str
    score: float | None
    success: bool | None


class CourseView(Struct, frozen=True):
    """A course at one position of the log. roster: by urgency; outline: depth first; recent: the last to arrive first.
    more: where the whole roster is read by pages, empty where it is here.
    """

    position: int
    course: Course
    summary: Summary
    roster: list[Learner]
    outline: list[Node]
    recent: list[Recent]
    more: str = ""


class CourseUpdate(Struct, frozen=True, omit_defaults=True):
    """What takes a view at any position from `after` to `position`: whole values, never differences.

    roster: the lines that changed; removed: persons that are no longer on it; outline: where it is told with them.
    """

    after: int
    position: int
    summary: Summary
    roster: list[Learner]
    removed: list[UUID]
    recent: list[Recent]
    outline: list[Node] | None = None


def inactive_reason(last_activity: datetime, now: datetime, threshold_days: int) -> str:
    """Why the rule "inactive" speaks, in words: docs/read-models.md, section 10."""
    days = (now - last_activity).days
    since = f"{last_activity.day} {last_activity:%b %Y}"
    level = "high" if threshold_days > 7 else "warns"
    return f"No activity for {days} days (since {since}); {level} after {threshold_days} days"


def short_word(iri: str) -> str:
    """The last part of an IRI as words: `http://adlnet.gov/expapi/verbs/answered` is `answered`."""
    last = iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri
    return unquote(last).replace("_", " ").replace("-", " ").strip() or iri


def last_part(iri: str) -> str:
    """The last part of an activity's IRI, which stands for a title where there is none."""
    return unquote(iri.rstrip("/#").rpartition("/")[2]) or iri


def short_identifier(ifi: str) -> str:
    """What a reader recognises in an inverse functional identifier: the address, or the account's name."""
    kind, _, value = ifi.partition(":")
    if kind == "account":
        return value.partition("|")[2] or value
    return value.removeprefix("mailto:") or ifi


def by_urgency(roster: Iterable[Learner]) -> list[Learner]:
    """The order in which the page first shows a roster: those at risk, then by name; the withdrawn last."""
    level = {"high": 0, "warn": 1}
    return sorted(
        roster,
        key=lambda one: (
            one.status == "withdrawn",
            2 if one.risk is None else level.get(one.risk.level, 2),
            one.name.casefold(),
            one.person,
        ),
    )


def depth_first(nodes: Iterable[tuple[Node, datetime | None, int | None]]) -> list[Node]:
    """The outline as a tree in one list. Each node comes with when a learner first met it, and its place if it is set.

    Statements do not say in which order a course is meant to be taken, so siblings of which nobody has set a place
    stand after the others, in the order in which they were first met. A parent that is not in the outline, or a ring of
    parents, leaves a node at the top.
    """
    known: dict[UUID | None, Node] = {}
    met: dict[UUID, tuple[bool, float, str]] = {}
    places: dict[UUID, float] = {}
    for node, first, place in nodes:
        known[node.id] = node
        places[node.id] = math.inf if place is None else place
        met[node.id] = (first is None, first.timestamp() if first else 0.0, node.iri)
    children: dict[UUID | None, list[UUID]] = {}
    for node in known.values():
        children.setdefault(node.parent if node.parent in known else None, []).append(node.id)
    earliest = dict(met)
    for key, first_met in met.items():
        seen = {key}
        parent = known[key].parent
        while parent is not None and parent in known and parent not in seen:
            seen.add(parent)
            earliest[parent] = min(earliest[parent], first_met)
            parent = known[parent].parent

    def in_order(keys: Iterable[UUID]) -> list[UUID]:
        return sorted(keys, key=lambda key: (known[key].kind != "course", places[key], earliest[key]))

    ordered: dict[UUID, Node] = {}
    for top in [*in_order(children.get(None, [])), *in_order(met)]:
        stack = [(top, 0)]
        while stack:
            key, depth = stack.pop()
            if key not in ordered:
                ordered[key] = replace(known[key], depth=depth)
                stack += [(child, depth + 1) for child in reversed(in_order(children.get(key, [])))]
    return list(ordered.values())
