"""The rule of this package: every read model of docs/read-models.md, from all statements at once.

It is the independent oracle of the acceptance tests: plain Python that shares no code with `projections`,
`schemas`, `streams` or `lrs`, keeps nothing between two calls, and prefers clarity to speed.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .facts import Fact, LoggedStatement, live_facts
from .outline import outline_of
from .progress import attempts, node_progress
from .standing import course_grade, enrollment, gradebook_row, inactivity

__all__ = ["LoggedStatement", "compute"]

Rows = dict[tuple[Any, ...], dict[str, Any]]


def compute(statements: Iterable[LoggedStatement], clock: datetime | None) -> dict[str, Rows]:
    """All read models: model name -> key -> fields.

    `clock` is the largest instant of the clock events, None where there is none. Instants are aware and UTC,
    durations whole milliseconds, IRIs and people are text, statement ids are UUIDs.
    """
    facts = live_facts(statements)
    # A Group is no learner and makes no claims; an object that is no Activity has no course: both stay facts only.
    placed = [fact for fact in facts if fact.person is not None and fact.course is not None]
    outline = outline_of(placed)

    models: dict[str, Rows] = {
        "fact": {(fact.id,): fact_row(fact) for fact in facts},
        "person": people(facts),
        "outline_node": dict(outline.items()),
        **{name: {} for name in ("node_progress", "attempt", "gradebook")},
        **{name: {} for name in ("course_grade", "enrollment", "risk_state")},
    }
    by_person: dict[tuple[str, str], list[Fact]] = {}
    for fact in placed:
        assert fact.course is not None
        assert fact.person is not None
        by_person.setdefault((fact.course.id, fact.person), []).append(fact)

    for (course, person), own in by_person.items():
        by_node: dict[str, list[Fact]] = {}
        for fact in own:
            assert fact.node is not None
            by_node.setdefault(fact.node.id, []).append(fact)
        progress_rows = {}
        grades = {}
        for node, of_node in by_node.items():
            row = outline[course, node]
            progress_rows[node] = node_progress(of_node, row["rule"])
            models["node_progress"][course, person, node] = progress_rows[node]
            tried = attempts(of_node)
            for key, attempt in tried.items():
                models["attempt"][course, person, node, key] = attempt
            if tried:
                grades[node] = gradebook_row(tried, row)
                models["gradebook"][course, person, node] = grades[node]
        nodes = {node: row for (of, node), row in outline.items() if of == course}
        graded = sum(1 for row in nodes.values() if row["graded"])
        required = {node for node, row in nodes.items() if row["required"]}
        models["course_grade"][course, person] = course_grade(course, own, grades, graded)
        models["enrollment"][course, person] = enrollment(course, own, progress_rows, required)
        risk = inactivity(models["enrollment"][course, person], len(required), clock)
        if risk is not None:
            models["risk_state"][course, person, "inactive"] = risk
    return models


def people(facts: list[Fact]) -> Rows:
    """The last non-blank name of each person, courses or not."""
    rows: Rows = {}
    for fact in facts:
        if fact.person is not None:
            row = rows.setdefault((fact.person,), {"name": None})
            row["name"] = fact.name if fact.name is not None else row["name"]
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
