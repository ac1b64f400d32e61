"""Activities with their interactions, results with their scores, attachments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.schemas.statement_parts import ACTIVITY, faults, faults_of, statement

ONE = [{"id": "a", "description": {"en": "first"}}]


def _with(definition: Any) -> dict[str, Any]:
    return statement(object={**ACTIVITY, "definition": definition})


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"name": {"en": "A"}, "moreInfo": "http://example.com/x", "extensions": {"http://example.com/e": None}},
        {"interactionType": "choice", "correctResponsesPattern": ["a[,]b", "nonsense"], "choices": ONE},
        {"interactionType": "matching", "source": ONE, "target": ONE},
        {"interactionType": "likert", "scale": []},
        {"interactionType": "other", "correctResponsesPattern": []},
    ],
)
def test_definitions_are_accepted(definition: Any) -> None:
    assert faults(_with(definition)) == set()


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ([], "object.definition"),
        ({"name": "A"}, "object.definition.name"),
        ({"type": "course"}, "object.definition.type"),
        ({"moreInfo": "x"}, "object.definition.moreInfo"),
        ({"extensions": {"bare": 1}}, "object.definition.extensions.bare"),
        ({"extensions": {"no iri": 1}}, 'object.definition.extensions["no iri"]'),
        ({"interactionType": "Choice"}, "object.definition.interactionType"),
        ({"correctResponsesPattern": []}, "object.definition"),
        ({"choices": ONE}, "object.definition"),
        ({"interactionType": "true-false", "choices": ONE}, "object.definition.choices"),
        ({"interactionType": "choice", "steps": ONE}, "object.definition.steps"),
        ({"interactionType": "choice", "choices": ONE + ONE}, "object.definition.choices[1].id"),
        ({"interactionType": "choice", "choices": [{}]}, "object.definition.choices[0].id"),
        ({"interactionType": "choice", "choices": {"id": "a"}}, "object.definition.choices"),
        ({"interactionType": "other", "correctResponsesPattern": [1]}, "object.definition.correctResponsesPattern[0]"),
        ({"description": None}, "object.definition.description"),
    ],
)
def test_definitions_are_refused_where_they_are_wrong(definition: Any, path: str) -> None:
    assert faults(_with(definition)) == {path}


@pytest.mark.parametrize(
    ("score", "path"),
    [
        ({}, None),
        ({"scaled": 1, "raw": 5, "min": 5.0, "max": 6}, None),
        ({"scaled": -1.0}, None),
        ({"scaled": 1.0000001}, "scaled"),
        ({"scaled": "1"}, "scaled"),
        ({"raw": True}, "raw"),
        ({"raw": None}, "raw"),
        ({"min": 2, "max": 2}, "min"),
        ({"raw": 1, "min": 2}, "raw"),
        ({"raw": 3, "max": 2}, "raw"),
        ({"percent": 3}, "percent"),
    ],
)
def test_scores_keep_within_their_bounds(score: Any, path: str | None) -> None:
    assert faults(statement(result={"score": score})) == ({f"result.score.{path}"} if path else set())


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400, "1" + "0" * 5000])
def test_a_score_is_a_number_that_a_double_can_hold(number: str) -> None:
    body = json.dumps(statement(result={"score": {"raw": 0.125}})).replace("0.125", number)
    assert faults_of(body.encode()) == {"result.score.raw"}


@pytest.mark.parametrize(
    ("result", "path"),
    [
        ({"success": "true"}, "result.success"),
        ({"completion": 1}, "result.completion"),
        ({"response": 1}, "result.response"),
        ({"Success": True}, "result.Success"),
        (None, "result"),
    ],
)
def test_results_have_strict_types(result: Any, path: str) -> None:
    assert faults(statement(result=result)) == {path}


ATTACHMENT = {
    "usageType": "http://example.com/usage",
    "display": {"en": "A"},
    "contentType": "text/plain; charset=ascii",
    "length": 27,
    "sha2": "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a",
}


def test_attachments_need_their_five_properties() -> None:
    assert faults(statement(attachments=[ATTACHMENT, {**ATTACHMENT, "fileUrl": "http://example.com/f"}])) == set()
    assert faults(statement(attachments=[{}])) == {f"attachments[0].{name}" for name in ATTACHMENT}
    assert faults(statement(attachments=ATTACHMENT)) == {"attachments"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("usageType", "usage"),
        ("display", "A"),
        ("contentType", "text"),
        ("length", "27"),
        ("length", 27.0),
        ("length", -1),
        ("sha2", "495395"),
        ("fileUrl", "f"),
        ("fileURL", "http://example.com/f"),
    ],
)
def test_attachments_are_refused_where_they_are_wrong(name: str, value: Any) -> None:
    assert faults(statement(attachments=[{**ATTACHMENT, name: value}])) == {f"attachments[0].{name}"}
