"""What somebody entitled says of a learner on a node, whatever rule and policy say. docs/rules.md, sections 7 and 8."""

from functools import partial
from typing import Self

from fastapi import APIRouter, Response
from pydantic import TypeAdapter, model_validator

from lrs.api.configured import Asked, Setting
from lrs.configuration.store import CLAUSE
from schemas.completion_rule import Mark
from schemas.configuration_refusal import Configured, broken, read

router = APIRouter(prefix="/api/courses/{course_id}/overrides/{person_id}/{node_id}", tags=["configuration"])


class Override(Configured):
    """All that is said; what is left out is left to the rule and the policy."""

    completed: bool | None = None
    score: Mark | None = None
    excused: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.completed is None and self.score is None and not self.excused:
            raise broken("must say completed, score or excused; delete it to say nothing")
        if self.excused and self.score is not None:
            raise broken("must not be given beside excused", "score")
        return self


_ADAPTER: TypeAdapter[Override] = TypeAdapter(Override)


@router.put("")
async def put_override(asked: Setting) -> Response:
    """Set all that is said of a learner on a node."""
    return await _set(asked, await asked.json(partial(read, _ADAPTER, clause=CLAUSE)))


@router.delete("")
async def delete_override(asked: Setting) -> Response:
    """Leave a learner on a node to the rule and the policy."""
    return await _set(asked, None)


async def _set(asked: Asked, override: Override | None) -> Response:
    course = await asked.course()
    where = {"course": course, "node": await asked.node(course), "person": await asked.person()}
    said = Override.model_construct() if override is None else override
    return await asked.set(
        ("completion.overridden", {**where, "completed": said.completed}),
        ("grade.overridden", {**where, "score": said.score, "excused": said.excused}),
    )
