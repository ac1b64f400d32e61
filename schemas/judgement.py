"""Statements judged each by itself, and repaired where a client is known to need it (schemas/repair.py).

The rule of this file: what is in order is taken as it came. Of what is not, either a repair is in order whole, or the
statement is refused for what was wrong with it as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import msgspec

from schemas.errors import StatementRefused, Violation
from schemas.repair import Rule, repaired
from schemas.statement import NewStatement, cut_statements, read_statement, read_statements
from schemas.version import XapiVersion


class Repair(NamedTuple):
    """What came instead of a statement, and the rules by which it was read as the one of this id and digest."""

    id: UUID
    digest: bytes
    rules: tuple[Rule, ...]
    original: bytes


@dataclass(frozen=True, slots=True)
class Judgement:
    """On one statement: itself where it is in order, and what was repaired; or what is wrong with it.

    id: the statement's, or what a refused one has for a UUID; None where it has none.
    """

    id: UUID | None
    statement: NewStatement | None
    repair: Repair | None = None
    violations: tuple[Violation, ...] = ()


def judge(raws: list[bytes], version: XapiVersion, home_page: str | None) -> list[Judgement]:
    """A judgement on each of the texts that `cut_statements` gave; paths are those of a statement sent alone.

    home_page: of accounts that have none; without one nothing is repaired.
    """
    return [_judge(raw, version, home_page) for raw in raws]


def read_repairing(
    body: bytes, version: XapiVersion, home_page: str, *, statement_id: UUID | None = None, single: bool = False
) -> tuple[list[NewStatement], list[Repair]]:
    """What `read_statements` reads of a body, and what was repaired in it first; raises what it raises."""
    try:
        return read_statements(body, version, statement_id=statement_id, single=single), []
    except StatementRefused as refused:
        raws, is_array = cut_statements(body, version)
        attempts = [repaired(raw, home_page) for raw in raws]
        if not any(attempts):
            raise
        texts = [raw if attempt is None else attempt.text for raw, attempt in zip(raws, attempts, strict=True)]
        whole = b"[" + b",".join(texts) + b"]" if is_array else texts[0]
        try:
            statements = read_statements(whole, version, statement_id=statement_id, single=single)
        except StatementRefused:
            raise refused from None
    repairs = [
        Repair(one.id, one.digest, attempt.rules, raw)
        for one, attempt, raw in zip(statements, attempts, raws, strict=True)
        if attempt is not None
    ]
    return statements, repairs


def _judge(raw: bytes, version: XapiVersion, home_page: str | None) -> Judgement:
    try:
        statement = read_statement(raw, version)
        return Judgement(statement.id, statement)
    except StatementRefused as refused:
        attempt = None if home_page is None else repaired(raw, home_page)
        if attempt is not None:
            try:
                statement = read_statement(attempt.text, version)
            except StatementRefused:
                pass
            else:
                repair = Repair(statement.id, statement.digest, attempt.rules, raw)
                return Judgement(statement.id, statement, repair)
        return Judgement(_id_in(raw), None, None, refused.violations)


class _Identified(msgspec.Struct):
    id: UUID


_identified = msgspec.json.Decoder(_Identified).decode


def _id_in(raw: bytes) -> UUID | None:
    try:
        return _identified(raw).id
    except (msgspec.DecodeError, RecursionError):
        return None
