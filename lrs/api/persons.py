"""Two identifiers of one person: /api/persons. docs/rules.md, sections 7 and 8."""

from functools import partial

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from lrs.api.configured import Setting
from lrs.configuration.store import CLAUSE
from schemas.configuration_refusal import Configured, Person, read

router = APIRouter(prefix="/api/persons/{person_id}", tags=["configuration"])


class Merge(Configured):
    """The person that another counts for, by an identifier."""

    into: Person


_ADAPTER: TypeAdapter[Merge] = TypeAdapter(Merge)


@router.post("/merge")
async def merge_person(asked: Setting) -> Response:
    """From now on all that is said of the person counts for another."""
    into = (await asked.json(partial(read, _ADAPTER, clause=CLAUSE))).into
    return await asked.set(("person.merged", {"person": await asked.person(), "into": into}), versioned=False)


@router.post("/unmerge")
async def unmerge_person(asked: Setting) -> Response:
    """The person counts for itself again."""
    return await asked.set(("person.unmerged", {"person": await asked.person()}), versioned=False)
