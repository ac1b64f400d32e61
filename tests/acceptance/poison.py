"""Statements that the folds cannot digest, for as long as somebody wants them to: the fault is planted beside them.

`fold` fails as a fold would; `write` gives the database what it refuses.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal
from unittest.mock import patch
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from projections import apply
from projections.dead_letter_rows import hold_back
from projections.fact import Derived, name_of

Fault = Literal["fold", "write"]
_TRIGGER = """
CREATE TABLE IF NOT EXISTS spoiled (id uuid);
CREATE OR REPLACE FUNCTION refuse_spoiled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM spoiled s WHERE s.id = NEW.id) THEN
        RAISE EXCEPTION 'this fact is spoiled' USING ERRCODE = 'data_exception';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER spoiled BEFORE INSERT ON fact FOR EACH ROW EXECUTE FUNCTION refuse_spoiled();
"""


@contextmanager
def poisoned(faults: Mapping[UUID, Fault]) -> Iterator[None]:
    """These statements cannot be digested while `faults` has them; what only voids another one always can."""

    async def faulty(connection: AsyncConnection, tenant: int, found: list[Derived], *rest: Any) -> list[Derived]:
        if any(faults.get(one.fact.id) == "fold" for one in found):
            raise KeyError("of a planted fault")
        left = await hold_back(connection, tenant, found, *rest)
        return [_spoiled(one) if faults.get(one.fact.id) == "write" else one for one in left]

    with patch.object(apply, "hold_back", faulty):
        yield


def _spoiled(one: Derived) -> Derived:
    return one._replace(fact=one.fact._replace(attempt="\0"))


def spoil(url: str, *ids: str) -> None:
    """From now on the database refuses the facts of these statements, and of no others, whoever writes them."""
    with psycopg.connect(url) as connection:
        connection.execute(_TRIGGER)
        connection.execute("TRUNCATE spoiled")
        for one in ids:
            connection.execute("INSERT INTO spoiled VALUES (%s)", [one])


def add_letter(url: str, position: int, tenant: int = 1, learner: str = "mbox:mailto:ann@example.com") -> None:
    """A letter that is parked, of a statement that the log does not have."""
    values = {"tenant": tenant, "position": position, "learner": learner, "key": name_of(learner)}
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO dead_letter (tenant, position, version, statement, stored, key, learner, state, attempts,"
            " error, message, frames, last_at) VALUES (%(tenant)s, %(position)s, 1, gen_random_uuid(), now(), %(key)s,"
            " %(learner)s, 'parked', 1, 'KeyError', 'of a test', '', now())",
            values,
        )
