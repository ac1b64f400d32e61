"""What is kept of an error fits into a table, whatever it says, and of what a database says no value is kept."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from projections.dead_letter import LONGEST_MESSAGE, State, failure_of, letter_of, sender_of
from schemas.log_event import StatementEvent

STORED = datetime(2026, 3, 29, tzinfo=UTC)


def event(payload: str, voids: int | None = None) -> StatementEvent:
    """A statement of the log."""
    return StatementEvent(7, 1, UUID(int=1), STORED, None, payload, None, voids)


@pytest.mark.parametrize("text", ["nul \0 within", "half a pair \ud800", "x" * 100_000, "", "é"])
def test_whatever_an_error_says_can_be_stored(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        found = failure_of(error)
    assert found.error == "ValueError"
    assert "\0" not in found.message
    assert len(found.message.encode()) <= 8 * LONGEST_MESSAGE
    assert found.frames.startswith("projections/test_dead_letter.py:")
    assert found.frames.endswith("test_whatever_an_error_says_can_be_stored")


def test_the_values_in_what_a_database_says_are_left_out() -> None:
    class Refused(psycopg.DataError):
        diag = type("diag", (), {"message_primary": "duplicate key"})()

    assert failure_of(Refused("duplicate key\nDETAIL: Key (name)=(Ann)")).message == "duplicate key"


def test_only_who_can_be_told_is_waited_for() -> None:
    ann = sender_of(event('{"actor":{"mbox":"mailto:ann@EXAMPLE.com"}}'))
    assert ann.ifi == "mbox:mailto:ann@example.com"
    assert ann.person is not None
    group = '{"actor":{"objectType":"Group","mbox":"mailto:team@example.com"}}'
    for other in (event(group), event("{}"), event("not even JSON"), event('{"actor":{"mbox":1}}'), event("[]")):
        assert sender_of(other).person is None
    assert sender_of(event('{"actor":{"mbox":"mailto:ann@example.com"}}', voids=3)).person is None


def test_a_letter_has_the_times_of_the_log() -> None:
    statement = event('{"actor":{"mbox":"mailto:ann@example.com"}}')
    letter = letter_of(statement, sender_of(statement), State.PARKED, failure_of(KeyError("x")), 3)
    assert (letter.position, letter.stored, letter.last_at, letter.attempts) == (7, STORED, STORED, 1)
