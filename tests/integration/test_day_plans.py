"""A page of days, of what was played and answered, and of what has no course costs what it shows, not what there is.

What is asserted is what PostgreSQL says it did, on the first page and deep in the list.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import md5
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest

from lrs.database import read_pool
from projections.day_queries import LEARNER_DAYS
from projections.day_queries import QUERIES as DAYS_OF_COURSE
from projections.fact import name_of
from projections.item_queries import QUERIES as ITEMS
from projections.item_queries import RESPONSES
from projections.keyset_queries import Pages
from projections.media_queries import MEDIA
from projections.unassigned_queries import QUERIES as UNASSIGNED
from projections.unassigned_queries import STATEMENTS
from tests.acceptance.course_log import TENANT
from tests.integration.planned_log import plan, touched
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

LEARNERS, DAYS, NODES, PAGE = 400, 50, 20, 20
COURSE, NODE = (name_of(f"https://example.org/{name}") for name in ("course", "node/7"))
LEARNER, MIDDLE = UUID("c4ca4238-a0b9-2382-0dcc-509a6f75849b"), UUID(int=1 << 127)
LOST = UUID(md5(b"lost7").hexdigest())
NOON = datetime(2026, 3, 8, tzinfo=UTC)
TABLES = {"activity_daily", "enrollment", "media_coverage", "fact", "person"}
FILL = """
INSERT INTO person (tenant, person, ifi) SELECT %(tenant)s, md5(n::text)::uuid, 'mbox:' || n
    FROM generate_series(1, %(learners)s) n;
INSERT INTO outline_node (tenant, course, node, iri, kind, parent, rule, required, graded)
    SELECT %(tenant)s, %(course)s, node, 'https://example.org/node', 'item', %(course)s, 'assessment', true, true
    FROM unnest(%(nodes)s::uuid[]) AS node;
INSERT INTO enrollment (tenant, course, person, status, enrolled_at, completed_nodes, progress_sum, score_sum, scores)
    SELECT tenant, %(course)s, person, 'active', '2026-03-01', 0, 0, 0, 0 FROM person;
INSERT INTO activity_daily SELECT tenant, %(course)s, person, '2026-03-01'::date + n, 1, 1, 1, 0, '[]', 0, 1, 500000
    FROM person, generate_series(1, %(days)s) n;
INSERT INTO media_coverage SELECT tenant, %(course)s, person, node, 100, 0.5, 'segments', '[]', '[]', 1
    FROM person, unnest(%(nodes)s::uuid[]) AS node;
INSERT INTO fact (tenant, position, id, at, person, course, activity, verb, event, placement, score_suspect, success)
    SELECT tenant, row_number() OVER (), gen_random_uuid(), '2026-03-01'::timestamptz + n * interval '1 day', person,
        %(course)s, node, person, 'answered', 'context', false, true
    FROM person, unnest(%(nodes)s::uuid[]) AS node, generate_series(1, 2) n;
INSERT INTO fact (tenant, position, id, at, person, activity, verb, event, placement, score_suspect)
    SELECT tenant, 1000000 + row_number() OVER (), gen_random_uuid(), '2026-03-01'::timestamptz + n * interval '1 hour',
        person, md5('lost' || n)::uuid, person, 'other', 'unassigned', false
    FROM person, generate_series(1, 40) n;
ANALYZE person, outline_node, enrollment, activity_daily, media_coverage, fact
"""


class Question(NamedTuple):
    """A page of a list; after: the place where a page deep in it begins; most: rows that are read for a row of it."""

    pages: Pages
    order: str
    filters: dict[str, Any]
    after: list[Any]
    most: int = 6


QUESTIONS = [
    Question(LEARNER_DAYS, "day", {}, [date(2026, 3, 20), MIDDLE]),
    Question(LEARNER_DAYS, "day", {"person": LEARNER}, [date(2026, 3, 20), LEARNER]),
    Question(MEDIA, "person", {}, [MIDDLE, MIDDLE]),
    Question(MEDIA, "person", {"node": NODE}, [MIDDLE, NODE]),
    Question(RESPONSES, "node", {}, [NODE, MIDDLE, NOON, MIDDLE], 20),
    Question(RESPONSES, "node", {"node": NODE, "first_try": True}, [NODE, MIDDLE, NOON, MIDDLE], 20),
    Question(RESPONSES, "node", {"person": LEARNER}, [NODE, LEARNER, NOON, MIDDLE], 20),
    Question(STATEMENTS, "time", {"activity": LOST}, [NOON, MIDDLE]),
]


@pytest.fixture(scope="module")
def large_course(database_server: PostgresServer) -> Iterator[str]:
    nodes = [name_of(f"https://example.org/node/{number}") for number in range(NODES)]
    values = {"tenant": TENANT, "course": COURSE, "nodes": nodes, "learners": LEARNERS, "days": DAYS}
    with migrated_database(database_server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FILL.split(";\n"):
                connection.execute(statement, values if "%(" in statement else None)
        yield url


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
async def test_every_page_is_read_in_the_order_of_an_index(large_course: str) -> None:
    async with read_pool(large_course, size=1) as pool, pool.connection() as connection:
        for question in QUESTIONS:
            filters = question.filters
            for descending in (False, True) if question.pages in (LEARNER_DAYS, STATEMENTS) else (False,):
                for within in (False, True):
                    names = frozenset(filters) - {"activity"}
                    sql = question.pages.sql(names, question.order, descending=descending, within=within)
                    values = {"tenant": TENANT, "course": COURSE, "limit": PAGE + 1, **filters}
                    values |= {f"after_{number}": value for number, value in enumerate(question.after) if within}
                    nodes = await plan(connection, sql, values)
                    told = f"{question.order} {filters} {'desc' if descending else 'asc'} {within}"
                    assert touched(nodes, TABLES) <= question.most * (PAGE + 1), told


@pytest.mark.parametrize("database_server", ["embedded"], indirect=True)
async def test_what_is_counted_costs_what_it_counts(large_course: str) -> None:
    """Items the responses on them and on those beside them, days what was done on them, activities a few of theirs."""
    async with read_pool(large_course, size=1) as pool, pool.connection() as connection:
        asked = {"tenant": TENANT, "course": COURSE, "limit": 5, "most": 10, "after": None}
        nothing = dict.fromkeys(("node", "parent", "since", "until"))
        responses = 2 * LEARNERS * NODES
        nodes = await plan(connection, ITEMS.item_stats.sql, asked | nothing)
        assert touched(nodes, TABLES) <= 2 * responses  # by their places in an index, and themselves
        nodes = await plan(connection, DAYS_OF_COURSE.course_days.sql, asked | nothing)
        assert touched(nodes, TABLES) <= 5 * 2 * LEARNERS + 10
        nodes = await plan(connection, UNASSIGNED.activities.sql, asked)
        assert touched(nodes, TABLES) <= 5 * (10 + 4)
