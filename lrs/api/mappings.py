"""Where an activity belongs, whatever its statements say: /api/mappings. docs/rules.md, sections 7 and 8."""

from functools import partial

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from lrs.api.configured import Reading, Setting, answer
from lrs.configuration import shown
from lrs.configuration.store import CLAUSE
from schemas.configuration_refusal import BoundedIri, Configured, read
from schemas.errors import NotFound

router = APIRouter(prefix="/api/mappings/{activity_id}", tags=["configuration"])


class Place(Configured):
    """module: the node that the activity stands in. node: the outline's node that it is."""

    course: BoundedIri
    module: BoundedIri | None = None
    node: BoundedIri | None = None


_ADAPTER: TypeAdapter[Place] = TypeAdapter(Place)


@router.get("")
async def get_mapping(asked: Reading) -> Response:
    """Where an activity was mapped to; 404 where it was not."""
    activity = await asked.activity()
    said = asked.known.mappings.get(activity)
    if said is None:
        raise NotFound(f"{activity} is not mapped.")
    return answer(shown.mapping(said), asked.known.position, None)


@router.put("")
async def put_mapping(asked: Setting) -> Response:
    """Map an activity."""
    place = await asked.json(partial(read, _ADAPTER, clause=CLAUSE))
    said = {"course": place.course, "module": place.module, "node": place.node}
    return await asked.set(("mapping.set", {"activity": await asked.activity(), **said}), versioned=False)


@router.delete("")
async def delete_mapping(asked: Setting) -> Response:
    """Leave an activity to what its statements say."""
    return await asked.set(("mapping.set", {"activity": await asked.activity(), "course": None}), versioned=False)
