"""Wider scopes include narrower ones, as xAPI 1.0.3 Communication 4.2 describes them."""

import pytest

from schemas.scope import UNASKED, Scope, in_order, included


@pytest.mark.parametrize(
    ("held", "given"),
    [
        ("statements/write", "statements/write"),
        ("statements/read/mine", "statements/read/mine"),
        ("statements/read", "statements/read/mine statements/read"),
        ("state", "state"),
        ("define", "define"),
        ("profile", "profile"),
        ("all/read", "statements/read/mine statements/read all/read"),
        (
            "all",
            "statements/write statements/read/mine statements/read state define profile all/read all",
        ),
        ("state all/read", "statements/read/mine statements/read state all/read"),
        ("", ""),
    ],
)
def test_what_each_scope_includes(held: str, given: str) -> None:
    assert in_order(included(map(Scope, held.split()))) == given.split()


def test_who_asks_for_nothing_may_write_and_read_that_again() -> None:
    assert in_order(UNASKED) == ["statements/write", "statements/read/mine"]
