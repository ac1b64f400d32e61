"""The pages: complete as the server sends them; a script then keeps them moving. Nothing is loaded from elsewhere."""

from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from math import floor
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view import Learner, short_identifier
from projections.course_view_queries import read_courses, read_first_view
from schemas.errors import NotFound

router = APIRouter(include_in_schema=False)

HERE = Path(__file__).parent
ROWS = 500
"""Lines of a roster that a page shows at once; its filter looks through all of them."""
FIRST_ROWS = 100
"""Lines that a page begins with where a course has more learners than it shows; the script fetches the others."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/")
async def courses_page(serving: Serving, credential: RecordReader) -> HTMLResponse:
    """All courses of the tenant."""
    async with serving.read.connection() as connection:
        courses = await read_courses(connection, credential.tenant)
    return _page("courses.html", courses=courses)


@router.get("/courses/{course_id}")
async def course_page(serving: Serving, credential: RecordReader, course_id: UUID) -> HTMLResponse:
    """One course, live."""
    try:
        async with serving.read.connection() as connection:
            view, whole = await read_first_view(connection, credential.tenant, course_id, most=ROWS, first=FIRST_ROWS)
    except NotFound:
        return _page("missing.html", 404)
    return _page("course.html", view=view, whole=whole, rows=ROWS)


def percent(share: float | None) -> str:
    """A share as whole percent; 100 is said of the whole only, and a dash of what is not known."""
    if share is None:
        return "–"
    return f"{99 if 0.995 <= share < 1 else floor(share * 100 + 0.5)} %"


def verdict(learner: Learner) -> str:
    """What stands under a grade: whether the learner has passed, where that is known."""
    return {True: "passed", False: "not passed", None: ""}[learner.passed]


def utc_words(moment: datetime) -> str:
    """An instant for a reader without the script."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def utc_text(moment: datetime) -> str:
    """An instant for the script: ISO 8601 in UTC, as in the JSON of the API."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def json_island(value: object) -> Markup:
    """A value as JSON that may stand in a script element: nothing in it can end the element."""
    return Markup(msgspec.json.encode(value).decode().replace("<", "\\u003c"))


def static_url(name: str) -> str:
    """The address of a static file, new whenever any of them is."""
    return f"/static/{name}?v={_static_version()}"


@cache
def _static_version() -> str:
    digest = blake2b(digest_size=6)
    for file in sorted((HERE / "static").iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in (percent, verdict, utc_words, utc_text, json_island):
        found.filters[name.__name__] = name
    found.filters["identifier"] = short_identifier
    found.globals["static"] = static_url
    return found


def _page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(_templates().get_template(template).render(values), status, HEADERS)
