"""When a node of a course is due: for everyone, or for one person. docs/rules.md, sections 7 and 8."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from lrs.api.configured import Asked, Setting
from lrs.configuration.store import CLAUSE
from schemas.configuration_refusal import Configured, ZonedTimestamp, read

router = APIRouter(prefix="/api/courses/{course_id}/due", tags=["configuration"])


class DueDate(Configured):
    """An instant; its zone is said."""

    due_at: ZonedTimestamp


_ADAPTER: TypeAdapter[DueDate] = TypeAdapter(DueDate)


@router.put("/{node_id}")
async def put_due(asked: Setting) -> Response:
    """Set when a node is due for everyone."""
    return await _set(asked, await _sent(asked))


@router.delete("/{node_id}")
async def delete_due(asked: Setting) -> Response:
    """Leave a node's due date to the outline."""
    return await _set(asked, None)


@router.put("/{node_id}/{person_id}")
async def put_due_for_person(asked: Setting) -> Response:
    """Set when a node is due for one person."""
    return await _set(asked, await _sent(asked), person=await asked.person())


@router.delete("/{node_id}/{person_id}")
async def delete_due_for_person(asked: Setting) -> Response:
    """Leave a person's due date to everyone's."""
    return await _set(asked, None, person=await asked.person())


async def _sent(asked: Asked) -> str:
    return (await asked.json(partial(read, _ADAPTER, clause=CLAUSE))).due_at


async def _set(asked: Asked, due_at: str | None, **person: Any) -> Response:
    course = await asked.course()
    return await asked.set(
        ("due.set", {"course": course, "node": await asked.node(course), "due_at": due_at, **person})
    )
