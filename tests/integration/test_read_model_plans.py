"""A page of the read models costs what it shows, not what the course holds: an index gives its rows in their order.

What is asserted is what PostgreSQL says it did, on the first page and deep in the list.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest

from lrs.database import read_pool
from projections.course_view_queries import QUERIES
from projections.fact import name_of
from projections.keyset_queries import Pages
from projections.learner_courses_queries import COURSES
from projections.progress_queries import COMPLETIONS, PROGRESS
from projections.roster_queries import LEARNERS
from tests.acceptance.course_log import TENANT
from tests.integration.planned_log import plan, touched
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

MANY, NODES, PAGE = 4000, 25, 20
COURSE, NODE = name_of("https://example.org/course"), name_of("https://example.org/node/7")
MIDDLE = UUID(int=1 << 127)
HALF = datetime(2026, 5, 1, tzinfo=UTC)
TABLES = {"enrollment", "node_progress", "person"}
FACTS = """
INSERT INTO fact (tenant, position, id, at, course, verb, event, placement, score_suspect)
    SELECT %(tenant)s, n, md5(n::text)::uuid, '2026-03-01', CASE WHEN n <= 1000 THEN %(quiet)s ELSE %(course)s END,
        md5('did')::uuid, 'other', 'context', false
    FROM generate_series(1, 30000) n;
INSERT INTO iri (tenant, id, iri) VALUES (%(tenant)s, md5('did')::uuid, 'https://example.org/did');
ANALYZE fact, iri
"""
FILL = """
INSERT INTO outline_node (tenant, course, node, iri, kind, rule, required, graded)
    SELECT %(tenant)s, %(course)s, node, 'https://example.org/node', 'unit', 'content', true, true
    FROM unnest(%(nodes)s::uuid[]) AS node;
INSERT INTO outline_node (tenant, course, node, iri, kind, rule, required, graded)
    VALUES (%(tenant)s, %(course)s, %(course)s, 'https://example.org/course', 'course', 'content', false, false);
INSERT INTO person (tenant, person, ifi, name)
    SELECT %(tenant)s, md5(n::text)::uuid, 'mbox:mailto:' || n, md5('name' || n) FROM generate_series(1, %(many)s) n;
INSERT INTO enrollment (tenant, course, person, status, enrolled_at, last_activity_at, completed_nodes, progress_sum,
        score_sum, scores)
    SELECT %(tenant)s, %(course)s, person, 'active', '2026-01-01'::timestamptz + n * interval '1 hour',
        CASE WHEN n %% 9 > 0 THEN '2026-03-01'::timestamptz + n * interval '1 hour' END, n %% 20, n %% 20,
        n %% 7, n %% 8
    FROM (SELECT person, row_number() OVER (ORDER BY person) AS n FROM person WHERE tenant = %(tenant)s) p;
INSERT INTO node_progress (tenant, course, person, node, state, fraction, first_at, last_at, statements, completed_at,
        visits, duration)
    SELECT tenant, %(course)s, person, node, CASE WHEN c %% 3 = 0 THEN 'completed' ELSE 'in_progress' END, 0.5,
        '2026-03-01', '2026-03-01', 3,
        CASE WHEN c %% 3 = 0 THEN '2026-03-01'::timestamptz + c * interval '1 minute' END, 1, 0
    FROM (
        SELECT *, row_number() OVER () AS c FROM person, unnest(%(nodes)s::uuid[]) AS node WHERE tenant = %(tenant)s
    ) k;
ANALYZE outline_node, person, enrollment, node_progress
"""


class Question(NamedTuple):
    """A page of a list; after: the place where a page deep in it begins."""

    pages: Pages
    order: str
    filters: dict[str, Any]
    after: list[Any]


ROSTER = {
    "name": ["8", MIDDLE],
    "progress": [False, 10.0, MIDDLE],
    "grade": [0.8, MIDDLE],
    "last_activity": [HALF, MIDDLE],
    "enrolled": [datetime(2026, 3, 1, tzinfo=UTC), MIDDLE],
}
QUESTIONS = [
    *(Question(LEARNERS, order, {}, after) for order, after in ROSTER.items()),
    Question(PROGRESS, "person", {}, [MIDDLE, MIDDLE]),
    Question(PROGRESS, "person", {"node": NODE}, [MIDDLE, MIDDLE]),
    Question(PROGRESS, "person", {"state": "in_progress"}, [MIDDLE, MIDDLE]),
    Question(PROGRESS, "person", {"state": "completed"}, [MIDDLE, MIDDLE]),
    Question(PROGRESS, "person", {"state": "expired"}, [MIDDLE, MIDDLE]),
    Question(COMPLETIONS, "completed_at", {}, [HALF, MIDDLE, MIDDLE]),
    Question(COMPLETIONS, "completed_at", {"node": NODE}, [HALF, MIDDLE, MIDDLE]),
    Question(
        COMPLETIONS, "completed_at", {"since": datetime(2026, 4, 1, tzinfo=UTC), "until": HALF}, [HALF] + 2 * [MIDDLE]
    ),
]


@pytest.fixture(scope="module")
def large_course(database_server: PostgresServer) -> Iterator[str]:
    nodes = [name_of(f"https://example.org/node/{number}") for number in range(NODES)]
    with migrated_database(database_server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FILL.split(";\n"):
                values = {"tenant": TENANT, "course": COURSE, "nodes": nodes, "many": MANY}
                connection.execute(statement, values if "%(" in statement else None)
        yield url


async def test_every_page_is_read_in_the_order_of_an_index(large_course: str) -> None:
    async with read_pool(large_course, size=1) as pool, pool.connection() as connection:
        for question in QUESTIONS:
            for descending in (False, True):
                for within in (False, True):
                    sql = question.pages.sql(
                        frozenset(question.filters), question.order, descending=descending, within=within
                    )
                    values = {"tenant": TENANT, "course": COURSE, "limit": PAGE + 1, **question.filters}
                    values |= {f"after_{number}": value for number, value in enumerate(question.after) if within}
                    nodes = await plan(connection, sql, values)
                    told = f"{question.order} {question.filters} {'desc' if descending else 'asc'} {within}"
                    assert touched(nodes, TABLES) <= 6 * (PAGE + 1), told
                    sorted_by = [node for node in nodes if node["Node Type"] == "Sort"]
                    assert all(node["Actual Rows"] <= PAGE + 1 for node in sorted_by), told


async def test_the_courses_of_one_learner_are_found_by_the_learner(large_course: str) -> None:
    async with read_pool(large_course, size=1) as pool, pool.connection() as connection:
        values = {"tenant": TENANT, "person": UUID(bytes=bytes.fromhex("c4ca4238a0b923820dcc509a6f75849b")), "limit": 5}
        nodes = await plan(connection, COURSES.sql(frozenset(), "title"), values)
        assert touched(nodes, TABLES) <= 5


async def test_the_first_learners_of_a_page_are_found_by_risk_and_name(large_course: str) -> None:
    async with read_pool(large_course, size=1) as pool, pool.connection() as connection:
        nodes = await plan(connection, QUERIES.first_persons.sql, {"tenant": TENANT, "course": COURSE, "first": PAGE})
        assert touched(nodes, TABLES) <= 6 * PAGE


async def test_the_latest_of_a_quiet_course_are_found_without_a_walk_through_a_busy_one(database_url: str) -> None:
    quiet = name_of("https://example.org/quiet")
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in FACTS.split(";\n"):
            values = {"tenant": TENANT, "course": COURSE, "quiet": quiet}
            connection.execute(statement, values if "%(" in statement else None)
    async with read_pool(database_url, size=1) as pool, pool.connection() as asking:
        for course in (quiet, COURSE):
            nodes = await plan(asking, QUERIES.recents.sql, {"tenants": [TENANT], "courses": [course]})
            assert 0 < touched(nodes, {"fact"}) <= 40
