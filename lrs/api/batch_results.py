"""What became of each statement of a batch, for those who ask: POST with `X-LRS-Results: true` (docs/compatibility.md).

The rule of this file: each statement is judged and stored as if it had been sent alone, in their order, whatever
becomes of the others. Every statement has its result, and what is not settled can be sent again: the result has its id.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from fastapi import Request

from lrs.access.credentials import Credential
from lrs.api.body import read_body
from lrs.api.compatibility import home_page_of, repaired_header
from lrs.api.large_bodies import beside
from lrs.api.problems import CONFLICT_CLAUSE, CONFLICT_RULE, RETRY_AFTER_SECONDS
from lrs.api.services import Services
from lrs.api.statement_body import attachment_faults
from lrs.statement_log.coalescing import AWAY
from schemas.clauses import Clause
from schemas.errors import Overloaded, QueryRefused, StatementConflict, StatementRefused, Violation
from schemas.judgement import Judgement, Repair, judge
from schemas.media_type import JSON, essence
from schemas.scope import Scope
from schemas.statement import NewStatement, cut_statements
from schemas.version import XapiVersion

RESULTS = "X-LRS-Results"
CLAUSE = "docs/compatibility.md"
MOST = 10_000
"""Statements of one request."""
MOST_LISTED = 1_000
"""Violations that the answer lists in all, beside the first of each statement."""
TOGETHER = 200
"""Statements that are stored at a time; other requests get their turn between."""

_AWAY = (*AWAY, Overloaded)


class Result(msgspec.Struct, omit_defaults=True):
    """What became of one statement.

    outcome: stored (now, at `position`), known (it was here already), conflict (another statement has its id), refused
    (for its `violations`, whose paths begin at the statement), or unavailable (not known to be stored: send it again).
    id: that of the statement, one made here too; null where a refused statement has none. repaired: by which rules.
    """

    id: UUID | None
    outcome: str
    position: int | None = None
    violations: tuple[Violation, ...] = ()
    repaired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a request in order, and what was repaired among those that are stored or known."""

    each: list[Result]
    repairs: list[Repair]

    @property
    def status(self) -> int:
        """200 where every statement is stored, now or before; 207 otherwise."""
        return 200 if all(one.outcome in ("stored", "known") for one in self.each) else 207

    @property
    def positions(self) -> list[int]:
        """Of those that are new."""
        return [one.position for one in self.each if one.position is not None]

    def headers(self) -> dict[str, str]:
        """Those of the answer beside what every request that stores has."""
        again = any(one.outcome == "unavailable" for one in self.each)
        return repaired_header(self.repairs) | ({"Retry-After": RETRY_AFTER_SECONDS} if again else {})

    def body(self) -> bytes:
        """`{"results": […], "counts": {…}}`."""
        return msgspec.json.encode({"results": self.each, "counts": Counter(one.outcome for one in self.each)})


def wants_results(request: Request) -> bool:
    """Whether the request asks for them. Raises QueryRefused."""
    given = request.headers.get(RESULTS)
    if given is None or given.lower() == "false":
        return False
    if given.lower() != "true":
        raise QueryRefused([Violation(RESULTS, "must be true or false", CLAUSE, repr(given)[:100])])
    kind = essence(request.headers.get("content-type"))
    if kind != JSON:
        rule = f"must be {JSON} where {RESULTS} asks for results"
        raise QueryRefused([Violation("Content-Type", rule, CLAUSE, kind[:100] or "absent")])
    return True


async def store_each(request: Request, version: XapiVersion, who: Credential, here: Services) -> Results:
    """Judge and store each statement of a request.

    Raises StatementRefused where the body is no JSON at all, BodyTooLarge, and what the database raises where it takes
    none of the statements.
    """
    body = await read_body(request, here.settings.max_body_bytes)
    judgements = await beside(body, partial(_judged, body, version, home_page_of(who)))
    results: list[Result | None] = [None] * len(judgements)
    left = MOST_LISTED
    good: list[tuple[int, NewStatement]] = []
    for index, one in enumerate(judgements):
        faults = one.violations
        if one.statement is not None:
            faults = tuple(attachment_faults([one.statement], b"", frozenset(), version))
            if not faults:
                good.append((index, one.statement))
                continue
        listed = faults[: max(1, left)]
        left -= len(listed)
        results[index] = Result(one.id, "refused", violations=listed)
    repairs = {index: one.repair for index, _ in good if (one := judgements[index]).repair is not None}
    if repairs:
        await here.repairs.keep(who.tenant, [repair for repair in repairs.values() if repair is not None])
    async for index, result in _stored(here, who, good):
        repair = judgements[index].repair
        if repair is not None and result.outcome in ("stored", "known"):
            result.repaired = repair.rules
        results[index] = result
    each = [one for one in results if one is not None]
    assert len(each) == len(judgements)
    settled = [judgements[index].repair for index, one in enumerate(each) if one.repaired]
    return Results(each, [repair for repair in settled if repair is not None])


def _judged(body: bytes, version: XapiVersion, home_page: str | None) -> list[Judgement]:
    raws, _ = cut_statements(body, version)
    if len(raws) > MOST:
        rule = f"must have no more than {MOST} statements where {RESULTS} asks for results"
        raise StatementRefused([Violation("", rule, CLAUSE, f"{len(raws)} statements")])
    return judge(raws, version, home_page)


async def _stored(
    here: Services, who: Credential, good: Sequence[tuple[int, NewStatement]]
) -> AsyncIterator[tuple[int, Result]]:
    """The result of each, by its index. Raises what the database raises where it takes none of them."""
    there: dict[UUID, bytes] = {}  # digests of what is in the log
    away: BaseException | None = None
    reached = False
    for some in _in_turns(good):
        new = [one for _, one in some if one.id not in there and away is None]
        answers = await asyncio.gather(
            *(here.log.append(who.tenant, who.authority, [one], defines=who.may(Scope.DEFINE)) for one in new),
            return_exceptions=True,
        )
        away = away or next((one for one in answers if isinstance(one, _AWAY)), None)
        reached = reached or not all(isinstance(one, _AWAY) for one in answers)
        if away is not None and not reached:
            raise away
        told: dict[UUID, Any] = dict(zip((one.id for one in new), answers, strict=True))
        for index, one in some:
            if one.id in there:
                answer: Any = [] if there[one.id] == one.digest else StatementConflict(one.id)
            else:
                answer = told.get(one.id, away)
            result = _result(one, answer)
            if result.outcome in ("stored", "known"):
                there[one.id] = one.digest
            yield index, result


def _in_turns(good: Sequence[tuple[int, NewStatement]]) -> list[list[tuple[int, NewStatement]]]:
    """Up to TOGETHER at a time, in order; a statement whose id is in the turn already waits for the next."""
    turns: list[list[tuple[int, NewStatement]]] = []
    ids: set[UUID] = set()
    for index, one in good:
        if not turns or one.id in ids or len(turns[-1]) == TOGETHER:
            turns.append([])
            ids.clear()
        turns[-1].append((index, one))
        ids.add(one.id)
    return turns


def _result(one: NewStatement, answer: Any) -> Result:
    """What an append answered or raised; raises what nobody foresaw."""
    match answer:
        case [position]:
            return Result(one.id, "stored", position)
        case []:
            return Result(one.id, "known")
        case StatementConflict():
            return Result(
                one.id, "conflict", violations=(Violation("id", CONFLICT_RULE, CONFLICT_CLAUSE, str(one.id)),)
            )
        case psycopg.DataError():
            rule = "must have no value that the database cannot take"
            clause = Clause.FORMAT.named(XapiVersion.V1_0_3)
            return Result(one.id, "refused", violations=(Violation("", rule, clause, str(answer)[:100]),))
        case _ if isinstance(answer, _AWAY):
            return Result(one.id, "unavailable")
    raise answer
