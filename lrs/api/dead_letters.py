"""Statements that the read models could not digest: /api/dead-letters. docs/dead-letters.md."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from psycopg import AsyncConnection

from lrs.api.configured import changed
from lrs.api.listing import Asked, Listing, Told, answer, one_of
from lrs.api.services import Services, Serving
from lrs.api.signed_in import Administrator
from lrs.configuration.store import Change
from lrs.dead_letters import LARGEST, decide, letter_with_statement
from projections.dead_letter import State
from projections.dead_letter_queries import LETTERS as PAGES
from projections.dead_letter_queries import LetterLine, LetterTold, read_letters
from projections.fact import name_of
from schemas.dead_letter import LETTER_DISCARDED, LETTER_RETRIED, LONGEST_REASON, Decision
from schemas.media_type import JSON
from schemas.parameters import Misread

router = APIRouter(prefix="/api/dead-letters", tags=["dead letters"])
LONGEST_LEARNER = 10_000
Position = Annotated[int, InPath(ge=1, le=LARGEST)]
Reason = Annotated[str | None, Query(min_length=1, max_length=LONGEST_REASON, pattern=r"^[^\x00]*$")]


class LetterShown(LetterTold, frozen=True):
    """A letter with its statement, which is null where retention has dropped it."""

    sent: msgspec.Raw | None


def learner(text: str) -> UUID:
    """By the inverse functional identifier."""
    if not 1 <= len(text) <= LONGEST_LEARNER:
        raise Misread(f"must have from 1 to {LONGEST_LEARNER} characters")
    return name_of(text)


FILTERS = {"state": one_of(*(state.value for state in State)), "learner": learner}
LETTERS = Listing("letters", LetterLine, tuple(PAGES.orders), FILTERS)


@router.get("")
async def list_letters(request: Request, who: Administrator, here: Serving) -> Response:
    """In the order of the log."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        return Told(*await read_letters(connection, who.tenant, asked.filters, asked.page))

    return await answer(request, here, who, LETTERS, read)


@router.get("/{position}")
async def get_letter(who: Administrator, here: Serving, position: Position) -> Response:
    """One, with its statement; 404 where there is none."""
    letter, statement = await letter_with_statement(here.primary, who.tenant, position)
    sent = None if statement is None else msgspec.Raw(statement.payload.encode())
    shown = LetterShown(**msgspec.structs.asdict(letter), sent=sent)
    return Response(msgspec.json.encode(shown), 200, {"Cache-Control": "no-store"}, JSON)


@router.post("/{position}/retry")
async def retry_letter(who: Administrator, here: Serving, position: Position, reason: Reason = None) -> Response:
    """Try it again, and after it what waits for it."""
    return await _decide(here, who, LETTER_RETRIED, position, reason)


@router.post("/{position}/discard")
async def discard_letter(who: Administrator, here: Serving, position: Position, reason: Reason = None) -> Response:
    """It never counts; what waits for it is applied."""
    return await _decide(here, who, LETTER_DISCARDED, position, reason)


async def _decide(here: Services, who: Any, kind: str, position: int, reason: str | None) -> Response:
    at = await decide(here.primary, who.tenant, kind, Decision(position, who.key, reason))
    here.wake()
    return changed(Change(True, None, at))
