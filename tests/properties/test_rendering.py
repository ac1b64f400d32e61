"""What `format` leaves of a statement, stated of every statement there can be."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import rendering
from schemas.actor import IDENTIFIERS
from schemas.version import XapiVersion
from tests.properties.statements import LANGUAGES, TEXTS, Json, statements

RECORDED = statements(XapiVersion.V2_0_0).map(lambda made: in_arrays(copy.deepcopy(made)))


def in_arrays(statement: Json) -> Json:
    """As it is recorded: context activities in arrays."""
    for body in (statement, statement["object"]):
        relations = body.get("context", {}).get("contextActivities", {})
        for name, some in relations.items():
            relations[name] = some if isinstance(some, list) else [some]
    return statement


def objects(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Json]]:
    """Every object in a statement with the names that lead to it, extensions left out."""
    if isinstance(value, list):
        return [found for each in value for found in objects(each, path)]
    if not isinstance(value, dict):
        return []
    inner = [found for name, each in value.items() if name != "extensions" for found in objects(each, (*path, name))]
    return [(path, value), *inner]


@given(RECORDED)
def test_ids_leave_what_identifies_and_nothing_else(statement: Json) -> None:
    before = copy.deepcopy(statement)
    shown = rendering.ids(statement)
    assert statement == before
    assert rendering.ids(shown) == shown
    assert shown.keys() == statement.keys()
    for path, value in objects(shown):
        assert "definition" not in value
        assert "display" not in value or "attachments" in path
        identified = [name for name in IDENTIFIERS if name in value]
        if identified:
            assert set(value) - {"objectType"} == {identified[0]}
        if path[-1:] == ("verb",):
            assert set(value) == {"id"}
    if statement["object"].get("objectType", "Activity") == "Activity":
        assert shown["object"] == {"id": statement["object"]["id"]}
    for name in ("result", "timestamp", "id", "attachments"):
        assert shown.get(name) == statement.get(name)


@given(RECORDED, st.lists(LANGUAGES, max_size=3).map(",".join))
def test_canonical_has_one_language_and_the_definitions_of_the_lrs(statement: Json, accepted: str) -> None:
    before = copy.deepcopy(statement)
    languages = rendering.preferred(accepted)
    known = {one: {"name": {"en": one, "de": one}} for one in sorted(rendering.activity_ids(statement))[:1]}
    shown = rendering.canonical(statement, languages, known)
    assert statement == before
    assert shown.get("actor") == statement["actor"]
    for path, value in objects(shown):
        if path and path[-1] in ("name", "display", "description") and "attachments" not in path:
            assert len(value) <= 1
        if value.get("id") in known and path and path[-1] in ("object", "parent", "grouping", "category", "other"):
            assert list(value["definition"]["name"].values()) == [value["id"]]
    assert rendering.canonical(shown, languages, {}) == shown


def test_what_was_recorded_with_a_single_activity_is_shown_in_an_array() -> None:
    old: Json = {
        "actor": {"mbox": "mailto:a@example.com"},
        "verb": {"id": "http://example.com/v"},
        "object": {"id": "http://example.com/o"},
        "context": {"contextActivities": {"parent": {"id": "http://example.com/p", "definition": {}}}},
    }
    assert rendering.ids(old)["context"]["contextActivities"] == {"parent": [{"id": "http://example.com/p"}]}


@given(st.dictionaries(LANGUAGES, TEXTS, min_size=1), st.lists(LANGUAGES, max_size=3).map(",".join))
def test_one_language_is_one_of_those_there_are(texts: dict[str, str], accepted: str) -> None:
    ((tag, text),) = rendering.one_language(texts, rendering.preferred(accepted)).items()
    assert texts[tag] == text


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "en-US"),
        ("de", "de-CH"),
        ("en-GB", "en-GB"),
        ("EN-gb;q=0.5, fr;q=0.8", "fr"),
        ("en", "en-US"),
        ("it, de-CH-1996", "de-CH"),
        ("it", "en-US"),
        ("fr;q=0, *", "en-US"),
        ("en-US;q=0", "en-GB"),
        ("*", "en-US"),
        ("nonsense;;q=2, fr", "fr"),
        ("fr;q=0.1,de-CH;q=1.0", "de-CH"),
        ("en;q=0, *;q=0.5", "de-CH"),
        ("de-CH-1996, de;q=0", "en-US"),
        (",".join(["it"] * 10_000), "en-US"),
    ],
)
def test_the_language_that_is_chosen(accepted: str, chosen: str) -> None:
    texts = {tag: tag for tag in ("en-US", "en-GB", "de-CH", "fr")}
    assert rendering.one_language(texts, rendering.preferred(accepted)) == {chosen: chosen}
