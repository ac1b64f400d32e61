"""Statements that are valid and far out: no fold fails on them, and nothing overflows a column."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from lrs.statement_log.search_keys import search_terms
from projections import attempt, node_progress
from projections.fact import LONGEST, LONGEST_KEY, derive, milliseconds
from projections.payload import parse
from projections.placement import Block, block_of
from schemas.statement import read_statements
from schemas.version import XapiVersion

VIDEO = "https://w3id.org/xapi/video/extensions/"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "parts",
    [
        {"timestamp": "9999-12-31T23:59:59.999999Z"},
        {"timestamp": "0001-01-01T00:00:00Z"},
        {"result": {"duration": "P99999999999999999999Y"}},
        {"result": {"score": {"raw": 1e308, "min": -1e308, "max": 1e308}}},
        {"result": {"score": {"raw": -5, "max": 0}}},
        {"result": {"extensions": {"https://w3id.org/xapi/cmi5/result/extensions/progress": 10**400}}},
        {"context": {"extensions": {VIDEO + "length": -5, VIDEO + "speed": "nanx"}}},
        {"result": {"extensions": {VIDEO + "played-segments": "0[.]inf[,]1e400[.]2[,][.]"}}},
        {"context": {"contextActivities": {"parent": []}}},
        {"object": {"id": "http://x.example/y", "definition": {"name": {}}}},
        {"object": {"id": "http://x.example/xblock/block-v1:" + "a" * 20_000 + "+type@"}},
        {"object": {"id": "https://x.example/" + "block-v1:" * 100_000}},
        {"object": {"id": "https://x.example/block-v1:" + "+type@a" * 100_000}},
        {"result": {"extensions": {"http://x.example/n": msgspec.Raw(b"9" * 5000)}}},
        {"result": {"duration": "PT" + "9" * 1_000_000 + "S"}},
        {"context": {"extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "s" * 5000}}},
    ],
)
def test_far_out_but_valid(parts: dict[str, Any]) -> None:
    statement = {
        "actor": {"mbox": "mailto:a@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
        "object": {"id": "http://x.example/y"},
        **parts,
    }
    [new] = read_statements(msgspec.json.encode(statement), XapiVersion.V1_0_3)
    assert search_terms(parse(new.payload.decode()), {"mbox": "mailto:who@vouches.example"})
    derived = derive(1, UUID(int=1), NOW, new.timestamp, parse(new.payload.decode()))
    assert derived is not None
    for value in derived.fact:
        assert not isinstance(value, float) or math.isfinite(value)
    assert (derived.fact.duration or 0) <= LONGEST
    assert len(derived.fact.attempt or "") <= LONGEST_KEY
    row = node_progress.fold([derived.fact], "media", course_node=False)
    assert 0 <= row.fraction <= 1
    assert 0 <= row.duration < 2**63
    assert len(attempt.fold([derived.fact])) == 1


def test_many_visits_of_many_years_are_no_longer_than_one() -> None:
    statement = {
        "actor": {"mbox": "mailto:a@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/progressed"},
        "object": {"id": "http://x.example/y"},
        "result": {"duration": "P99999999Y"},
    }
    derived = derive(1, UUID(int=1), NOW, NOW, statement)
    assert derived is not None
    days = range(3)
    visits = [derived.fact._replace(id=UUID(int=day), at=NOW + timedelta(days=day)) for day in days]
    row = node_progress.fold(visits, "content", course_node=False)
    assert row.visits == len(days)
    assert row.duration == LONGEST


def test_a_comma_is_a_decimal_point_too() -> None:
    assert milliseconds("PT1,5S") == milliseconds("PT1.5S") == 1500


@pytest.mark.parametrize(
    ("iri", "block"),
    [
        ("block-v1:Org+C+R+type@video+block@x", Block("", False, "Org+C+R", "video")),
        ("https://l/xblock/block-v1:O+C+R+type@problem+block@x/hint/1", Block("https://l/", False, "O+C+R", "problem")),
        ("https://l/xblock/block-v1:course-v1:O+C+R+type@a+block@x", Block("https://l/", False, "O+C+R", "a")),
        ("https://l/ccx-block-v1:O+C+R+ccx@1+type@a+block@x", Block("https://l/", True, "O+C+R+ccx@1", "a")),
        ("https://l/block-v1:O+type@+type@b+block@x", Block("https://l/", False, "O+type@", "b")),
        ("https://l/block-v1:O+C+R+type@video", None),
        ("https://l/course", None),
    ],
)
def test_block_identifiers(iri: str, block: Block | None) -> None:
    assert block_of(iri) == block
