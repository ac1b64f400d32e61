"""What may be asked of the activity, what is refused and by which name, and that the page about it says the same."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from lrs.analytics.activity import MOST_ROWS
from lrs.analytics.activity_parameters import FIRST_YEAR, LAST_YEAR, ActivityQuery, read_activity_query
from lrs.analytics.activity_queries import LABELS, MEASURES, activity_query
from lrs.api.analytics import prefers_csv
from projections.fact import name_of
from schemas.errors import QueryRefused

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "analytics.md").read_text(encoding="utf-8")
RANGE = {"from": "2026-03-01", "to": "2026-04-01"}
COURSE = "https://example.com/course/1"
ID = "0189d2a4-7c1e-7f00-8000-00000000000a"


def read(**params: str) -> ActivityQuery:
    return read_activity_query([*(RANGE | params).items()])


def test_what_is_not_said_has_a_default() -> None:
    query = read()
    assert (query.begin, query.end) == (date(2026, 3, 1), date(2026, 4, 1))
    assert (query.tz, query.bucket, query.group_by, query.format) == ("UTC", "day", (), None)
    assert query.filters() == {}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-29T00:00:00Z", datetime(2026, 3, 29, tzinfo=UTC)),
        ("2026-03-29T02:30+02:00", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        ("2026-03-29T00:00:00.25-0300", datetime(2026, 3, 29, 3, 0, 0, 250_000, tzinfo=UTC)),
        ("2024-02-29", date(2024, 2, 29)),
        ("1900-01-01", date(1900, 1, 1)),
    ],
)
def test_an_end_is_a_date_or_an_instant(text: str, moment: date) -> None:
    begin = read(**{"from": text}).begin
    assert begin == moment
    assert type(begin) is type(moment)


@pytest.mark.parametrize(
    ("text", "groups"),
    [("none", ()), ("verb", ("verb",)), ("verb,course", ("course", "verb")), ("learner,verb,course", tuple(LABELS))],
)
def test_groups_have_one_order(text: str, groups: tuple[str, ...]) -> None:
    assert read(group_by=text).group_by == groups


def test_the_order_of_rows_is_that_of_no_language() -> None:
    assert activity_query(tuple(LABELS), ()).count('COLLATE "C") NULLS LAST') == len(LABELS)


def test_a_course_is_named_by_its_iri_or_its_id() -> None:
    assert read(course=COURSE).filter_names() == {"course": name_of(COURSE)}
    assert read(course=ID).filter_names() == {"course": UUID(ID)}
    assert read(course=ID).filters() == {"course": ID}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "2026-03-29T00:00:00"),  # whose midnight?
        ("from", "2026-03-29 00:00:00Z"),
        ("from", "2026-03-29T00:00:00 02:00"),  # a + that was not escaped
        ("from", "20260329"),
        ("from", "2026-02-30"),
        ("to", "2026-02-30T00:00:00Z"),
        ("to", "1899-12-31"),
        ("to", "9999-01-01"),
        ("to", "٢٠٢٦-03-29"),
        ("to", "yesterday"),
        ("to", ""),
        ("tz", "CET"),
        ("tz", "EST5EDT"),
        ("tz", "europe/berlin"),
        ("tz", "Europe/Atlantis"),
        ("tz", "+02:00"),
        ("tz", "../etc/passwd"),
        ("tz", "posix/Europe/Berlin"),
        ("bucket", "year"),
        ("bucket", "Day"),
        ("group_by", ""),
        ("group_by", "verb,verb"),
        ("group_by", "none,verb"),
        ("group_by", "verb, course"),
        ("group_by", "activity"),
        ("course", "not an iri"),
        ("learner", "ada@example.com"),
        ("learner", "mbox:"),
        ("verb", "completed"),
        ("format", "xml"),
        ("From", "2026-03-01"),
        ("limit", "10"),
    ],
)
def test_what_has_another_form_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        read(**{name: value})
    (violation,) = refused.value.violations
    assert violation.path == name
    assert violation.clause == "docs/analytics.md, Parameters"
    assert violation.rule.startswith(("must ", "is no parameter"))


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(QueryRefused) as refused:
        read_activity_query(
            [("to", "x"), ("bucket", "day"), ("bucket", "week"), ("colour", "red"), ("tz", "Mars/Base")]
        )
    found = {violation.path: violation.rule for violation in refused.value.violations}
    assert set(found) == {"from", "to", "bucket", "colour", "tz"}
    assert found["from"] == "must be given"
    assert found["bucket"] == "must be given no more than once"


@pytest.mark.parametrize(
    ("accept", "csv"),
    [
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("text/csv", True),
        ("Text/CSV; header=present", True),
        ("text/csv, */*;q=0.1", True),
        ("text/*", True),
        ("application/json, text/csv;q=0.9", False),
        ("text/csv;q=0, */*", False),
        ("text/csv;q=high", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
    ],
)
def test_csv_is_given_where_it_is_preferred(accept: str, csv: bool) -> None:
    assert prefers_csv(accept) is csv


def first_cells(heading: str) -> list[str]:
    """The names in the first cells of the table in a section of the page."""
    section = PAGE.split(f"### {heading}\n")[1].split("\n#")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [name for cell in cells for name in re.findall("`([a-z_]+)`", cell)]


def test_the_page_names_the_parameters() -> None:
    fields = {field.alias or name for name, field in ActivityQuery.model_fields.items()}
    assert set(first_cells("Parameters")) == fields
    assert f"Years {FIRST_YEAR} to {LAST_YEAR}." in PAGE


def test_the_page_names_the_columns_in_order() -> None:
    labels = [label for group in LABELS.values() for label in group]
    assert first_cells("What is counted") == ["bucket", "bucket_utc", *labels, *MEASURES]
    assert f"at most {MOST_ROWS:,} rows" in PAGE
