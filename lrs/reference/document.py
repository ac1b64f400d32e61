"""The OpenAPI document: of every route that the application has what is written of it in this folder, and no other.

A route of which nothing is written is left out, and found by a test.
"""

import re
from collections.abc import Sequence
from typing import Final

from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

from lrs.api.read_after import READ_AFTER, waits
from lrs.reference import configuration, dead_letters, descriptions, documents, own, read_models, statements
from lrs.reference.operation import Json, Operation, header, refusal
from lrs.reference.shapes import shapes
from schemas.version import HEADER

OPERATIONS: Final = {
    **statements.OPERATIONS,
    **documents.OPERATIONS,
    **descriptions.OPERATIONS,
    **own.OPERATIONS,
    **read_models.OPERATIONS,
    **configuration.OPERATIONS,
    **dead_letters.OPERATIONS,
}

INTRODUCTION: Final = """A learning record store: xAPI 1.0.3 and 2.0.0 at /xapi, and what is computed from the \
statements at /api. Errors are problems (RFC 9457) that name each place, rule and clause. Whoever asks signs in with \
HTTP Basic, by the key and secret of a credential, or with a bearer token where the server has an issuer. \
A body may come in no Content-Encoding; what is read comes in zstd, br or gzip to who accepts it."""

VERSION: Final = header(
    HEADER,
    "The version that is spoken: 1.0.x is answered as 1.0.3, 2.0.x as 2.0.0.",
    {"type": "string", "pattern": r"^[12]\.0(\.[0-9]+)?$"},
    "1.0.3",
    required=True,
)
READ_LATER: Final = header(
    READ_AFTER,
    "See everything up to this position, the X-LRS-Position of another request, or answer 503.",
    {"type": "string", "pattern": "^[0-9]{1,19}$"},
    "48213",
)
EVERYWHERE: Final = {
    400: refusal("Something of the request breaks a rule."),
    408: refusal("The request did not arrive in time."),
    415: refusal("The body has a Content-Encoding."),
    431: refusal("The head of the request is too large."),
    503: refusal("The database is away, too much waits to be stored, or it is not to be read yet; see Retry-After."),
}
SIGNED_IN: Final = {
    401: refusal("There is no credential, or none in force."),
    403: refusal("The credential lacks the scope, or the request comes from a page of another site."),
}
WITH_BODY: Final = {413: refusal("The body is larger than the settings allow.")}


def openapi(routes: Sequence[BaseRoute], version: str) -> Json:
    """The document of these routes."""
    paths: dict[str, Json] = {}
    for method, path in operations_of(routes):
        written = OPERATIONS.get(("GET" if method == "HEAD" else method, path))
        if written is not None:
            paths.setdefault(path, {})[method.lower()] = _operation(path, method, written)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Live LRS",
            "version": version,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items(), key=_xapi_first)),
        "components": {
            "schemas": shapes(),
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def operations_of(routes: Sequence[BaseRoute]) -> list[tuple[str, str]]:
    """Method and path of each operation that these routes have."""
    return [
        (method, context.path)
        for context in iter_route_contexts(routes)
        if isinstance(context.original_route, APIRoute) and context.path is not None and context.include_in_schema
        for method in sorted(context.original_route.methods or ())
    ]


def _xapi_first(item: tuple[str, Json]) -> tuple[bool, str]:
    return not item[0].startswith("/xapi"), item[0]


def _operation(path: str, method: str, written: Operation) -> Json:
    answers = {**EVERYWHERE, **written.answers}
    if written.scopes:
        answers |= SIGNED_IN
    if written.body is not None:
        answers |= WITH_BODY
    found: Json = {
        "operationId": "_".join([method.lower(), *re.findall("[a-z_]+", path)]),
        "tags": [_tag(path)],
        "summary": written.summary,
        "description": _described(written),
        "parameters": [
            *([VERSION] if written.versioned else []),
            *written.parameters,
            *([READ_LATER] if method in ("GET", "HEAD") and waits(path) else []),
        ],
        "responses": {str(status): _headless(answers[status], method) for status in sorted(answers)},
        "security": [{"basic": []}, {"bearer": []}] if written.scopes else [],
    }
    if written.body is not None:
        found["requestBody"] = written.body
    return found


def _described(written: Operation) -> str:
    if not written.scopes:
        return f"{written.description} No credential is needed.".strip()
    scopes = " or ".join(f"`{scope}`" for scope in written.scopes)
    return f"{written.description} Needs the scope {scopes}.".strip()


def _headless(answer: Json, method: str) -> Json:
    return {name: value for name, value in answer.items() if method != "HEAD" or name != "content"}


def _tag(path: str) -> str:
    """The resource."""
    _, _, resource, *_ = path.split("/")
    return resource
