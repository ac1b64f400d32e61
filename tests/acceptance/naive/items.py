"""The rule of this file: what was answered on items, and what became of a course for nobody. Sections 12, 15 and 16."""

from collections import Counter
from datetime import datetime
from fractions import Fraction
from math import sqrt
from statistics import mean, median_low
from typing import Any

from . import vocabulary
from .facts import Fact

Rows = dict[tuple[Any, ...], dict[str, Any]]


def is_item(row: dict[str, Any]) -> bool:
    return bool(row["kind"] == "item" and row["rule"] != "none")


def item_responses(placed: list[Fact], outline: Rows) -> Rows:
    """Every response on an item; facts come in order."""
    rows: Rows = {}
    seen: set[tuple[str, str, str]] = set()
    last: dict[tuple[str, str, str, str], tuple[Any, ...]] = {}
    for fact in placed:
        assert fact.course is not None
        assert fact.node is not None
        assert fact.person is not None
        place = (fact.course.id, fact.node.id)
        if fact.event not in ("answered", "evaluated") or not is_item(outline[place]):
            continue
        attempt = fact.attempt if fact.attempt is not None else f"response:{fact.id}"
        score, success = fact.score.score, fact.success
        if score is None and fact.success is not None:
            score = 1.0 if fact.success else 0.0
        if success is None and fact.score.score is not None:
            success = fact.score.score == 1
        key = (*place, fact.person)
        rows[*key, fact.id] = {
            "at": fact.at,
            "attempt": attempt,
            "response": fact.response,
            "success": success,
            "score": score,
            "duration": fact.duration,
            "first_try": key not in seen,
            "final": False,
        }
        seen.add(key)
        last[*key, attempt] = (*key, fact.id)
    for one in last.values():
        rows[one]["final"] = True
    return rows


def item_stats(responses: Rows, outline: Rows, since: datetime | None = None, until: datetime | None = None) -> Rows:
    """One row for each item of each course."""
    rows: Rows = {}
    scores: dict[tuple[str, str], dict[str, float]] = {}
    firsts: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (course, node, person, _), row in responses.items():
        inside = (since is None or row["at"] >= since) and (until is None or row["at"] < until)
        if row["first_try"] and inside:
            firsts.setdefault((course, node), []).append(row)
            if row["score"] is not None:
                scores.setdefault((course, node), {})[person] = row["score"]
    for (course, node), place in outline.items():
        if not is_item(place):
            continue
        of_item = firsts.get((course, node), [])
        own = scores.get((course, node), {})
        others = [
            scores.get(key, {})
            for key, other in outline.items()
            if key[0] == course and key[1] != node and other["parent"] == place["parent"] and is_item(other)
        ]
        options = Counter(option for row in of_item if row["response"] for option in row["response"].split("[,]"))
        durations = [row["duration"] for row in of_item if row["duration"] is not None]
        rows[course, node] = {
            "learners": len(of_item),
            "scored": len(own),
            "facility": round(mean(own.values()), 6) if own else None,
            "discrimination": discrimination(own, others),
            "options": [list(one) for one in sorted(options.items(), key=lambda one: (-one[1], one[0]))[:20]],
            "median_duration": median_low(durations) if durations else None,
        }
    return rows


def discrimination(own: dict[str, float], others: list[dict[str, float]]) -> float | None:
    pairs = []
    for person, score in own.items():
        elsewhere = [Fraction(str(other[person])) for other in others if person in other]
        if elsewhere:
            pairs.append((Fraction(str(score)), sum(elsewhere, Fraction(0)) / len(elsewhere)))
    if len(pairs) < 20:
        return None
    x, y = mean(a for a, _ in pairs), mean([b for _, b in pairs])
    across = sum((a - x) ** 2 for a, _ in pairs) * sum((b - y) ** 2 for _, b in pairs)
    if across == 0:
        return None
    return round(float(sum((a - x) * (b - y) for a, b in pairs)) / sqrt(across), 6)


def unassigned(facts: list[Fact]) -> Rows:
    """Every fact of an Activity that no course was found for."""
    rows: Rows = {}
    for fact in facts:
        if fact.object is None or fact.placement != "unassigned":
            continue
        reason = "unknown_registration" if fact.registration is not None else "no_registration"
        if fact.object.type == vocabulary.ATTEMPT_TYPE and fact.node is None:
            reason = "attempt_without_unit"
        rows[(fact.id,)] = {"reason": "group" if fact.person is None else reason}
    return rows
