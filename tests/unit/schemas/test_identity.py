"""Who is the same, and who is not."""

from typing import Any

import pytest

from schemas.identity import inverse_functional_identifier

SHA1 = "abcdef0123456789abcdef0123456789abcdef01"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"mbox": "mailto:Ann@Example.COM"}, {"mbox": "mailto:Ann@example.com"}, True),
        ({"mbox": "mailto:Ann@example.com"}, {"mbox": "mailto:ann@example.com"}, False),
        ({"mbox_sha1sum": SHA1.upper()}, {"mbox_sha1sum": SHA1}, True),
        ({"openid": "http://example.com/Ann"}, {"openid": "http://example.com/ann"}, False),
        ({"account": {"homePage": "http://a", "name": "b"}}, {"account": {"homePage": "http://a", "name": "B"}}, False),
        ({"name": "Ann", "mbox": "mailto:a@b.c"}, {"name": "Bob", "mbox": "mailto:a@b.c"}, True),
    ],
)
def test_the_same_person(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    found = inverse_functional_identifier(one)
    assert found is not None
    assert (found == inverse_functional_identifier(other)) is same


def test_an_anonymous_group_is_nobody() -> None:
    assert inverse_functional_identifier({"objectType": "Group", "member": [{"mbox": "mailto:a@b.c"}]}) is None
