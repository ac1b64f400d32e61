"""The activity over HTTP equals a naive count, in every zone and over every change of the clock, and the page's SQL."""

import csv
import io
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from lrs.analytics.activity_queries import activity_query
from tests.integration.activity_caller import Caller, calling, read_json
from tests.integration.activity_facts import (
    COURSES,
    LEARNERS,
    VERBS,
    MadeFact,
    midnight,
    naive_rows,
    write,
    write_texts,
)

pytestmark = pytest.mark.one_database("timescaledb")

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "analytics.md").read_text(encoding="utf-8")


def instants(*texts: str) -> list[datetime]:
    return [datetime.fromisoformat(f"{text}Z") for text in texts]


CHANGES = {  # of the clock, in 2024
    "Europe/Berlin": instants("2024-03-31T01:00", "2024-10-27T01:00"),
    "America/New_York": instants("2024-03-10T07:00", "2024-11-03T06:00"),
    "Atlantic/Azores": instants("2024-03-31T01:00", "2024-10-27T01:00"),  # the clock strikes midnight twice
    "America/Havana": instants("2024-03-10T05:00", "2024-11-03T05:00"),  # never, and twice
    "Asia/Beirut": instants("2024-03-30T22:00", "2024-10-26T21:00"),
    "America/Santiago": instants("2024-04-07T03:00", "2024-09-08T04:00"),
    "Australia/Lord_Howe": instants("2024-04-06T15:00", "2024-10-05T15:30"),  # by half an hour
    "UTC": instants("2024-02-29T00:00"),
    "Asia/Kathmandu": instants("2024-03-31T18:15"),
    "Pacific/Kiritimati": instants("2024-07-31T10:00"),
}
MARCH = CHANGES["Europe/Berlin"][0]


@pytest.fixture
def caller(database_url: str) -> Iterator[Caller]:
    write_texts(database_url)
    with calling(database_url) as caller:
        yield caller


def near(change: datetime) -> st.SearchStrategy[datetime]:
    """Instants around a change of the clock, most of them within hours of it and at a full or half hour."""
    half, days = timedelta(minutes=30), timedelta(days=10)
    return st.one_of(
        st.integers(-6, 6).map(lambda halves: change + halves * half),
        st.timedeltas(-6 * half, 6 * half).map(lambda away: change + away),
        st.integers(-200, 200).map(lambda halves: change + halves * half),
        st.timedeltas(-days, days).map(lambda away: change + away),
    )


def facts_at(at: st.SearchStrategy[datetime]) -> st.SearchStrategy[MadeFact]:
    return st.builds(
        MadeFact,
        at=at,
        learner=st.sampled_from((*LEARNERS, None)),
        course=st.sampled_from((*COURSES, None)),
        verb=st.sampled_from(VERBS),
        score=st.none() | st.integers(0, 1_000_000),
        duration=st.none() | st.integers(0, 2**62),
        voided=st.sampled_from((False, False, False, True)),
        tenant=st.sampled_from((1, 1, 1, 2)),
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[MadeFact], datetime, datetime, dict[str, str]]:
    """Facts, a range whose ends often are the instants of facts, and the parameters that ask for it."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = draw(st.sampled_from(CHANGES[zone]))
    facts = draw(st.lists(facts_at(near(change)), max_size=30))
    ends: list[tuple[datetime, str]] = []
    for days in (-12, 12):
        instant = draw(st.sampled_from([change + timedelta(days=days), *(fact.at for fact in facts)]) | near(change))
        if draw(st.booleans()):
            ends.append((instant, instant.isoformat()))
        else:
            ends.append((midnight(instant.date(), zone), instant.date().isoformat()))
    (begin, first), (end, last) = sorted(ends)
    groups = draw(st.permutations(("course", "learner", "verb")))[: draw(st.integers(0, 3))]
    unit = draw(st.sampled_from(("hour", "day", "week", "month")))
    group_by = ",".join(groups) or "none"
    return facts, begin, end, {"from": first, "to": last, "tz": zone, "bucket": unit, "group_by": group_by}


def test_it_equals_the_naive_count(caller: Caller, database_url: str) -> None:
    @settings(max_examples=150)
    @given(questions())
    def agrees(question: tuple[list[MadeFact], datetime, datetime, dict[str, str]]) -> None:
        facts, begin, end, params = question
        write(database_url, facts)
        if begin == end:
            assert [fault["path"] for fault in caller.get(params).json()["violations"]] == ["to"]
            return
        groups = [group for group in ("course", "learner", "verb") if group in params["group_by"]]
        expected = naive_rows(facts, begin, end, params["tz"], params["bucket"], groups)
        rows = caller.rows(params)
        assert rows == expected
        assert [list(row) for row in rows] == [list(row) for row in expected]
        table = csv.DictReader(io.StringIO(caller.get(params | {"format": "csv"}).content.decode(), newline=""))
        assert list(table) == [{name: text_of(value) for name, value in row.items()} for row in rows]

    agrees()


def test_a_day_begins_at_its_first_instant(caller: Caller, database_url: str) -> None:
    write(database_url, [])
    for zone, day, first in (
        ("Europe/Berlin", "2024-03-31", "2024-03-30T23:00:00Z"),
        ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),  # two midnights
        ("Atlantic/Azores", "2024-10-27", "2024-10-27T00:00:00Z"),
        ("Antarctica/Casey", "2010-03-05", "2010-03-04T13:00:00Z"),  # two, three hours apart
        ("Asia/Beirut", "2024-10-27", "2024-10-26T22:00:00Z"),  # one, an hour after the clock was set back
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),  # none: the clock jumps to 01:00
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),  # a day that Samoa left out
    ):
        answer = caller.get({"from": day, "to": "2025-01-01", "tz": zone})
        assert (zone, answer.json()["from"]) == (zone, first)


def text_of(value: object) -> str:
    return "" if value is None else str(value)


def many_facts(number: int, begin: datetime, days: float, seed: int = 7) -> list[MadeFact]:
    """Facts at random over some days from `begin` on."""
    chance = random.Random(seed)
    return [
        MadeFact(
            begin + timedelta(days=days * chance.random()),
            chance.choice((*LEARNERS, None)),
            chance.choice((*COURSES, None)),
            chance.choice(VERBS),
            chance.randrange(1_000_001) if chance.random() < 0.5 else None,
            chance.randrange(10_000_000) if chance.random() < 0.5 else None,
            chance.random() < 0.1,
            chance.choice((1, 1, 2)),
        )
        for _ in range(number)
    ]


EXAMPLES = re.findall(r"```http\nGET (.*?)\n```.*?```sql\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("url", "query"), EXAMPLES, ids=["day", "hour", "week"])
def test_the_pages_sql_gives_the_rows_of_the_call(caller: Caller, database_url: str, url: str, query: str) -> None:
    facts = many_facts(3000, datetime(2026, 2, 20, tzinfo=UTC), 75)
    facts += many_facts(1000, datetime(2026, 3, 28, tzinfo=UTC), 2, seed=8)
    write(database_url, facts, position=48213)
    answer = read_json(caller.get(url=url))
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.execute("SET ROLE lrs_analyst")
        rows = connection.execute(query.encode()).fetchall()
        position = connection.execute("SELECT position FROM analytics.position").fetchone()
    for row in rows:
        row["bucket_utc"] = row["bucket_utc"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for row in answer["rows"]:
        del row["bucket"]
    assert len(rows) > 10
    assert answer["rows"] == rows
    assert [list(row) for row in answer["rows"]] == [list(row) for row in rows]
    assert position == {"position": answer["position"]}


def test_an_answer_says_what_was_asked_and_how_far_the_facts_are(caller: Caller, database_url: str) -> None:
    write(database_url, [], position=77)
    ends = {"from": "2024-03-31", "to": "2024-04-01T00:00:00.5+02:00", "tz": "Europe/Berlin"}
    answer = caller.get(ends | {"group_by": "verb,course", "learner": LEARNERS[1]})
    assert answer.headers["X-LRS-Position"] == "77"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "position": 77,
        "from": "2024-03-30T23:00:00Z",
        "to": "2024-03-31T22:00:00.500000Z",
        "tz": "Europe/Berlin",
        "bucket": "day",
        "group_by": ["course", "verb"],
        "filters": {"learner": LEARNERS[1]},
        "rows": [],
    }


def test_csv_keeps_every_value_and_tells_where_it_came_from(caller: Caller, database_url: str) -> None:
    at = datetime(2024, 3, 31, 12, tzinfo=UTC)
    facts = [MadeFact(at, LEARNERS[0], COURSES[0], VERBS[0], 812_500, 90_500, False, 1)]
    facts.append(MadeFact(at, LEARNERS[3], COURSES[2], VERBS[2], None, None, False, 1))
    write(database_url, facts, position=9)
    params = {"from": "2024-03-31", "to": "2024-04-01", "tz": "Europe/Berlin", "group_by": "course,learner,verb"}
    answer = caller.get(params, accept="text/csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["X-LRS-Position"] == "9"
    name = "activity_20240330T230000Z_20240331T220000Z_position_9.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.content.decode() == (
        "bucket,bucket_utc,course,course_title,learner,learner_name,verb,"
        "statements,learners,completions,scores,mean_score,duration_seconds\r\n"
        '2024-03-31T00:00:00+01:00,2024-03-30T23:00:00Z,https://example.com/course/b,"Sets, ""maps"" and\nmore",'
        'mbox:mailto:Zoe@example.com,"Zoë, of Ulm",http://adlnet.gov/expapi/verbs/completed,1,1,1,1,0.8125,90.5\r\n'
        "2024-03-31T00:00:00+01:00,2024-03-30T23:00:00Z,https://example.com/course/é,=1+1,"
        "openid:urn:x,+44 20,urn:verb:zähle,1,1,0,0,,\r\n"
    )
    assert caller.get(params | {"format": "json"}, accept="text/csv").json()["position"] == 9


def test_filters_leave_the_rest_out(caller: Caller, database_url: str) -> None:
    facts = many_facts(400, MARCH, 5)
    write(database_url, facts)
    params = {"from": "2024-03-30", "to": "2024-04-08", "group_by": "learner"}
    begin, end = midnight(MARCH.date(), "UTC") - timedelta(days=1), datetime(2024, 4, 8, tzinfo=UTC)
    wanted = {"course": COURSES[2], "learner": LEARNERS[2], "verb": VERBS[1]}
    for names in (["course"], ["learner"], ["verb"], list(wanted)):
        chosen = [fact for fact in facts if all(getattr(fact, name) == wanted[name] for name in names)]
        rows = caller.rows(params | {name: wanted[name] for name in names})
        assert rows == naive_rows(chosen, begin, end, "UTC", "day", ["learner"]) != []
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT id FROM iri WHERE tenant = 1 AND iri = %s", [COURSES[2]]).fetchone()
    assert found is not None
    assert caller.rows(params | {"course": str(found[0])}) == caller.rows(params | {"course": COURSES[2]})
    assert caller.rows(params | {"verb": "urn:never:heard:of"}) == []


def test_a_tenant_sees_its_own(caller: Caller, database_url: str) -> None:
    write(database_url, [MadeFact(MARCH, LEARNERS[1], None, VERBS[1], None, None, False, 2)])
    params = {"from": "2024-03-31", "to": "2024-04-01", "group_by": "learner,verb"}
    assert caller.rows(params) == []
    (row,) = caller.get(params, tenant=2).json()["rows"]
    assert (row["learner_name"], row["verb"]) == ("Ada of another", f"{VERBS[1]} of another")


def test_a_narrow_range_reads_its_part_of_the_index_and_texts_come_last(database_url: str) -> None:
    begin = datetime(2024, 5, 5, tzinfo=UTC)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO fact (tenant, position, id, at, person, course, verb, event, placement, score_suspect)"
            " SELECT 1, n, gen_random_uuid(), timestamptz '2024-01-01Z' + n * interval '15 minutes',"
            " md5((n %% 200)::text)::uuid, md5((n %% 7)::text)::uuid, md5((n %% 11)::text)::uuid,"
            " 'other', 'context', false"
            " FROM generate_series(1, %s) AS n",
            [30_000],
        )
        connection.execute("ANALYZE fact")
        groups = ("course", "learner", "verb")
        values = {
            "tenant": 1,
            "begin": begin,
            "end": begin + timedelta(days=1),
            "unit": "hour",
            "zone": "UTC",
            "most": 9,
        }
        found = connection.execute(f"EXPLAIN (FORMAT JSON) {activity_query(groups, ())}".encode(), values).fetchone()
    assert found is not None
    nodes = list(plan_nodes(found[0][0]["Plan"]))
    assert [node["Index Name"] for node in nodes if node.get("Index Name", "").startswith("fact_")] == ["fact_at"]
    (counted,) = [node for node in nodes if node["Node Type"] == "Aggregate"]
    assert {node["Relation Name"] for node in plan_nodes(counted) if "Relation Name" in node} == {"fact"}
    assert {"iri", "person", "outline_node"} <= {node.get("Relation Name") for node in nodes}


def plan_nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a query plan and all below it."""
    yield node
    for below in node.get("Plans", ()):
        yield from plan_nodes(below)
