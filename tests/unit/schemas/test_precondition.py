"""If-Match and If-None-Match: how lists of entity tags are read (RFC 9110 8.8.3, 13.1), and when they hold."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import PreconditionFailed, QueryRefused
from schemas.precondition import IF_MATCH, IF_NONE_MATCH, Preconditions, read_preconditions
from schemas.version import XapiVersion

TAG = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
VERSION = XapiVersion.V2_0_0


def read(*values: str) -> frozenset[str] | None:
    found = read_preconditions(values, (), VERSION)
    assert found == Preconditions(if_match=read_preconditions((), values, VERSION).if_none_match)
    return found.if_match


@pytest.mark.parametrize(
    ("values", "tags"),
    [
        ([], None),
        (["*"], {"*"}),
        ([" *\t"], {"*"}),
        ([f'"{TAG}"'], {TAG}),
        ([f'W/"{TAG}"'], {TAG}),
        ([TAG], {TAG}),
        (['"a", "b"', '"c"'], {"a", "b", "c"}),
        ([' , "a" ,,W/"b,c" , '], {"a", "b,c"}),
        (['"a",b,"c"'], {"a", "b", "c"}),
        (['""'], {""}),
        (['"W/"'], {"W/"}),
        (['"é\x80"'], {"é\x80"}),
    ],
)
def test_what_is_read(values: list[str], tags: set[str] | None) -> None:
    assert read(*values) == tags


@pytest.mark.parametrize(
    "value", ["", " ", ",", '"', '"a', 'a"', '"a""b"', '"a" "b"', "a b", '*, "a"', "*, *", '"a b"', "é", 'w/"a"']
)
def test_what_is_refused(value: str) -> None:
    for match, none_match, name in (([value], [], IF_MATCH), ([], [value], IF_NONE_MATCH)):
        with pytest.raises(QueryRefused) as caught:
            read_preconditions(match, none_match, VERSION)
        assert [one.path for one in caught.value.violations] == [name]
        assert caught.value.violations[0].clause == "xAPI 2.0.0 4.1.4"


def test_a_list_of_blanks_that_cannot_be_read() -> None:
    """It would keep the server for hours if it were read in every way there is."""
    with pytest.raises(QueryRefused):
        read("a," + " " * 1_000_000 + 'x"')


tags = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"*\x7f'), max_size=5)


@given(
    wanted=st.lists(tags, min_size=1, max_size=4), weak=st.booleans(), gap=st.sampled_from([",", ", ", " ,\t", ",,"])
)
def test_any_list_is_read_as_written(wanted: list[str], weak: bool, gap: str) -> None:
    assert read(gap.join(f'{"W/" if weak else ""}"{tag}"' for tag in wanted)) == frozenset(wanted)


@given(st.text(st.characters(min_codepoint=0x09, max_codepoint=0xFF), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(QueryRefused):
        assert read(text)


@pytest.mark.parametrize(
    ("preconditions", "tag", "failing"),
    [
        (Preconditions(), None, None),
        (Preconditions(if_match=frozenset({"*"})), None, IF_MATCH),
        (Preconditions(if_match=frozenset({"*"})), "a", None),
        (Preconditions(if_match=frozenset({"a", "b"})), "a", None),
        (Preconditions(if_match=frozenset({"a", "b"})), "c", IF_MATCH),
        (Preconditions(if_none_match=frozenset({"*"})), None, None),
        (Preconditions(if_none_match=frozenset({"*"})), "a", IF_NONE_MATCH),
        (Preconditions(if_none_match=frozenset({"a"})), "b", None),
        (Preconditions(frozenset({"a"}), frozenset({"a"})), "a", IF_NONE_MATCH),
        (Preconditions(frozenset({"b"}), frozenset({"a"})), "a", IF_MATCH),
    ],
)
def test_when_they_hold(preconditions: Preconditions, tag: str | None, failing: str | None) -> None:
    assert preconditions.failing(tag) == failing
    if failing is None:
        preconditions.demand(tag, VERSION)
    else:
        with pytest.raises(PreconditionFailed, match=failing):
            preconditions.demand(tag, VERSION)
