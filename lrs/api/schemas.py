"""The JSON Schemas of what can be set, for editors and other programs: /api/schemas. They are open."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Response

from schemas import completion_rule, course_outline, grade_policy

router = APIRouter(prefix="/api/schemas", tags=["configuration"])

READ: Final = ["GET", "HEAD"]
SCHEMA: Final = "application/schema+json"


@router.api_route("/completion-rule", methods=READ)
async def get_completion_rule() -> Response:
    """Of a completion rule."""
    return _answer(completion_rule.json_schema)


@router.api_route("/grade-policy", methods=READ)
async def get_grade_policy() -> Response:
    """Of a grade policy."""
    return _answer(grade_policy.json_schema)


@router.api_route("/outline", methods=READ)
async def get_outline() -> Response:
    """Of an outline."""
    return _answer(course_outline.json_schema)


def _answer(schema: Callable[[], dict[str, Any]]) -> Response:
    return Response(_encoded(schema), 200, {"Cache-Control": "max-age=3600"}, SCHEMA)


@cache
def _encoded(schema: Callable[[], dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema()})
