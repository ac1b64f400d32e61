"""The rule of this file: where one person stands in one course, from facts, outline, progress and attempts.

Gradebook and course row (section 8), enrollment (9) and risk (10).
"""

from datetime import datetime, timedelta
from math import fsum
from typing import Any

from .facts import Fact
from .progress import PASS_MARK

Row = dict[str, Any]


def gradebook_row(attempts: dict[str, Row], outline_node: Row) -> Row:
    """One node with at least one attempt; on the course node the last score is taken, elsewhere the best."""
    is_course = outline_node["kind"] == "course"
    with_score = [(key, row) for key, row in attempts.items() if row["score"] is not None]
    chosen: tuple[str, Row] | None = None
    if with_score and is_course:
        chosen = max(with_score, key=lambda one: (one[1]["submitted_at"], one[0]))
    elif with_score:
        chosen = min(with_score, key=lambda one: (-one[1]["score"], one[1]["started_at"], one[0]))
    return {
        "policy": "last" if is_course else "best",
        "score": chosen[1]["score"] if chosen else None,
        "attempts": len(attempts),
        "best_attempt": chosen[0] if chosen else None,
        "counts": outline_node["required"] and not is_course,
    }


def course_grade(course: str, facts: list[Fact], gradebook: dict[str, Row], graded_nodes: int) -> Row:
    """The course row; `gradebook` holds this person's rows in this course by activity."""
    own = gradebook[course]["score"] if course in gradebook else None
    counted = [row["score"] for row in gradebook.values() if row["counts"] and row["score"] is not None]
    so_far = final = own
    if own is None:
        divisor = max(graded_nodes, len(counted))
        so_far = fsum(counted) / len(counted) if counted else None
        final = fsum(counted) / divisor if divisor else None
    so_far = round(so_far, 6) if so_far is not None else None
    final = round(final, 6) if final is not None else None
    passed = verdict_on(course, facts)
    if passed is None and final is not None and final >= PASS_MARK:
        passed = True
    return {"grade_so_far": so_far, "grade_if_nothing_more": final, "passed": passed}


def verdict_on(course: str, facts: list[Fact]) -> bool | None:
    """What the last `passed` or `failed` on the course node says."""
    said = [fact.event for fact in facts if fact.node is not None and fact.node.id == course]
    verdicts = [event == "passed" for event in said if event in ("passed", "failed")]
    return verdicts[-1] if verdicts else None


def enrollment(course: str, facts: list[Fact], progress: dict[str, Row], required: set[str]) -> Row:
    """The roster line; `progress` holds this person's node_progress rows in this course by activity."""
    activity = [fact for fact in facts if fact.is_activity]
    on_course = [fact for fact in facts if fact.node is not None and fact.node.id == course]
    joined = [fact.at for fact in facts if fact.event == "launched"]
    joined += [fact.at for fact in on_course if fact.event == "enrolled"]
    standing = ("enrolled", "withdrawn", "suspended", "resumed")
    turns = [fact.event for fact in on_course if fact.event in standing]
    whole = progress.get(course)
    done = whole is not None and whole["state"] == "completed"
    completed_at = whole["completed_at"] if whole is not None and done else None
    status = "active" if completed_at is None else "completed"
    if turns and turns[-1] in ("withdrawn", "suspended"):
        status = turns[-1]
    counted = [row for node, row in progress.items() if node in required]
    progress_sum = fsum(row["fraction"] for row in counted)
    share = progress_sum / len(required) if required else 0.0
    return {
        "enrolled_at": min(joined or [fact.at for fact in facts] or [row["first_at"] for row in progress.values()]),
        "started_at": activity[0].at if activity else None,
        "last_activity_at": activity[-1].at if activity else None,
        "last_activity_id": activity[-1].id if activity else None,
        "completed_at": completed_at,
        "satisfied_by": whole["satisfied_by"] if whole is not None and done else None,
        "status": status,
        "completed_nodes": sum(1 for row in counted if row["state"] == "completed"),
        "progress_sum": progress_sum,
        "progress": 1.0 if completed_at is not None else round(share, 6),
    }


def inactivity(row: Row, required_nodes: int, clock: datetime | None) -> Row | None:
    """The risk row `inactive` of an enrollment, None where there is no risk; the nodes are those of the outline."""
    last = row["last_activity_at"]
    if clock is None or last is None or row["status"] != "active":
        return None
    if clock - row["enrolled_at"] < timedelta(days=3) or row["completed_nodes"] >= required_nodes:
        return None
    for level, days in (("high", 14), ("warn", 7)):
        if clock - last >= timedelta(days=days):
            return {
                "level": level,
                "since": last + timedelta(days=days),
                "threshold_days": days,
                "evidence": row["last_activity_id"],
            }
    return None
