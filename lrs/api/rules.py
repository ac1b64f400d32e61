"""The completion rules of a course: of a node, or of a content type. docs/rules.md, sections 1 and 8."""

from typing import Any

from fastapi import APIRouter, Response

from lrs.api.configured import Asked, Reading, Setting, answer
from lrs.configuration import shown
from schemas.completion_rule import CompletionRule, read_completion_rule
from schemas.course_configuration import ContentType

router = APIRouter(prefix="/api/courses/{course_id}/rules", tags=["configuration"])


@router.get("/{node_id}")
async def get_rule(asked: Reading) -> Response:
    """The rule that judges a node, where it comes from, and as which version of the course it was set."""
    course = await asked.course()
    node = await asked.node(course)
    default = await asked.default_rule(course, node)
    settings = asked.known.course(course)
    return answer(shown.rule_of_node(settings, node, default), asked.known.position, settings.version)


@router.put("/{node_id}")
async def put_rule(asked: Setting) -> Response:
    """Set the rule of a node."""
    return await _set_of_node(asked, await asked.json(read_completion_rule))


@router.delete("/{node_id}")
async def delete_rule(asked: Setting) -> Response:
    """Leave a node to the outline, its content type or the default."""
    return await _set_of_node(asked, None)


@router.get("/types/{content_type}")
async def get_type_rule(asked: Reading, content_type: ContentType) -> Response:
    """The rule of the nodes of a content type that have none of their own."""
    settings = asked.known.course(await asked.course())
    return answer(shown.rule_of_type(settings, content_type), asked.known.position, settings.version)


@router.put("/types/{content_type}")
async def put_type_rule(asked: Setting, content_type: ContentType) -> Response:
    """Set the rule of a content type."""
    return await _set_of_type(asked, content_type, await asked.json(read_completion_rule))


@router.delete("/types/{content_type}")
async def delete_type_rule(asked: Setting, content_type: ContentType) -> Response:
    """Leave a content type to the default."""
    return await _set_of_type(asked, content_type, None)


async def _set_of_node(asked: Asked, rule: CompletionRule | None) -> Response:
    course = await asked.course()
    return await _set(asked, rule, course=course, node=await asked.node(course))


async def _set_of_type(asked: Asked, content_type: str, rule: CompletionRule | None) -> Response:
    return await _set(asked, rule, course=await asked.course(), content_type=content_type)


async def _set(asked: Asked, rule: CompletionRule | None, **where: Any) -> Response:
    return await asked.set(("rule.set", {**where, "rule": rule}), body="rule")
