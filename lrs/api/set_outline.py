"""The outline that is set of a course: …/configuration/outline. docs/rules.md, sections 6 and 8.

The outline that counts, with what statements tell of the course, is a read model.
"""

from functools import partial
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from lrs.api.configured import Asked, Reading, Setting, answer, refused_query
from lrs.configuration.outline_files import FORMATS, Format, outline_of, read_outlines
from lrs.configuration.store import OUTLINE, beside
from schemas.configuration_refusal import as_json
from schemas.course_outline import CourseOutline
from schemas.errors import NotFound
from schemas.media_type import JSON, essence
from schemas.outline_import.outline_yaml import write_yaml

router = APIRouter(prefix="/api/courses/{course_id}/configuration/outline", tags=["configuration"])

YAML: Final = "application/yaml"
TYPES: Final[dict[str, Format]] = {
    JSON: "json",
    YAML: "yaml",
    "application/xml": "cmi5",
    "text/xml": "cmi5",
    "application/zip": "cmi5",
}
"""The format of a body by its Content-Type, where the query names none."""


@router.get("")
async def get_outline(asked: Reading, format: Annotated[str, Query(pattern="^(json|yaml)$")] = "json") -> Response:
    """The outline as it was set, in a form that can be set again; 404 where none is."""
    course = await asked.course()
    settings = asked.known.course(course)
    if settings.outline is None:
        raise NotFound(f"No outline is set of {course}.")
    outline, position, version = settings.outline.value, asked.known.position, settings.version
    if format == "yaml":
        return answer(await beside(OUTLINE, partial(write_yaml, outline)), position, version, YAML)
    written = await beside(OUTLINE, lambda: msgspec.json.encode(as_json(outline)))
    return answer(written, position, version)


@router.put("")
async def put_outline(
    request: Request,
    asked: Setting,
    format: str | None = None,
    lms: Annotated[str | None, Query(pattern=r"^https?://[^\s?#]+$", max_length=500)] = None,
) -> Response:
    """Set the outline: our own as JSON or YAML, a cmi5 course structure or its package, or Open edX's course blocks."""
    content_type = essence(request.headers.get("content-type"))
    chosen = next((one for one in FORMATS if one == format), None) if format else TYPES.get(content_type)
    if chosen is None and format:
        raise refused_query("format", f"must be one of {', '.join(FORMATS)}", format)
    if chosen is None:
        rule = f"must be one of {', '.join(TYPES)} where there is no format in the query"
        raise refused_query("Content-Type", rule, content_type or "absent")
    course = await asked.course()
    body = await asked.body()
    outlines = await beside(OUTLINE, partial(read_outlines, body, chosen, lms=lms))
    return await _set(asked, course, outline_of(outlines, course))


@router.delete("")
async def delete_outline(asked: Setting) -> Response:
    """Leave the course to what its statements say."""
    return await _set(asked, await asked.course(), None)


async def _set(asked: Asked, course: str, outline: CourseOutline | None) -> Response:
    return await asked.set(("outline.set", {"course": course, "outline": outline}), body="outline")
