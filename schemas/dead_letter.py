"""What is decided of dead letters, as events of the log: one is tried again, or never counts. docs/dead-letters.md.

The rule of this file: a decision is an event, with who and when, so that the processor carries it out at its place in
the log, and a rebuild does the same.
"""

from typing import Final

import msgspec

LETTER_RETRIED: Final = "letter.retried"
LETTER_DISCARDED: Final = "letter.discarded"
LETTER_KINDS: Final = frozenset({LETTER_RETRIED, LETTER_DISCARDED})
"""Kinds of control events; the payload of each is a Decision."""
LONGEST_REASON: Final = 2000


class Decision(msgspec.Struct, frozen=True):
    """Of the letter at this position: by whom, and why in their words."""

    position: int
    by: str
    reason: str | None = None
