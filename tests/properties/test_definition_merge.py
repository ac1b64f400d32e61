"""Definitions merged in any number and order: valid, whole, settled, and written without changing a number."""

from collections.abc import Mapping
from copy import deepcopy
from functools import reduce
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas import exact_json, json_text
from schemas.activity import COMPONENT_LISTS, Definition, InteractionType
from schemas.definition_merge import merged
from schemas.described import described_in
from tests.properties.statements import DEFINITIONS, Json, as_json, statements
from tests.unit.schemas.statement_parts import V1, V2

_VALID: TypeAdapter[Any] = TypeAdapter(Definition)
INTERACTION = {"interactionType", "correctResponsesPattern", *COMPONENT_LISTS}
SEVERAL = st.lists(DEFINITIONS, min_size=1, max_size=5)


def all_of(definitions: list[Json]) -> Json:
    return reduce(merged, definitions, {})


@given(SEVERAL)
def test_what_is_merged_is_valid_and_nothing_given_is_changed(definitions: list[Json]) -> None:
    before = deepcopy(definitions)
    assert _VALID.validate_python(all_of(definitions)) is not None
    assert definitions == before


@given(SEVERAL)
def test_the_last_word_is_in_it_and_saying_it_again_changes_nothing(definitions: list[Json]) -> None:
    whole, last = all_of(definitions), definitions[-1]
    assert merged(whole, last) == whole
    assert merged({}, last) == last
    for name, value in last.items():
        if name in ("name", "description", "extensions"):
            assert value.items() <= whole[name].items()
        elif name in COMPONENT_LISTS:
            for said, kept in zip(value, whole[name], strict=True):
                assert said["id"] == kept["id"]
                assert said.get("description", {}).items() <= kept.get("description", {}).items()
        else:
            assert whole[name] == value


@given(SEVERAL)
def test_every_language_and_extension_has_the_latest_word_on_it(definitions: list[Json]) -> None:
    whole = all_of(definitions)
    for name in ("name", "description"):
        latest = {tag.lower(): text for one in definitions for tag, text in one.get(name, {}).items()}
        assert {tag.lower(): text for tag, text in whole.get(name, {}).items()} == latest
        assert len(whole.get(name, {})) == len(latest)
    extensions = {key: value for one in definitions for key, value in one.get("extensions", {}).items()}
    assert whole.get("extensions", {}) == extensions
    for name in ("type", "moreInfo"):
        assert [one[name] for one in definitions if name in one][-1:] == [whole[name] for _ in [0] if name in whole]


@given(SEVERAL)
def test_an_interaction_is_what_its_latest_type_says(definitions: list[Json]) -> None:
    whole = all_of(definitions)
    since: list[Json] = []
    for one in definitions:
        if "interactionType" in one:
            since = [*since, one] if since and since[-1]["interactionType"] == one["interactionType"] else [one]
    assert INTERACTION & set(whole) == INTERACTION & {name for one in since for name in one}
    for name in COMPONENT_LISTS:
        lists = [one[name] for one in since if name in one]
        if lists:
            assert [one["id"] for one in whole[name]] == [one["id"] for one in lists[-1]]


KINDS = get_args(InteractionType)


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        ({"name": {"en-US": "a", "de": "b"}}, {"name": {"en-us": "c"}}, {"name": {"de": "b", "en-us": "c"}}),
        ({"name": {"en": "a"}}, {"name": {}}, {"name": {"en": "a"}}),
        ({"extensions": {"x:y": {"a": 1}}}, {"extensions": {"x:y": {"b": 2}}}, {"extensions": {"x:y": {"b": 2}}}),
        ({"extensions": {"x:y": 1, "x:Y": 2}}, {"extensions": {"x:y": None}}, {"extensions": {"x:y": None, "x:Y": 2}}),
        (
            {"interactionType": "choice", "choices": [{"id": "a", "description": {"en": "A"}}, {"id": "b"}]},
            {"interactionType": "choice", "choices": [{"id": "b"}, {"id": "a", "description": {"de": "Ä"}}]},
            {
                "interactionType": "choice",
                "choices": [{"id": "b"}, {"id": "a", "description": {"en": "A", "de": "Ä"}}],
            },
        ),
        (
            {"interactionType": "choice", "choices": [{"id": "a"}], "correctResponsesPattern": ["a"], "type": "x:t"},
            {"interactionType": "likert", "scale": [{"id": "a"}]},
            {"interactionType": "likert", "scale": [{"id": "a"}], "type": "x:t"},
        ),
        (
            {"interactionType": KINDS[0], "correctResponsesPattern": ["true"]},
            {"interactionType": KINDS[0], "moreInfo": "x:m"},
            {"interactionType": KINDS[0], "correctResponsesPattern": ["true"], "moreInfo": "x:m"},
        ),
    ],
)
def test_by_example(older: Json, newer: Json, expected: Json) -> None:
    assert merged(older, newer) == expected


def test_numbers_keep_their_digits() -> None:
    texts = [
        '{"extensions":{"x:a":0.1234567890123456789012345,"x:b":[1e400,-0.0,1.00]}}',
        '{"extensions":{"x:c":123456789012345678901234567890}}',
    ]
    whole = all_of([exact_json.read(text) for text in texts])
    expected = texts[0][:-2] + ',"x:c":123456789012345678901234567890}}'
    assert exact_json.encode(whole).decode() == expected


def everywhere(value: Any) -> list[tuple[str, Any]]:
    """Each Activity with a definition, found by looking at every object there is: extensions aside."""
    found = []
    if isinstance(value, Mapping):
        if value.get("definition"):
            found.append((value["id"], value["definition"]))
        found += [one for name, inner in value.items() if name != "extensions" for one in everywhere(inner)]
    elif isinstance(value, list):
        found += [one for inner in value for one in everywhere(inner)]
    return found


@given(st.sampled_from([V1, V2]).flatmap(statements))
def test_no_definition_of_a_statement_is_overlooked(statement: Json) -> None:
    value = json_text.read(as_json(statement))
    found = [(one["id"], one["definition"]) for one in described_in(value)]
    key = repr
    assert sorted(found, key=key) == sorted(everywhere(value), key=key)
