"""The reference: /openapi.json for programs, /docs for people. Both are open, and need nothing from elsewhere."""

import json
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from lrs import reference
from lrs.dashboard.pages import HEADERS, static_url
from lrs.reference.document import openapi
from lrs.reference.operation import Json
from schemas.media_type import JSON

router = APIRouter(include_in_schema=False)

READ: Final = ["GET", "HEAD"]


@router.api_route("/openapi.json", methods=READ)
async def document(request: Request) -> Response:
    """The API as an OpenAPI document."""
    return Response(msgspec.json.encode(_document_of(request.app)), media_type=JSON)


@router.api_route("/docs", methods=READ)
async def page(request: Request) -> HTMLResponse:
    """The same for people."""
    origin = str(request.base_url).rstrip("/")
    html = _templates().get_template("reference.html").render(api=_document_of(request.app), origin=origin)
    return HTMLResponse(html, headers=HEADERS)


_DOCUMENTS: WeakKeyDictionary[FastAPI, Json] = WeakKeyDictionary()


def _document_of(app: FastAPI) -> Json:
    found = _DOCUMENTS.get(app)
    if found is None:
        found = _DOCUMENTS[app] = openapi(app.routes, version("live-lrs"))
    return found


def _indented(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _with_code(text: str) -> Markup:
    """What stands between backticks is code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))


@cache
def _templates() -> Environment:
    folder = Path(reference.__file__).parent
    found = Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    found.filters["indented"] = _indented
    found.filters["with_code"] = _with_code
    found.globals["static"] = static_url
    return found
