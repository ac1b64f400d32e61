"""Probes: /health/live (this process answers) and /health/ready (requests may be sent here). They need no credential.

Whoever asks is told states, positions and numbers, and no secrets; the database is asked once a second, however many
ask.
"""

from typing import Final

import msgspec
from fastapi import APIRouter, Response

from lrs.api.services import Services, Serving
from lrs.health.readiness import Expected, readiness
from lrs.health.standing import known_revisions
from projections.apply import VERSION
from schemas.media_type import JSON

router = APIRouter(prefix="/health", include_in_schema=False)

_UNKEPT: Final = {"Cache-Control": "no-store"}


@router.api_route("/live", methods=["GET", "HEAD"])
async def get_live() -> Response:
    """This process answers; whoever does not is started again."""
    return Response(b'{"state":"ok"}', 200, _UNKEPT, JSON)


@router.api_route("/ready", methods=["GET", "HEAD"])
async def get_ready(here: Serving) -> Response:
    """Every part by name, with its state: ok, degraded or failed; 503 where one has failed."""
    found = await here.watch.look()
    told = readiness(_expected(here), found, has_heard=here.bus.has_begun, delayed=here.bus.delayed)
    return Response(msgspec.json.encode(told), 200 if told.is_ready else 503, _UNKEPT, JSON)


def _expected(here: Services) -> Expected:
    settings = here.settings
    return Expected(
        revisions=known_revisions(),
        version=VERSION,
        topic=None if settings.kafka_url is None else settings.kafka_topic,
        has_redis=settings.redis_url is not None,
    )
