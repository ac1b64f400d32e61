"""One operation of the API, as the reference tells it: what may be asked, with which scope, and every answer of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.scope import Scope

Json = dict[str, Any]

JSON: Final = "application/json"
MULTIPART: Final = "multipart/mixed"
PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Operation:
    """scopes: any one of them will do; none at all where no credential is asked for.

    answers: by status, beside those that every operation has (`lrs.reference.document`).
    """

    summary: str
    answers: Mapping[int, Json]
    scopes: Sequence[Scope] = ()
    parameters: Sequence[Json] = ()
    body: Json | None = None
    versioned: bool = False
    description: str = ""


Operations = Mapping[tuple[str, str], Operation]
"""By method and path."""


def refer(name: str) -> Json:
    """A shape of `lrs.reference.shapes`."""
    return {"$ref": f"#/components/schemas/{name}"}


def query(name: str, description: str, schema: Json, example: Any, *, required: bool = False) -> Json:
    """A query parameter."""
    return _parameter("query", name, description, {"schema": schema, "example": example}, required=required)


def json_query(name: str, description: str, schema: Json, example: Json, *, required: bool = False) -> Json:
    """A query parameter that is JSON."""
    content = {"content": {JSON: {"schema": schema, "example": example}}}
    return _parameter("query", name, description, content, required=required)


def header(name: str, description: str, schema: Json, example: str, *, required: bool = False) -> Json:
    """A header of the request."""
    return _parameter("header", name, description, {"schema": schema, "example": example}, required=required)


def path(name: str, description: str, schema: Json, example: Any) -> Json:
    """A part of the path."""
    return _parameter("path", name, description, {"schema": schema, "example": example}, required=True)


def body(description: str, content: Mapping[str, Json], *, required: bool = True) -> Json:
    """What a request carries, by media type."""
    return {"description": description, "required": required, "content": dict(content)}


def answer(
    description: str, content: Mapping[str, Json] | None = None, headers: Mapping[str, str] | None = None
) -> Json:
    """An answer; headers by name, and what they say."""
    found: Json = {"description": description}
    if content is not None:
        found["content"] = dict(content)
    if headers is not None:
        found["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in headers.items()
        }
    return found


def media(schema: Json, example: Any = None) -> Json:
    """What a media type holds."""
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def refusal(description: str) -> Json:
    """An answer that is a problem."""
    return answer(description, {PROBLEM: {"schema": refer("Problem")}})


def _parameter(place: str, name: str, description: str, value: Json, *, required: bool) -> Json:
    return {"in": place, "name": name, "description": description, "required": required, **value}
