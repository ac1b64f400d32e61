"""The decisions about equivalence that are easiest shown by example."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.schemas.statement_parts import ACTIVITY, AGENT, read, statement

EXTENSION = "http://example.com/n"


def _extended(value: Any) -> dict[str, Any]:
    return statement(result={"extensions": {EXTENSION: value}})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (statement(timestamp="2020-01-01T00:00:00.1234Z"), statement(timestamp="2020-01-01T01:00:00.123+01:00")),
        (_extended([1.0, -0.0, 1e22]), _extended([1, 0, 10**22])),
        (statement(result={"score": {"raw": 1}}), statement(result={"score": {"raw": 1.0}})),
        (statement(result={"duration": "PT1.129S"}), statement(result={"duration": "PT1.12S"})),
        (
            statement(context={"contextActivities": {"parent": ACTIVITY}}),
            statement(context={"contextActivities": {"parent": [{**ACTIVITY, "definition": {}}]}}),
        ),
    ],
)
def test_the_same(left: Any, right: Any) -> None:
    assert read(left).digest == read(right).digest


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (statement(timestamp="2020-01-01T00:00:00.123Z"), statement(timestamp="2020-01-01T00:00:00.124Z")),
        (statement(timestamp="2020-01-01T00:00:00Z"), statement()),
        (statement(actor=AGENT), statement(actor={"objectType": "Agent", **AGENT})),
        (statement(object=ACTIVITY), statement(object={"objectType": "Activity", **ACTIVITY})),
        (statement(actor=AGENT), statement(actor={"mbox": "mailto:ADA@example.com"})),
        (_extended(1), _extended("1")),
        (_extended(1), _extended(True)),
        (_extended(2**53), _extended(2**53 + 1)),
        (_extended([1, 2]), _extended([2, 1])),
        (statement(result={"duration": "PT60S"}), statement(result={"duration": "PT1M"})),
        (statement(result={}), statement()),
        (
            statement(actor={"objectType": "Group", "member": [AGENT]}),
            statement(actor={"objectType": "Group", "member": [AGENT, AGENT]}),
        ),
    ],
)
def test_not_the_same(left: Any, right: Any) -> None:
    assert read(left).digest != read(right).digest
