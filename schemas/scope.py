"""What a credential may do.

The rule of this file: the scopes are those of xAPI 1.0.3 Communication 4.2, in its spelling, and a wider scope
includes the narrower ones. A request is allowed when any one of the scopes it needs is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One scope."""

    STATEMENTS_WRITE = "statements/write"
    STATEMENTS_READ_MINE = "statements/read/mine"
    STATEMENTS_READ = "statements/read"
    STATE = "state"
    DEFINE = "define"
    PROFILE = "profile"
    ALL_READ = "all/read"
    ALL = "all"


UNASKED: Final = frozenset({Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE})
"""What whoever names no scope is given (Communication 4.2)."""

_INCLUDED: Final[dict[Scope, frozenset[Scope]]] = {
    **{scope: frozenset({scope}) for scope in Scope},
    Scope.STATEMENTS_READ: frozenset({Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE}),
    Scope.ALL_READ: frozenset({Scope.ALL_READ, Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE}),
    Scope.ALL: frozenset(Scope),
}
"""`all/read` includes neither `state` nor `profile`, which write too: whatever reads documents accepts both."""


def included(held: Iterable[Scope]) -> frozenset[Scope]:
    """Every scope that these give, narrower ones too."""
    return frozenset().union(*(_INCLUDED[scope] for scope in held))


def in_order(scopes: Set[Scope]) -> list[Scope]:
    """As the specification lists them."""
    return [scope for scope in Scope if scope in scopes]
