"""What the bench reckons with is right: the lag between samples, the SQL that pgbench runs, the bodies it posts."""

from math import isclose

import msgspec

from lrs.statement_log.sql import QUERIES
from schemas.statement import read_statements
from schemas.version import XapiVersion
from tests.bench import pgbench
from tests.bench.figures import Comparison, Figures
from tests.bench.live_lag import Sample, seconds_behind
from tests.bench.statements import BEFORE_ID, after_id, bodies


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
