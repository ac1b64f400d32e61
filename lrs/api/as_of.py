"""`?as_of=`: a course as it was at a position of the log, or at an instant. docs/api.md.

The rule of this file: what a page says of the past it says of one position, which is in its X-LRS-Position and in its
link to the next page. What takes longer than WAIT_SECONDS to build is answered 202, and built on meanwhile.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from fastapi import Response
from pydantic import ValidationError

from lrs.api.problems import RETRY_AFTER_SECONDS
from lrs.api.read_after import LARGEST
from lrs.api.services import Services
from lrs.api.statements import POSITION
from lrs.worlds.world import Building, World
from lrs.worlds.worlds import find, position_of
from schemas import parameters
from schemas.errors import NotReadYet
from schemas.media_type import JSON
from schemas.parameters import Misread

AS_OF: Final = "as_of"
WAIT_SECONDS: Final = 10.0
AsOf = int | datetime
"""A position of the log, or an instant."""


def read_as_of(text: str) -> AsOf:
    """A moment of the log."""
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST:
        return int(text)
    try:
        return parameters.instant(text)
    except ValidationError:
        rule = "must be a position of the log, or an ISO 8601 timestamp such as 2026-03-29T10:15:00Z"
        raise Misread(f"{rule} (a URL writes + as %2B)") from None


async def position_at(here: Services, as_of: AsOf | None) -> int:
    """The position that is meant, once the read models have come up to it; None: where they stand.

    Raises QueryRefused, NotReadYet.
    """
    for seconds in (here.settings.read_after_seconds, 0.0):
        async with here.primary.connection() as connection:
            position, standing = await position_of(connection, as_of)
        if position <= standing:
            return position
        await here.bus.wait(position - 1, seconds)
    raise NotReadYet


async def world_of(here: Services, tenant: int, course: UUID, as_of: AsOf) -> tuple[World, Building | None]:
    """The world of a course, and how far its building is where it is not there yet.

    Raises NotFound, QueryRefused and NotReadYet.
    """
    world = World(tenant, course, await position_at(here, as_of))
    return world, await find(here.primary, world, WAIT_SECONDS)


def still_building(position: int, building: Building) -> Response:
    """Ask again: what is asked for is being built."""
    headers = {"Cache-Control": "no-store", "Retry-After": RETRY_AFTER_SECONDS, POSITION: str(position)}
    told = {"position": position, "building": {"statements": building.done, "of": building.of}}
    return Response(msgspec.json.encode(told), 202, headers, JSON)
