"""The read models of a database in the form of the naive computation: texts instead of hashes, rows by key."""

from collections.abc import Iterator
from typing import Any

import psycopg

from projections.item_queries import QUERIES

_QUERIES = {
    "person": ("SELECT ifi, name, merged_from FROM person", 1),
    "outline_node": (
        """SELECT c.iri AS course, n.iri, n.type, n.title, n.kind, p.iri AS parent, n.rule, n.required, n.graded,
        n.position, n.source
        FROM outline_node n JOIN iri c ON c.id = n.course
        LEFT JOIN outline_node p ON p.course = n.course AND p.node = n.parent""",
        2,
    ),
    "node_progress": (
        """SELECT c.iri AS course, p.ifi, o.iri, first_at, last_at, last_activity_at, last_activity_id, statements,
        revoked_at, completed_at, satisfied_by, state, fraction, late, expires_at, visits, duration
        FROM node_progress n JOIN iri c ON c.id = n.course JOIN person p USING (person)
        JOIN outline_node o USING (course, node)""",
        3,
    ),
    "attempt": (
        """SELECT c.iri AS course, p.ifi, o.iri, attempt, started_at, submitted_at, score, score_suspect, raw, min, max,
        scaled, success, duration
        FROM attempt n JOIN iri c ON c.id = n.course JOIN person p USING (person)
        JOIN outline_node o USING (course, node)""",
        4,
    ),
    "gradebook": (
        """SELECT c.iri AS course, p.ifi, o.iri, policy, score, attempts, best_attempt, counts
        FROM gradebook n JOIN iri c ON c.id = n.course JOIN person p USING (person)
        JOIN outline_node o USING (course, node)""",
        3,
    ),
    "course_grade": (
        """SELECT c.iri AS course, p.ifi, grade_so_far, grade_if_nothing_more, passed
        FROM enrollment_standing e JOIN iri c ON c.id = e.course JOIN person p USING (person)""",
        2,
    ),
    "enrollment": (
        """SELECT c.iri AS course, p.ifi, enrolled_at, started_at, last_activity_at, last_activity_id, completed_at,
        satisfied_by, status, completed_nodes, progress_sum, progress
        FROM enrollment_standing e JOIN iri c ON c.id = e.course JOIN person p USING (person)""",
        2,
    ),
    "risk_state": (
        """SELECT c.iri AS course, p.ifi, rule, level, since, threshold_days, evidence
        FROM risk_state r JOIN iri c ON c.id = r.course JOIN person p USING (person)""",
        3,
    ),
    "media_coverage": (
        """SELECT c.iri AS course, p.ifi, o.iri, length, fraction, m.source, segments::json,
        plays::json, statements
        FROM media_coverage m JOIN iri c ON c.id = m.course JOIN person p USING (person)
        JOIN outline_node o USING (course, node)""",
        3,
    ),
    "item_response": (
        """SELECT c.iri AS course, o.iri, p.ifi, r.id, at, attempt, response, success, score, duration, first_try, final
        FROM item_response r JOIN iri c ON c.id = r.course JOIN person p USING (person)
        JOIN outline_node o USING (course, node)""",
        4,
    ),
    "activity_daily": (
        """SELECT c.iri AS course, p.ifi, day, events, sessions, duration, completions, enrolled, started, completed,
        scores, score::float
        FROM activity_day d JOIN iri c ON c.id = d.course JOIN person p USING (person)""",
        3,
    ),
    "course_daily": (
        """SELECT c.iri AS course, day, enrolled, started, completed, active, events, completions, mean_score::float,
        median_score::float
        FROM course_daily d JOIN iri c ON c.id = d.course""",
        2,
    ),
    "unassigned": ("SELECT id, reason FROM unassigned", 1),
    "fact": (
        """SELECT f.id, at, p.ifi AS person, c.iri AS course, a.iri AS activity, v.iri AS verb, event, placement, score,
        success, completion, duration, registration, false AS voided
        FROM fact f JOIN iri v ON v.id = f.verb LEFT JOIN person p USING (person)
        LEFT JOIN iri c ON c.id = f.course LEFT JOIN iri a ON a.id = f.activity WHERE voided_position IS NULL""",
        1,
    ),
}

Models = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


def read_models(url: str) -> Models:
    """Every read model of the database at `url`."""
    found: Models = {}
    with psycopg.connect(url) as connection:
        for model, (query, key) in _QUERIES.items():
            cursor = connection.execute(query)
            assert cursor.description is not None
            names = [column.name for column in cursor.description]
            found[model] = {row[:key]: dict(zip(names[key:], row[key:], strict=True)) for row in cursor.fetchall()}
        found["item_stats"] = dict(_item_stats(connection))
    return found


def facts(url: str) -> list[tuple[Any, ...]]:
    """Every fact as it is kept, those of voided statements too."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT * FROM fact ORDER BY position").fetchall()


def _item_stats(connection: psycopg.Connection) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Of all items, as they are asked for."""
    nothing = dict.fromkeys(("node", "parent", "after", "since", "until"))
    names = ("learners", "scored", "facility", "discrimination", "options", "median_duration")
    for tenant, course, iri in connection.execute(
        "SELECT tenant, course, iri FROM outline_node WHERE node = course"
    ).fetchall():
        asked = {"tenant": tenant, "course": course, "limit": 1000, **nothing}
        for _, item, _, _, *row in connection.execute(QUERIES.item_stats.sql, asked).fetchall():
            yield (iri, item), dict(zip(names, row, strict=True))


def differences(expected: Models, found: Models) -> list[str]:
    """The first differences in words; empty when all models are equal."""
    lines = []
    for model in found:
        for key in sorted({*expected[model], *found[model]}, key=str):
            one, other = expected[model].get(key), found[model].get(key)
            if one is None or other is None:
                lines.append(f"{model} {key}: {'not expected' if one is None else 'missing'}")
            else:
                parts = [
                    f"{name} {one[name]!r} != {other[name]!r}" for name in one if not _same(one[name], other[name])
                ]
                lines += [f"{model} {key}: {'; '.join(parts)}"] if parts else []
    return lines[:20]


def _same(one: Any, other: Any) -> bool:
    """Equal; floats to 2 in the sixth decimal, since sums in another order may fall on the other side of a rounding."""
    if isinstance(one, float) and isinstance(other, float | int):
        return abs(one - other) <= 2e-6
    return bool(one == other)
