"""What the LRS puts in order means the same, and is in order."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas import exact_json, normal_form
from schemas.equivalence import digest
from schemas.statement import read_statements
from schemas.timestamp import instant_of
from schemas.version import XapiVersion
from tests.properties.statements import DURATIONS, JSON_VALUES, TIMESTAMPS, Json, as_json, statements

_versions = st.sampled_from(list(XapiVersion))


@given(_versions.flatmap(lambda version: st.tuples(st.just(version), statements(version))), DURATIONS, TIMESTAMPS)
def test_it_is_the_same_statement_and_in_order(drawn: tuple[XapiVersion, Json], duration: str, timestamp: str) -> None:
    version, value = drawn
    value = {**value, "result": {**value.get("result", {}), "duration": duration}, "timestamp": timestamp}
    (once,) = read_statements(as_json(value), version)
    (again,) = read_statements(once.payload, version)
    assert again.payload == once.payload
    assert again.digest == once.digest == digest(value, instant_of(timestamp))
    assert normal_form.is_normal(again.value, version)
    assert again.timestamp == once.timestamp


@given(TIMESTAMPS)
def test_the_same_instant_in_utc(timestamp: str) -> None:
    made = normal_form.in_utc(timestamp)
    assert made.endswith("Z")
    assert instant_of(made) == instant_of(timestamp)
    assert made.count(".") == timestamp.count(".")


@given(JSON_VALUES)
def test_json_is_read_and_written_as_it_was(value: Any) -> None:
    assert json.loads(exact_json.encode(exact_json.read(json.dumps(value)))) == value


def test_numbers_keep_their_digits() -> None:
    text = b'[1.0,1e400,-0,0.12345678901234567890,123456789012345678901234567890,1E+2,{"a":-1.50}]'
    assert exact_json.encode(exact_json.read(text)) == text
