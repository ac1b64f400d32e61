"""What the bench reckons with is right: the lag between samples, the SQL that pgbench runs, the bodies, the tables."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from math import isclose
from typing import Any

import msgspec
import psycopg

from lrs.access.credentials import DEFAULT_TENANT
from lrs.statement_log.load_rows import Judge
from lrs.statement_log.loading import load
from lrs.statement_log.sql import QUERIES
from schemas.statement import read_statements
from schemas.version import XapiVersion
from tests.bench import course_pages, history, pgbench, report
from tests.bench.figures import Comparison, Figures
from tests.bench.live_lag import Sample, seconds_behind
from tests.bench.questions import KINDS, VALUES, questions
from tests.bench.statements import BEFORE_ID, after_id, bodies
from tests.bench.tables import tables
from tests.services.databases import migrated_database
from tests.services.postgres import PostgresServer


def test_the_lag_is_the_time_since_the_log_stood_where_the_read_models_stand() -> None:
    samples = [Sample(10.0, 100, 100), Sample(11.0, 200, 150), Sample(12.0, 300, 150), Sample(13.0, 400, 400)]
    assert seconds_behind(samples) == [0.0, 0.5, 1.5, 0.0]


def test_what_is_behind_the_first_sample_is_at_least_as_late_as_that() -> None:
    assert seconds_behind([Sample(10.0, 100, 40), Sample(12.5, 200, 60)]) == [0.0, 2.5]


def test_pgbench_runs_the_sql_of_the_log_with_nothing_but_the_ids_replaced() -> None:
    ran = pgbench.script(50, 10).rpartition("\\set turn :turn + 1\n")[2]
    for name in (*pgbench.PARAMETERS, "tenant", "authority"):
        ran = ran.replace(f":{name}", f"%({name})s")
    ids = "ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 50))"
    assert ran.count(ids) == 1
    assert ran.replace(ids, "%(ids)s").strip() == QUERIES.append.sql.strip()


def test_the_bodies_are_valid_statements_of_about_the_size_that_is_claimed() -> None:
    texts = list(bodies(200))
    statements = read_statements(b"[" + b",".join(texts) + b"]", XapiVersion.V1_0_3)
    assert len({one.id for one in statements}) == 200
    assert 1250 < sum(map(len, texts)) / 200 < 1400


def test_a_body_under_another_id_is_the_same_but_for_the_id() -> None:
    (body,) = bodies(1)
    other = msgspec.json.decode(BEFORE_ID + b"0" * 36 + after_id(body))
    assert other.pop("id") == "0" * 36
    assert other == {name: value for name, value in msgspec.json.decode(body).items() if name != "id"}


def test_ratios_are_taken_round_by_round() -> None:
    figures = Figures()
    for figure, bound in ((10.0, 100.0), (40.0, 200.0)):
        figures.add("a", figure)
        figures.add("b", bound)
    first, second = figures.ratios(Comparison("", "a", "", "", "b"))
    assert isclose(first, 0.1)
    assert isclose(second, 0.2)


def test_the_history_is_valid_in_order_and_of_about_the_size_that_is_claimed() -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    (chunk,) = history.chunks(1000, end)
    rows = Judge(DEFAULT_TENANT, b"salt", None).rows(chunk.texts)
    assert rows.refused == []
    assert all(one < other for one, other in pairwise(rows.stored))
    assert end - history.YEARS <= rows.stored_at(0) < rows.stored_at(999) < end
    assert len({rows.id_at(place) for place in range(1000)}) == 1000
    assert 1250 < len(rows.rows) / 1000 - 250 < 1450  # a row has keys and more beside the payload


def test_every_kind_of_question_finds_something_and_its_sql_is_what_the_log_is_asked(
    embedded_server: PostgresServer,
) -> None:
    count = 50 * VALUES * 2
    with migrated_database(embedded_server) as url:
        asyncio.run(load(url, history.chunks(count, datetime.now(UTC)), tenant=DEFAULT_TENANT))
        asked = questions(url, count)
        assert {kind: len(some) for kind, some in asked.items()} == dict.fromkeys(KINDS, VALUES)
        assert len({one.script for one in asked["deep page"]}) == VALUES
        with psycopg.connect(url, autocommit=True) as connection:
            for kind in KINDS:
                assert rows_of(connection, asked[kind][0].script) > 0


def rows_of(connection: psycopg.Connection, script: str) -> int:
    """How many rows the statements of a script for pgbench give."""
    found, statement, variables = 0, "", {}
    for line in script.splitlines():
        if line.startswith("\\set "):
            _, name, value = line.split()
            variables[name] = value
            continue
        statement += line + "\n"
        if line.endswith(";"):
            for name in sorted(variables, key=len, reverse=True):
                statement = statement.replace(f":{name}", variables[name])
            found += connection.execute(statement.encode()).rowcount
            statement = ""
    return found


def test_the_pages_of_two_courses_are_asked_for_and_the_slower_ones_named(embedded_server: PostgresServer) -> None:
    small, large = course_pages.Course("of-20", 20, 40), course_pages.Course("of-60", 60, 40)
    times = course_pages.measured(embedded_server, small, large, rounds=1, requests=1, warm_up=0)
    assert {"learners by name", "explain the course", "the page"} < {one.what for one in times}
    assert all(isclose(one.ratio, one.large / one.small) for one in times)
    slow = course_pages.PageTime("a page", 1.0, 2.5, 2.5)
    assert course_pages.table([slow], small, large).as_text().endswith("2.50  !")
    assert course_pages.p95([float(one) for one in range(1, 101)]) == 95.0


def a_result() -> dict[str, Any]:
    figures = Figures()
    for figure in (1.0, 2.0, 3.0):
        for series in ("GET list of 50, 10k", "pgbench GET list of 50, 10k", "GET deep page, 10k"):
            figures.add(series, figure)
            figures.add(f"{series} · p50", figure)
            figures.add(f"{series} · p95", 2 * figure)
    one = Comparison("list", "GET list of 50, 10k", "requests/s", "pgbench", "pgbench GET list of 50, 10k")
    loaded = {"url": "", "statements": 10_000, "seconds": None, "wal_bytes": None, "disk_bytes": 20_000_000}
    rest = {"facts": {"machine": "2 cores"}, "disturbed": {}, "sizes": [10_000], "loads": [loaded]}
    return rest | figures.as_json([one])


def test_the_page_has_what_was_measured_and_nothing_else() -> None:
    result = a_result()
    titles = [table.title for table in tables(result)]
    assert len(titles) == 3
    page = report.page(result)
    assert "| list | 2 requests/s | pgbench | 2 | 1.00 | 1.00 – 1.00 | 2.0 | 4.0 |" in page
    assert "| 10,000 | – | – | 2,000 |" in page
    assert all(f"### {title}" in page for title in titles)


def test_runs_of_different_parts_are_one_page() -> None:
    one, other = a_result(), a_result()
    other["comparisons"] = [{**other["comparisons"][0], "title": "stored"}]
    other["facts"] = {"machine": "2 cores", "took": "1 s"}
    page = report.page(report.together([one, other, one]))
    assert page.count("2 cores") == page.count("| list |") == page.count("| stored |") == 1
    assert "took**: 1 s" in page
