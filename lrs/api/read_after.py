"""`X-LRS-Read-After: <position>` on a GET: the answer sees everything up to that position of the log, or is a 503.

What is read from the log waits for the log, what is read from the read models for these: first where it would be read
anyhow, then, where that is a replica, on the primary. A request that begins in one place is read to its end there.
Who asks is verified before anything is waited for.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from typing import Any, Final

import psycopg
from fastapi import Request
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs.api.problems import answered
from lrs.api.services import Services
from lrs.api.shared_look import LOOK_SECONDS
from lrs.stand_in import read_from_primary
from lrs.statement_log.replica import read_models_position
from lrs.statement_log.sql import QUERIES
from schemas.errors import NotReadYet, NotSignedIn, QueryRefused, Violation

READ_AFTER: Final = "X-LRS-Read-After"
"""The X-LRS-Position of a request whose effect the answer must show."""
REPLICA_SECONDS: Final = 0.5
LARGEST: Final = 2**63 - 1

_LOG: Final = frozenset({"/xapi/statements", "/xapi/activities", "/xapi/agents"})
"""What is read from the log."""
_READ_MODELS: Final = ("/api/", "/courses/")
"""What is read from the read models; so is the page of all courses."""
_NEITHER: Final = "/api/credentials"
_NAME = READ_AFTER.lower().encode()
_CLAUSE = "docs/scaling.md"

_HowFar = Callable[[Services], Coroutine[Any, Any, int]]


class ReadAfter:
    """Chooses where a GET is read, and waits until what it asks for is there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        here: Services | None = _services(scope)
        if here is None:
            await self._app(scope, receive, send)
            return
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == _NAME]
        is_here = True
        if given:
            request = Request(scope, receive)
            try:
                position = read_position(given)
                if await _is_signed_in(here, request):
                    is_here = await wait_for(here, scope["path"], position)
            except Exception as error:
                await (await answered(scope["app"], request, error))(scope, receive, send)
                return
        from_primary = here.replica is not None and (not is_here or here.replica.pool.is_passed_over)
        with read_from_primary() if from_primary else nullcontext():
            await self._app(scope, receive, send)


def waits(path: str) -> bool:
    """Whether what is read at a path is waited for; new paths under /api are."""
    return path in _LOG or path == "/" or (path.startswith(_READ_MODELS) and not path.startswith(_NEITHER))


def _services(scope: Scope) -> Services | None:
    """What a request reads with; None for one that reads nothing of all that."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    return getattr(scope["app"].state, "services", None) if waits(scope["path"]) else None


def read_position(given: Sequence[str]) -> int:
    """The position that the header names; raises QueryRefused."""
    found = ", ".join(given)
    if len(given) > 1 or not re.fullmatch("[0-9]{1,19}", found) or int(found) > LARGEST:
        raise _refused("must be one position, as X-LRS-Position tells it", found)
    return int(found)


async def wait_for(here: Services, path: str, position: int) -> bool:
    """Wait until what is read at this path has come up to the position; whether it has where it is read anyhow.

    Raises NotReadYet, and QueryRefused where the log has never given such a position.
    """
    until = _clock() + here.settings.read_after_seconds
    if path in _LOG:
        return await _log(here, position, until)
    return await _read_models(here, position, until)


async def wait_for_read_models(here: Services, position: int, seconds: float) -> int:
    """Wait so long until the read models have come up to the position; answers how far they are where they are read."""
    until = _clock() + seconds
    await here.bus.wait(position - 1, seconds)
    if here.replica is None:
        return here.bus.position
    return await _look(here, _read_models_of_replica, position, until)


async def _log(here: Services, position: int, until: float) -> bool:
    if here.replica is not None and not here.replica.pool.is_passed_over:
        soon = min(until, _clock() + REPLICA_SECONDS)
        if await _look(here, _log_of_replica, position, soon) >= position:
            return True
    if await _reached(here, _log_of_primary, until) < position:
        await _must_be_given(here, position, until)
        if await _look(here, _log_of_primary, position, until) < position:
            raise NotReadYet
    return here.replica is None


async def _read_models(here: Services, position: int, until: float) -> bool:
    if here.bus.position < position:
        await _must_be_given(here, position, until)
        if await here.bus.wait(position - 1, _left(until)) < position:
            raise NotReadYet
    if here.replica is None:
        return True
    soon = min(until, _clock() + REPLICA_SECONDS)
    return await _look(here, _read_models_of_replica, position, soon) >= position


async def _look(here: Services, how_far: _HowFar, position: int, until: float) -> int:
    """Look until it is far enough or too late; at least once."""
    while True:
        reached = await _reached(here, how_far, until)
        if reached >= position or _clock() >= until:
            return reached
        await asyncio.sleep(LOOK_SECONDS)


async def _reached(here: Services, how_far: _HowFar, until: float) -> int:
    """As one who looks for all has seen it, who reads where this request does."""
    is_elsewhere = here.replica is not None and here.replica.pool.is_passed_over
    return await here.looks[how_far, is_elsewhere].reached(lambda: how_far(here), _left(until))


async def _log_of_replica(here: Services) -> int:
    assert here.replica is not None
    async with here.replica.pool.connection() as connection:
        return (await here.replica.bound.advance(connection)).position


async def _log_of_primary(here: Services) -> int:
    async with here.primary.connection() as connection:
        return (await here.bound.advance(connection)).position


async def _read_models_of_replica(here: Services) -> int:
    async with here.read.connection() as connection:
        return await read_models_position(connection)


async def _must_be_given(here: Services, position: int, until: float) -> None:
    """What the log has never given need not be waited for; where the primary is away, nobody knows."""
    try:
        async with here.primary.connection(_left(until)) as connection:
            row = await (await connection.execute(QUERIES.last_position.sql)).fetchone()
    except (psycopg.Error, PoolTimeout):
        return
    assert row is not None
    _, last, is_called = row
    if position > (last if is_called else 0):
        raise _refused("must be a position that this log has given", str(position))


async def _is_signed_in(here: Services, request: Request) -> bool:
    """Whoever is not is refused by the route."""
    try:
        await here.verify(request.headers.get("authorization"))
    except NotSignedIn:
        return False
    return True


def _refused(rule: str, found: str) -> QueryRefused:
    return QueryRefused([Violation(READ_AFTER, rule, _CLAUSE, found[:100])])


def _left(until: float) -> float:
    return max(LOOK_SECONDS, until - _clock())


def _clock() -> float:
    return asyncio.get_running_loop().time()
