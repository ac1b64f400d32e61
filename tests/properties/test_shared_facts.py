"""What is remembered of a part of a statement changes nothing: a text gives the fact that its value gives."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings

from projections.fact import derive, derived
from projections.payload import parse
from projections.shared_parts import LONGEST_REMEMBERED
from tests.properties.learning import logs

STORED = datetime(2026, 3, 1, tzinfo=UTC)


def both(payload: str) -> tuple[Any, Any]:
    """The fact of the value, and that of the text."""
    ahead = 1, UUID(int=1), STORED, None
    return derive(*ahead, parse(payload)), derived(*ahead, payload)


@settings(max_examples=25)
@given(statements=logs())
def test_the_fact_of_a_text_is_that_of_its_value(statements: list[dict[str, Any]]) -> None:
    for one in statements:
        value, text = both(msgspec.json.encode(one).decode())
        assert value == text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"score":{}', '"score":{"raw":1e999}'),
        ('"extensions":{}', '"extensions":{"http://x.example/n":' + "9" * 400 + "}"),
        ('"definition":{}', '"definition":{"extensions":{"http://id.tincanapi.com/extension/attempt-id":1e999}}'),
        ('"definition":{}', '"definition":{"name":{"en":"' + "n" * LONGEST_REMEMBERED + '"}}'),
        ('"mbox"', '"\\u006dbox"'),
        ('"contextActivities":{}', '"contextActivities":{"parent":{"id":"http://x.example/c"}}'),
    ],
)
def test_texts_that_are_read_another_way(old: str, new: str) -> None:
    payload = (
        '{"actor":{"mbox":"mailto:ann@example.com"},"verb":{"id":"http://adlnet.gov/expapi/verbs/scored"},'
        '"object":{"id":"http://x.example/y","definition":{}},"result":{"score":{}},'
        '"context":{"contextActivities":{},"extensions":{}}}'
    )
    assert old in payload
    for _ in range(2):
        value, text = both(payload.replace(old, new))
        assert value == text
