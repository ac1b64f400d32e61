"""Queries for statements: what each parameter means, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from schemas.errors import QueryRefused
from schemas.statement_query import StatementQuery, read_statement_query
from schemas.version import XapiVersion, read_version

ID = "fd41c918-b88b-4b20-a0a5-a4c32391aaa0"
AGENT = {"mbox": "mailto:ada@example.com"}


def faults(*params: tuple[str, str]) -> set[str]:
    with pytest.raises(QueryRefused) as caught:
        read_statement_query(params, XapiVersion.V2_0_0)
    assert all(violation.clause.startswith("xAPI 2.0.0 4.") for violation in caught.value.violations)
    return {violation.path for violation in caught.value.violations}


def test_every_parameter_is_read() -> None:
    query = read_statement_query(
        [
            ("agent", json.dumps(AGENT)),
            ("verb", "http://example.com/did"),
            ("activity", "http://example.com/a/../b"),
            ("registration", ID.upper()),
            ("related_activities", "true"),
            ("related_agents", "True"),
            ("since", "2020-01-01T01:00:00+01:00"),
            ("until", "2021-01-01T00:00:00Z"),
            ("limit", "10"),
            ("format", "canonical"),
            ("attachments", "false"),
            ("ascending", "true"),
        ],
        XapiVersion.V1_0_3,
    )
    assert query == StatementQuery(
        agent=AGENT,
        verb="http://example.com/did",
        activity="http://example.com/a/../b",
        registration=UUID(ID),
        related_activities=True,
        related_agents=True,
        since=datetime(2020, 1, 1, tzinfo=UTC),
        until=datetime(2021, 1, 1, tzinfo=UTC),
        limit=10,
        format="canonical",
        attachments=False,
        ascending=True,
    )
    assert read_statement_query([], XapiVersion.V1_0_3) == StatementQuery()


def test_one_statement_is_asked_for_with_attachments_and_format_only() -> None:
    params = [("statementId", ID), ("attachments", "true"), ("format", "ids")]
    query = read_statement_query(params, XapiVersion.V1_0_3)
    assert query == StatementQuery(statement_id=UUID(ID), attachments=True, format="ids")
    voided = read_statement_query([("voidedStatementId", ID)], XapiVersion.V1_0_3)
    assert voided == StatementQuery(voided_statement_id=UUID(ID))
    assert faults(("statementId", ID), ("limit", "1"), ("verb", "a:b")) == {"limit", "verb"}
    assert faults(("voidedStatementId", ID), ("statementId", ID)) == {"voidedStatementId"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("StatementId", ID),
        ("statementid", ID),
        ("foo", "bar"),
        ("statementId", "x"),
        ("agent", "ada"),
        ("agent", '[{"mbox":"mailto:ada@example.com"}]'),
        ("agent", '{"objectType":"Group","member":[]}'),
        ("agent", '{"mbox":"mailto:a@example.com","mbox":"mailto:a@example.com"}'),
        ("agent", '"\ud800"'),
        ("verb", "did"),
        ("verb", "a:\ud800"),
        ("\ud800", ""),
        ("activity", "a"),
        ("registration", "x"),
        ("related_activities", "1"),
        ("related_agents", "TRUE"),
        ("since", "yesterday"),
        ("until", "2008-09-15T15:53:00-00:00"),
        ("limit", "-1"),
        ("limit", "1.5"),
        ("limit", ""),
        ("limit", "٣"),
        ("limit", "9" * 5000),
        ("format", "Exact"),
        ("attachments", ""),
        ("ascending", "yes"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(name: str, text: str) -> None:
    assert faults((name, text)) == {name if name.isascii() else '["\\ud800"]'}


def test_a_wrong_agent_is_refused_where_it_is_wrong_and_a_repeated_parameter_once() -> None:
    assert faults(("agent", '{"mbox":"x"}'), ("verb", "a:b"), ("verb", "a:b")) == {"agent.mbox", "verb"}


@pytest.mark.parametrize("header", ["1.0", "1.0.0", "1.0.3", "1.0.1", " 1.0.3"])
def test_version_1_0_is_spoken(header: str) -> None:
    assert read_version(header) is XapiVersion.V1_0_3


@pytest.mark.parametrize("header", ["2.0", "2.0.0", "2.0.9"])
def test_version_2_0_is_spoken(header: str) -> None:
    assert read_version(header) is XapiVersion.V2_0_0


@pytest.mark.parametrize("header", [None, "", "0.95", "0.9", "1.1.0", "2.1.0", "1", "1.0.3.1", "1.0.x", "x1.0.3"])
def test_no_other_version_is_spoken(header: str | None) -> None:
    with pytest.raises(QueryRefused) as caught:
        read_version(header)
    assert [violation.path for violation in caught.value.violations] == ["X-Experience-API-Version"]
