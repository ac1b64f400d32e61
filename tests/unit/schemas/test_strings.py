"""Every form of string that the specification names: what fits it and what does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.timestamp import instant_of
from tests.unit.schemas.statement_parts import faults, statement


@pytest.mark.parametrize(
    "iri",
    ["http://example.com/a/../b?c#d", "urn:x", "HTTP://Example.COM", "http://example.com/فعل/خواندن", "x-a+b.c:%zz"],
)
def test_iris_are_accepted_as_they_come(iri: str) -> None:
    assert faults(statement(verb={"id": iri})) == set()


@pytest.mark.parametrize(
    "iri",
    [
        "",
        "http:",
        "example.com/a",
        "//example.com",
        "1a:b",
        "ab=c://x",
        "http://a b",
        "http://<a>",
        "http://a\n",
        "ä:b",
    ],
)
def test_what_is_no_iri_is_refused(iri: str) -> None:
    assert faults(statement(verb={"id": iri})) == {"verb.id"}


@pytest.mark.parametrize(
    "tag",
    [
        "en",
        "EN-us",
        "zh-Hant-TW",
        "sl-rozaj-biske-1994",
        "de-CH-1901",
        "es-419",
        "X-a-b",
        "en-a-bbb-x-a",
        "art-lojban",
        "zh-min-nan",
        "I-Klingon",
        "en-GB-oed",
        "SGN-be-fr",
    ],
)
def test_language_tags_are_accepted(tag: str) -> None:
    assert faults(statement(verb={"id": "a:b", "display": {tag: ""}}, context={"language": tag})) == set()


@pytest.mark.parametrize(
    "tag", ["", "e", "en_US", "a12345678", "en-", "en-abcdefghi", "1", "en US", "ſv", "x", "en\n", "i-\u212alingon"]
)
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    value = statement(verb={"id": "a:b", "display": {tag: "x"}}, context={"language": tag})
    paths = faults(value)
    assert len(paths) == 2
    assert "context.language" in paths
    assert any(path.startswith("verb.display") for path in paths)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2008-09-15T15:53:00Z", datetime(2008, 9, 15, 15, 53, tzinfo=UTC)),
        ("2008-09-15t15:53:00z", datetime(2008, 9, 15, 15, 53, tzinfo=UTC)),
        ("2008-09-15T15:53:00", datetime(2008, 9, 15, 15, 53, tzinfo=UTC)),
        ("2008-09-15T15:53", datetime(2008, 9, 15, 15, 53, tzinfo=UTC)),
        ("2008-09-15T15:53:00.601+00:00", datetime(2008, 9, 15, 15, 53, 0, 601000, tzinfo=UTC)),
        ("2008-09-15T15:53:00,6017899-0530", datetime(2008, 9, 15, 21, 23, 0, 601789, tzinfo=UTC)),
        ("2008-09-15T15:53:00.6-00:30", datetime(2008, 9, 15, 16, 23, 0, 600000, tzinfo=UTC)),
        ("2008-09-15T15:53:00+02", datetime(2008, 9, 15, 13, 53, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60.5+01:00", datetime(2016, 12, 31, 23, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_timestamps_name_an_instant(text: str, instant: datetime) -> None:
    assert faults(statement(timestamp=text)) == set()
    assert instant_of(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2008-09-15T15:53:00.601-00",
        "2008-09-15T15:53:00.601-0000",
        "2008-09-15T15:53:00.601-00:00",
        "2008-09-15",
        "2008-09-15 15:53:00Z",
        "2008-9-15T15:53:00Z",
        "2008-09-15T24:00:00Z",
        "2008-09-15T15:60:00Z",
        "2008-09-15T15:53:00+24:00",
        "2008-09-15T15:53:00 Z",
        "2008-09-15T15:53:00Z\n",
        "2023-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:60Z",
        "01/011/2015",
        "٢٠٠٨-09-15T15:53:00Z",
        "",
    ],
)
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    assert faults(statement(timestamp=text, stored=text)) == {"timestamp", "stored"}


@pytest.mark.parametrize(
    "text",
    ["P4W", "P0.5W", "P3Y", "P1M", "P1Y2D", "PT1H0M0.1S", "PT16559.14S", "P3Y1M29DT4H35M59.14S", "P1DT1,5H", "PT0S"],
)
def test_durations_are_accepted(text: str) -> None:
    assert faults(statement(result={"duration": text})) == set()


@pytest.mark.parametrize(
    "text",
    ["P4W1D", "P1Y4W", "P", "PT", "P1DT", "P1S", "PT1D", "PT1.5H2M", "P1D2Y", "-PT1S", "PA1H0M0S", "PT1.S", "P1Y\n",
     "P0003-06-04T12:30:05", ""],
)  # fmt: skip
def test_what_is_no_duration_is_refused(text: str) -> None:
    assert faults(statement(result={"duration": text})) == {"result.duration"}


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("fd41c918-b88b-4b20-a0a5-a4c32391aaa0", True),
        ("FD41C918-B88B-4B20-A0A5-A4C32391AAA0", True),
        ("12345678-1234-5678-1234-567812345678", True),
        ("fd41c918b88b4b20a0a5a4c32391aaa0", False),
        ("{fd41c918-b88b-4b20-a0a5-a4c32391aaa0}", False),
        ("fd41c918-b88b-4b20-a0a5-a4c32391aaa00", False),
        ("Md41c918-b88b-4b20-a0a5-a4c32391aaa0", False),
        ("fd41c918-b88b-4b20-a0a5-a4c32391aaa0\n", False),
    ],
)
def test_uuids_have_their_standard_form(text: str, valid: bool) -> None:
    assert faults(statement(id=text)) == (set() if valid else {"id"})


@pytest.mark.parametrize(("version", "valid"), [("1.0", True), ("1.0.9", True), ("0.9.9", False), ("1.1.0", False)])
def test_a_statement_of_1_0_x_is_accepted(version: str, valid: bool) -> None:
    assert faults(statement(version=version)) == (set() if valid else {"version"})
