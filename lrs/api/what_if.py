"""What would change for whom if something were set: POST …/what-if. docs/rules.md, section 10.

The rule of this file: what is tried is judged as it would be if it were set, and nothing of it is recorded. What it
comes to is computed by the projector that would follow it, in a world beside; so it is what would happen.
"""

from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response

from lrs.api import large_bodies
from lrs.api.as_of import AS_OF, WAIT_SECONDS, AsOf, position_at, read_as_of, still_building
from lrs.api.body import read_body
from lrs.api.configured import line_of, refused_query
from lrs.api.services import Services, Serving
from lrs.api.signed_in import RecordReader
from lrs.api.statements import POSITION
from lrs.configuration.names import Names
from lrs.configuration.store import CLAUSE, beside
from lrs.worlds.what_if import Question, WhatIf, compare
from lrs.worlds.world import Building
from schemas.configuration_refusal import read_json, refuse, within
from schemas.course_configuration import KINDS, ConfigurationEvent, read_configuration_event
from schemas.errors import ConfigurationRefused, Violation
from schemas.media_type import JSON, essence
from schemas.parameters import Misread
from schemas.refusals import shown

router = APIRouter(prefix="/api/courses/{course_id}")
MOST_EVENTS: Final = 20
MOST_LEARNERS: Final = 100
EVENTS: Final = tuple(kind for kind, shape in KINDS.items() if "course" in shape.model_fields and kind != "mapping.set")
"""What is of one course."""


@router.post("/what-if")
async def what_if(
    request: Request,
    who: RecordReader,
    here: Serving,
    course_id: UUID,
    as_of: str | None = None,
    behind: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LEARNERS)] = 20,
) -> Response:
    """The learners whose state or grade would change, with what it is and what it would be."""
    position = await position_at(here, _read(as_of))
    known = await here.configurations.now(who.tenant)
    course = await Names(here.primary, who.tenant, known).course(course_id)
    events = await _events(request, here, course, who.key)
    said = await here.configurations.judged_at(who.tenant, position, events)
    question = Question(who.tenant, course_id, position, tuple(said))
    found = await compare(here.primary, question, WAIT_SECONDS, behind=behind, limit=limit)
    if isinstance(found, Building):
        return still_building(position, found)
    asked = {AS_OF: position, "behind": found.behind, "limit": limit}
    more = "" if found.behind is None else f"{request.url.path}?{urlencode(asked)}"
    told = {name: getattr(found, name) for name in WhatIf.__struct_fields__ if name != "behind"}
    headers = {"Cache-Control": "no-store", POSITION: str(position)}
    return Response(msgspec.json.encode({**told, "more": more}), 200, headers, JSON)


def _read(as_of: str | None) -> AsOf | None:
    try:
        return None if as_of is None else read_as_of(as_of)
    except Misread as error:
        raise refused_query(AS_OF, error.rule, as_of or "") from None


async def _events(request: Request, here: Services, course: str, key: str) -> list[ConfigurationEvent]:
    """What is tried. Raises QueryRefused, ConfigurationRefused, BodyTooLarge."""
    content_type = essence(request.headers.get("content-type"))
    if content_type != JSON:
        raise refused_query("Content-Type", f"must be {JSON}", content_type or "absent")
    body = await read_body(request, here.settings.max_body_bytes)
    sent = await large_bodies.beside(body, lambda: read_json(body, CLAUSE))
    listed = sent.get("events") if isinstance(sent, dict) and set(sent) == {"events"} else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_EVENTS:
        rule = f"must be an object with nothing but events, an array of 1 to {MOST_EVENTS}"
        raise ConfigurationRefused([Violation("", rule, CLAUSE, shown(sent))])
    return [await _event(number, one, course, key) for number, one in enumerate(listed)]


async def _event(number: int, sent: Any, course: str, key: str) -> ConfigurationEvent:
    with within(("events", number)):
        kind = sent.get("kind") if isinstance(sent, dict) else None
        if not isinstance(kind, str) or kind not in EVENTS:
            raise ConfigurationRefused([Violation("kind", f"must be one of {', '.join(EVENTS)}", CLAUSE, shown(kind))])
        payload = {name: value for name, value in sent.items() if name != "kind"}
        refuse(
            Violation(name, "is no property of this object: it is known", CLAUSE, shown(payload[name]))
            for name in ("by", "course")
            if name in payload
        )
        said = {"by": line_of(key), "course": course}
        return await beside(kind, partial(read_configuration_event, kind, said | payload))
