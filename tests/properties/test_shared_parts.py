"""A statement is the same whichever way it was read, and so is what is wrong with it."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lrs.statement_log.search_keys import elements_of, elements_of_new, statement_terms
from schemas import shared_parts, statement
from schemas.errors import StatementRefused, Violation
from schemas.statement import NewStatement, read_statements
from schemas.version import XapiVersion
from tests.properties.statements import JSON_VALUES, Json, as_json, statements

VERSIONS = list(XapiVersion)
SALT = b"salt"
ONE_ID = UUID(int=7)


def read(body: bytes, version: XapiVersion, *, long_way: bool) -> list[NewStatement] | tuple[Violation, ...]:
    """What comes out, ids of ours made equal."""
    with patch.object(statement, "new_statement_id", lambda: ONE_ID):
        try:
            if not long_way:
                return read_statements(body, version)
            with patch.object(shared_parts, "read", lambda raw, version: None):
                return read_statements(body, version)
        except StatementRefused as refused:
            return refused.violations


def must_agree(body: bytes, version: XapiVersion) -> None:
    """Both ways, and again when every part is remembered."""
    long, *short = read(body, version, long_way=True), *(read(body, version, long_way=False) for _ in range(2))
    for one in short:
        if isinstance(one, tuple) or isinstance(long, tuple):
            assert one == long
            continue
        assert [replace(each, parts=()) for each in one] == long
        for each in one:
            assert elements_of(statement_terms(each.value), SALT) == elements_of_new(each, SALT)


@st.composite
def spoilt(draw: st.DrawFn, version: XapiVersion) -> Json:
    """A statement with any value anywhere in it changed, lost or added."""
    made = draw(statements(version))
    at: Any = made
    while True:
        name = draw(st.sampled_from(sorted(at))) if isinstance(at, dict) and at else None
        if name is None or draw(st.booleans()) or not isinstance(at[name], dict):
            break
        at = at[name]
    change = draw(st.sampled_from(["value", "lost", "added"]))
    if not isinstance(at, dict):
        return made
    if change == "value" and name is not None:
        at[name] = draw(JSON_VALUES)
    elif change == "lost" and name is not None:
        del at[name]
    else:
        at[draw(st.sampled_from(["id", "objectType", "name", "extra", "Actor", "registration"]))] = draw(JSON_VALUES)
    return made


@given(
    st.sampled_from(VERSIONS).flatmap(lambda version: st.tuples(st.just(version), statements(version))), st.booleans()
)
def test_valid_statements(drawn: tuple[XapiVersion, Json], spaced: bool) -> None:
    version, value = drawn
    must_agree(as_json(value, ascii_only=False, spaced=spaced), version)
    plain = as_json({name: value[name] for name in ("actor", "verb", "object")}, ascii_only=False, spaced=spaced)
    assert (shared_parts.read(plain, version) is None) == (b"\\" in plain)


@given(st.sampled_from(VERSIONS).flatmap(lambda version: st.tuples(st.just(version), spoilt(version))))
def test_spoilt_statements(drawn: tuple[XapiVersion, Json]) -> None:
    version, value = drawn
    must_agree(as_json(value, ascii_only=False, spaced=False), version)


@given(
    st.sampled_from(VERSIONS).flatmap(lambda version: st.tuples(st.just(version), statements(version))),
    st.data(),
)
def test_a_property_used_twice(drawn: tuple[XapiVersion, Json], data: st.DataObject) -> None:
    version, value = drawn
    text = json.dumps(value, ensure_ascii=False)
    opening = data.draw(st.sampled_from([at for at, sign in enumerate(text) if sign == "{"]))
    name = data.draw(st.sampled_from(["actor", "verb", "object", "id", "context", "contextActivities", "name", "mbox"]))
    again = data.draw(st.sampled_from(["{}", '"x"', "1", '{"id":"http://example.com/a"}']))
    body = text[: opening + 1] + f'"{name}":{again}' + ("," if text[opening + 1] != "}" else "") + text[opening + 1 :]
    must_agree(body.encode(), version)
    if name in ("actor", "verb", "object") and opening == 0:
        assert isinstance(read(body.encode(), version, long_way=False), tuple)


def test_only_so_many_are_remembered() -> None:
    version = XapiVersion.V1_0_3
    for number in range(3 * shared_parts.REMEMBERED):
        actor = b'{"mbox":"mailto:learner%d@example.com"}' % number
        body = b'{"actor":%s,"verb":{"id":"http://example.com/did"},"object":{"id":"http://example.com/it"}}' % actor
        (one,) = read_statements(body, version)
        assert one.value["actor"] == {"mbox": f"mailto:learner{number}@example.com"}
    (again,) = read_statements(body, version)
    assert again.parts[0] is one.parts[0]
    actors = shared_parts._KINDS[version][0]
    assert len(actors._young) + len(actors._old) <= 2 * shared_parts.REMEMBERED
