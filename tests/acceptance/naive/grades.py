"""The rule of this file: grades where something is set, from attempts and from the grades of nodes.

Section 5 of docs/rules.md.
"""

from datetime import datetime, timedelta
from math import fsum
from typing import Any

from .configuration import Settings
from .reading import duration_in_ms

Row = dict[str, Any]
DAY = timedelta(days=1)


def gradebook_row(attempts: dict[str, Row], node: str, row: Row, settings: Settings, person: str) -> Row | None:
    """One node; `row` is the outline's. None where there is nothing to grade."""
    said = settings.grades.get((person, node))
    if not attempts and said is None:
        return None
    is_course = row["kind"] == "course"
    policy = attempt_policy(settings, node, is_course)
    take = policy.get("take", "best")
    tried = sorted(attempts.items(), key=lambda one: (one[1]["started_at"], one[0]))[: policy.get("max_attempts")]
    due = settings.due_at(node, person)
    scored = [
        (penalised(one, policy.get("late_penalty"), due), key, one) for key, one in tried if one["score"] is not None
    ]
    score, key = taken(scored, take, policy.get("k"))
    excused = said is not None and said[1]
    if said is not None:
        take, score, key = "override", None if excused else said[0], None
    return {
        "policy": take,
        "score": score,
        "attempts": len(attempts),
        "best_attempt": key,
        "counts": row["required"] and not is_course and not excused,
    }


def attempt_policy(settings: Settings, node: str, is_course: bool) -> Row:
    policy = settings.policy or {}
    of_node = policy.get("nodes", {}).get(node)
    found: Row = of_node or ({"take": "last"} if is_course else policy.get("attempts", {}))
    return found


def penalised(attempt: Row, penalty: Row | None, due: datetime | None) -> float:
    score = float(attempt["score"])
    if penalty is None or due is None:
        return score
    late = attempt["submitted_at"] - due
    if late <= timedelta(milliseconds=duration_in_ms(penalty.get("grace")) or 0):
        return score
    begun = late // DAY + (1 if late % DAY else 0)
    share = min(penalty.get("at_once", 0.0) + penalty.get("per_day", 0.0) * begun, penalty.get("at_most", 1.0))
    return float(round(score * (1 - share), 6))


def taken(scored: list[tuple[float, str, Row]], take: str, k: int | None) -> tuple[float | None, str | None]:
    """The score that is taken, and the attempt that has it where it is one attempt's."""
    if not scored or take == "manual":
        return None, None
    best = sorted(scored, key=lambda one: (-one[0], one[2]["started_at"], one[1]))
    if take in ("average", "average_of_best"):
        some = [one[0] for one in best[:k]]
        return round(fsum(some) / len(some), 6), None
    last = max(scored, key=lambda one: (one[2]["submitted_at"], one[1]))
    chosen = {"best": best[0], "first": scored[0], "last": last}[take]
    return chosen[0], chosen[1]


def course_row(
    course: str,
    verdict: bool | None,
    book: dict[str, Row],
    nodes: dict[str, Row],
    settings: Settings,
    person: str,
    clock: datetime | None,
) -> Row:
    """`book`: this person's gradebook rows; verdict: the last `passed` or `failed` on the course node."""
    policy = settings.policy or {}
    done: list[Row] = []
    everything: list[Row] = []
    for node, row in nodes.items():
        score = book[node]["score"] if node in book else None
        excused = settings.grades.get((person, node), (None, False))[1]
        if not row["required"] or excused or not (row["graded"] or score is not None):
            continue
        said = settings.nodes.get(node, {})
        weight = 1.0 if said.get("weight") is None else said["weight"]
        item = {"node": node, "score": score or 0.0, "weight": weight, "category": said.get("category")}
        everything.append(item)
        due = settings.due_at(node, person)
        if score is not None or (due is not None and clock is not None and due < clock):
            done.append(item)
    so_far, final = graded(done, policy), graded(everything, policy)
    own = book[course]["score"] if course in book else None
    if own is not None and policy.get("own_grade", True):
        so_far = final = own
    so_far = None if so_far is None else round(so_far, 6)
    final = None if final is None else round(final, 6)
    if verdict is None and final is not None and final >= policy.get("pass_mark", 0.6):
        verdict = True
    return {"grade_so_far": so_far, "grade_if_nothing_more": final, "passed": verdict}


def graded(items: list[Row], policy: Row) -> float | None:
    categories = policy.get("categories", [])
    if not categories:
        return mean([(one["score"], one["weight"]) for one in left(items, policy.get("drop_lowest", 0))])
    means = []
    for category in categories:
        some = left([one for one in items if one["category"] == category["name"]], category.get("drop_lowest", 0))
        of_category = mean([(one["score"], one["weight"]) for one in some])
        if of_category is not None:
            means.append((of_category, category["weight"]))
    return mean(means)


def left(items: list[Row], drop: int) -> list[Row]:
    """Without the lowest, never without the last."""
    ordered = sorted(items, key=lambda one: (one["score"], one["weight"], one["node"]))
    return ordered[max(min(drop, len(items) - 1), 0) :]


def mean(pairs: list[tuple[float, float]]) -> float | None:
    total = fsum(weight for _, weight in pairs)
    return fsum(value * weight for value, weight in pairs) / total if total else None
