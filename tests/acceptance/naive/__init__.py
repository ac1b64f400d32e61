"""The rule of this package: every read model of docs/read-models.md, from all statements at once.

It is the independent oracle of the acceptance tests: plain Python that shares no code with `projections`,
`schemas`, `streams` or `lrs`, keeps nothing between two calls, and prefers clarity to speed.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .configuration import LoggedEvent, Settings, places_of, settings_of
from .facts import Fact, LoggedStatement, live_facts
from .grades import course_row
from .grades import gradebook_row as graded_row
from .outline import outline_of
from .progress import attempts, doings, node_progress
from .rules import DEFAULTS, Around, verdict
from .standing import course_grade, enrollment, gradebook_row, inactivity, verdict_on

__all__ = ["LoggedEvent", "LoggedStatement", "compute"]

Rows = dict[tuple[Any, ...], dict[str, Any]]


def compute(
    statements: Iterable[LoggedStatement], clock: datetime | None, events: Iterable[LoggedEvent] = ()
) -> dict[str, Rows]:
    """All read models: model name -> key -> fields.

    `clock` is the largest instant of the clock events, None where there is none; `events` are those that set something.
    Instants are aware and UTC, durations whole milliseconds, IRIs and people are text, statement ids are UUIDs.
    """
    events = list(events)
    places = places_of(events)
    facts = live_facts(statements, places)
    settings = settings_of(events)
    # A Group is no learner and makes no claims; an object that is no Activity has no course: both stay facts only.
    placed = [fact for fact in facts if fact.person is not None and fact.course is not None]
    outline = outline_of(placed, settings)

    models: dict[str, Rows] = {
        "fact": {(fact.id,): fact_row(fact) for fact in facts},
        "person": people(facts, settings, places.persons),
        "outline_node": dict(outline.items()),
        **{name: {} for name in ("node_progress", "attempt", "gradebook")},
        **{name: {} for name in ("course_grade", "enrollment", "risk_state")},
    }
    by_key: dict[tuple[str, str], dict[str, list[Fact]]] = {}
    for fact in placed:
        assert fact.course is not None
        assert fact.person is not None
        assert fact.node is not None
        by_key.setdefault((fact.course.id, fact.person), {}).setdefault(fact.node.id, []).append(fact)
    for course, said in settings.items():
        for person, node in (*said.completions, *said.grades):
            if (course, node) in outline:
                by_key.setdefault((course, person), {}).setdefault(node, [])

    for (course, person), by_node in by_key.items():
        own = sorted((fact for some in by_node.values() for fact in some), key=lambda fact: (fact.at, fact.id))
        nodes = {node: row for (of, node), row in outline.items() if of == course}
        known = settings.get(course)
        grades = {}
        if known is None:
            progress_rows = {node: node_progress(some, nodes[node]["rule"]) for node, some in by_node.items()}
        else:
            progress_rows = judged_rows(course, person, by_node, nodes, known, clock)
        for node, of_node in by_node.items():
            models["node_progress"][course, person, node] = progress_rows[node]
            tried = attempts(of_node)
            for key, attempt in tried.items():
                models["attempt"][course, person, node, key] = attempt
            grade = gradebook_row(tried, nodes[node]) if tried else None
            if known is not None:
                grade = graded_row(tried, node, nodes[node], known, person)
            if grade is not None:
                grades[node] = models["gradebook"][course, person, node] = grade
        graded = sum(1 for row in nodes.values() if row["graded"])
        required = {node for node, row in nodes.items() if row["required"]}
        if known is not None and known.by_policy(person):
            row = course_row(course, verdict_on(course, own), grades, nodes, known, person, clock)
        else:
            row = course_grade(course, own, grades, graded)
        models["course_grade"][course, person] = row
        models["enrollment"][course, person] = enrollment(course, own, progress_rows, required)
        risk = inactivity(models["enrollment"][course, person], len(required), clock)
        if risk is not None:
            models["risk_state"][course, person, "inactive"] = risk
    return models


def judged_rows(
    course: str,
    person: str,
    by_node: dict[str, list[Fact]],
    nodes: dict[str, dict[str, Any]],
    settings: Settings,
    clock: datetime | None,
) -> dict[str, dict[str, Any]]:
    """node_progress of one learner in a course of which something is set."""
    rows: dict[str, dict[str, Any]] = {}

    def row_of(node: str) -> dict[str, Any] | None:
        if node in rows or node not in by_node:
            return rows.get(node)
        facts, row = by_node[node], nodes[node]
        prerequisites = {}
        for other in settings.waits(node, course):
            found = row_of(other)
            if found is not None and found["completed_at"] is not None:
                prerequisites[other] = found["completed_at"], found["satisfied_by"]
        around = Around(
            type=row["type"],
            mark=settings.pass_mark(node),
            due_at=settings.due_at(node, person),
            prerequisites=prerequisites,
            override=settings.completions.get((person, node)),
            clock=clock,
        )
        rule = settings.rule(course, node, row["rule"]) or DEFAULTS[row["rule"]]
        overrides = (settings.completions.get((person, node)), settings.grades.get((person, node)))
        said = [one[-1] for one in overrides if one is not None]
        rows[node] = (doings(facts) if facts else told_at(min(said))) | verdict(rule, facts, around)
        return rows[node]

    for node in by_node:
        row_of(node)
    return rows


def told_at(at: datetime) -> dict[str, Any]:
    """What is there of a key of which only an override speaks."""
    nothing = {"last_activity_at": None, "last_activity_id": None, "statements": 0, "visits": 0, "duration": 0}
    return {"first_at": at, "last_at": at, **nothing}


def people(facts: list[Fact], settings: dict[str, Settings], persons: dict[str, str]) -> Rows:
    """The last non-blank name of each person, courses or not; and whoever an override speaks of."""
    rows: Rows = {
        (person,): {"name": None} for said in settings.values() for person, _ in (*said.completions, *said.grades)
    }
    for fact in facts:
        if fact.person is not None:
            row = rows.setdefault((fact.person,), {"name": None})
            row["name"] = fact.name if fact.name is not None else row["name"]
    for (person,), row in rows.items():
        row["merged_from"] = sorted(one for one, into in persons.items() if into == person)
    return rows


def fact_row(fact: Fact) -> dict[str, Any]:
    activity = fact.node or fact.object
    return {
        "at": fact.at,
        "person": fact.person,
        "course": fact.course.id if fact.course else None,
        "activity": activity.id if activity else None,
        "verb": fact.verb,
        "event": fact.event,
        "placement": fact.placement,
        "score": fact.score.score,
        "success": fact.success,
        "completion": fact.completion,
        "duration": fact.duration,
        "registration": fact.registration,
        "voided": False,
    }
