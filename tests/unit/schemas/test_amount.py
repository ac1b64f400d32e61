"""A body of many values is refused before it is held: it would take many times its size, and a refusal as well."""

import json
from typing import Any

import pytest

from schemas.errors import StatementRefused, Violation
from schemas.json_text import MOST_IN_BODY, MOST_IN_STATEMENT
from schemas.statement import MOST_VIOLATIONS, read_statements
from schemas.version import XapiVersion
from tests.unit.schemas.statement_parts import statement


def refused(body: bytes) -> tuple[Violation, ...]:
    """What is wrong with a body."""
    with pytest.raises(StatementRefused) as caught:
        read_statements(body, XapiVersion.V1_0_3)
    return caught.value.violations


def with_values(number: int) -> bytes:
    """A statement with an extension of so many values."""
    values: list[Any] = [[]] * (number // 2)
    return json.dumps(statement(result={"extensions": {"http://example.com/x": values}})).encode()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[" + b"{}," * (MOST_IN_BODY // 2) + b"{}]", ""),
        (b"[" + b"1," * MOST_IN_BODY + b"1]", ""),
        (b"[" * (MOST_IN_BODY + 1), ""),
        (with_values(MOST_IN_STATEMENT), ""),
        (b"[" + json.dumps(statement()).encode() + b"," + with_values(MOST_IN_STATEMENT) + b"]", "[1]"),
    ],
    ids=["objects", "numbers", "brackets", "a statement", "a statement of a batch"],
)
def test_too_many_values(body: bytes, path: str) -> None:
    (violation,) = refused(body)
    assert violation.path == path
    assert violation.rule.startswith("must not have more than ")


def test_many_values() -> None:
    (read,) = read_statements(with_values(MOST_IN_STATEMENT - 100), XapiVersion.V1_0_3)
    assert len(read.value["result"]["extensions"]["http://example.com/x"]) == MOST_IN_STATEMENT // 2 - 50


def test_a_long_text_with_commas_is_one_value() -> None:
    text = "a, " * (MOST_IN_STATEMENT // 2)
    (read,) = read_statements(json.dumps(statement(result={"response": text})).encode(), XapiVersion.V1_0_3)
    assert read.value["result"]["response"] == text


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * (2 * MOST_VIOLATIONS) + b"{}]",
        json.dumps(statement(actor={"objectType": "Group", "member": [{}] * (2 * MOST_VIOLATIONS)})).encode(),
    ],
    ids=["statements", "members"],
)
def test_a_refusal_lists_so_many_violations(body: bytes) -> None:
    assert len(refused(body)) == MOST_VIOLATIONS
