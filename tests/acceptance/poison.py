"""Statements that the folds cannot digest, for as long as somebody wants them to: the fault is planted beside them.

`derive` fails where a statement becomes a fact, `write` where the database refuses what came of it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal
from unittest.mock import patch
from uuid import UUID

from projections import apply
from projections.fact import Derived, derived

Fault = Literal["derive", "write"]


@contextmanager
def poisoned(faults: Mapping[UUID, Fault]) -> Iterator[None]:
    """These statements cannot be digested while `faults` has them; what voids another statement always can."""

    def faulty(position: int, statement_id: UUID, *rest: Any) -> Derived | None:
        found = derived(position, statement_id, *rest)
        fault = faults.get(statement_id)
        if found is None or fault is None:
            return found
        if fault == "derive":
            raise KeyError("of a planted fault")
        return found._replace(fact=found.fact._replace(attempt="\0"))

    with patch.object(apply, "derived", faulty):
        yield
