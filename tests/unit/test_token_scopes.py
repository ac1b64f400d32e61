"""Scopes out of a claim: those with the prefix are ours, and nothing else counts."""

import pytest

from lrs.access.tokens import read_scopes


@pytest.mark.parametrize(
    ("claim", "prefix", "scopes"),
    [
        ("statements/write  state", "", ["statements/write", "state"]),
        (["all/read", "define"], "", ["define", "all/read"]),
        ("xapi:all openid", "xapi:", ["all"]),
        ("all xapi:state", "xapi:", ["state"]),
        ("xapi:profile profile", "xapi:", ["profile"]),
        ("xapi:", "xapi:", []),
        ("openid profile email", "", []),
        ("All STATE statements/read/", "", []),
        (["all state", 7, None, ["all"]], "", []),
        ({"all": True}, "", []),
        (True, "", []),
        (None, "", []),
        ("", "", []),
    ],
)
def test_scopes_of_a_claim(claim: object, prefix: str, scopes: list[str]) -> None:
    assert list(read_scopes(claim, prefix)) == scopes
