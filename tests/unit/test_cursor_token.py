"""A `more` token says what was signed, and nothing that was not signed here is ever believed."""

import base64
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.api.cursor_token import Continuation, read, sign
from lrs.statement_log.search import Cursor

SALT = bytes(range(32))
HERE = Continuation(
    [("agent", '{"mbox":"mailto:jörg@example.com"}'), ("limit", "2")],
    datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC),
    2**62 + 1,
)
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=ZONES)  # noqa: DTZ001 - bounds are naive
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
CONTINUATIONS = st.builds(
    Continuation, st.lists(st.tuples(TEXTS, TEXTS), max_size=5), MOMENTS, st.integers(1, 2**63 - 1)
)


def decoded(token: str) -> bytes:
    """The bytes of a token."""
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def encoded(body: bytes) -> str:
    """The token of some bytes."""
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


@given(CONTINUATIONS, st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_read(continuation: Continuation, salt: bytes) -> None:
    token = sign(continuation, salt)
    assert re.fullmatch("[A-Za-z0-9_-]+", token)
    found = read(token, salt)
    assert found == continuation
    assert found.cursor == Cursor(continuation.stored, continuation.position)
    assert found.cursor.stored.utcoffset() is not None
    assert [type(param) for param in found.params] == [tuple] * len(continuation.params)


def test_another_tenants_token_is_not_believed() -> None:
    assert read(sign(HERE, SALT), bytes(32)) is None


def test_every_bit_is_vouched_for() -> None:
    body = decoded(sign(HERE, SALT))
    assert read(encoded(body), SALT) == HERE
    for place in range(len(body)):
        for bit in range(8):
            changed = bytearray(body)
            changed[place] ^= 1 << bit
            assert read(encoded(bytes(changed)), SALT) is None


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, -1])
def test_a_token_cut_short_is_not_believed(length: int) -> None:
    assert read(encoded(decoded(sign(HERE, SALT))[:length]), SALT) is None


def test_nothing_may_be_added() -> None:
    assert read(encoded(decoded(sign(HERE, SALT)) + b" "), SALT) is None


@given(st.text(max_size=60) | st.text("AZaz09-_=+/ ", max_size=60) | st.binary(max_size=60).map(encoded))
def test_anything_else_is_refused_and_raises_nothing(token: str) -> None:
    assert read(token, SALT) is None


def test_tokens_stay_valid() -> None:
    """Pinned: a link that was given before an upgrade is followed after it."""
    token = (
        "ndLfGXVZ7LFgtnCoxMZErFtbWyJhZ2VudCIsIntcIm1ib3hcIjpcIm1haWx0bzpqw7ZyZ0BleGFtcGxlLmNvbVwifSJdLFsi"
        "bGltaXQiLCIyIl1dLCIyMDI2LTAzLTAxVDA4OjAwOjAwLjEyMzQ1NloiLDQ2MTE2ODYwMTg0MjczODc5MDVd"
    )
    assert sign(HERE, SALT) == token
    assert read(token, SALT) == HERE
