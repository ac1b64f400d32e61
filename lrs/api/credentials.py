"""The credentials of a tenant: /api/credentials. A secret is shown once, when it is made; a hash never."""

from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, ValidationError

from lrs.access.credentials import Made
from lrs.api.body import read_body
from lrs.api.services import Serving
from lrs.api.signed_in import Administrator
from schemas.errors import QueryRefused, Violation
from schemas.media_type import JSON, essence
from schemas.refusals import shown, written
from schemas.scope import UNASKED, Scope

router = APIRouter(prefix="/api/credentials", tags=["credentials"])

MOST_BYTES = 10_000
LONGEST_GRACE = 30 * 86_400
"""Seconds that a secret which was replaced may stay good."""
CLAUSE = "docs/access.md"

_STRICT = ConfigDict(extra="forbid")
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"

Key = Annotated[str, Path(pattern=_PRINTABLE, max_length=1_000)]


class NewCredential(BaseModel):
    """What is asked for; without scopes those of Communication 4.2: statements/write and statements/read/mine."""

    model_config = _STRICT
    name: Annotated[str, StringConstraints(strict=True, pattern=_PRINTABLE, max_length=200)] | None = None
    scopes: Annotated[frozenset[Scope], Field(min_length=1)] = UNASKED
    compatibility: StrictBool = False


class Rotation(BaseModel):
    """keep_for: seconds that the secret before stays good, so that clients can be given the new one."""

    model_config = _STRICT
    keep_for: Annotated[float, Field(strict=True, ge=0, le=LONGEST_GRACE, allow_inf_nan=False)] = 0


class Switch(BaseModel):
    """Whether well-known invalid statements are repaired (docs/compatibility.md)."""

    model_config = _STRICT
    on: StrictBool


Wanted = TypeVar("Wanted", NewCredential, Rotation, Switch)


@router.get("")
async def list_credentials(who: Administrator, here: Serving) -> Response:
    """`{"credentials": […]}`: key, name, scopes and times of every credential, the disabled ones too."""
    return _answer({"credentials": [entry._asdict() for entry in await here.credentials.entries(who.tenant)]})


@router.post("")
async def create_credential(request: Request, who: Administrator, here: Serving) -> Response:
    """201 with the key and the secret, which is never shown again."""
    wanted = await _read(request, NewCredential)
    made = await here.credentials.make(
        who.tenant, name=wanted.name, scopes=wanted.scopes, compatibility=wanted.compatibility
    )
    assert made is not None
    return _once(made, 201)


@router.post("/{key}/rotate")
async def rotate_credential(request: Request, key: Key, who: Administrator, here: Serving) -> Response:
    """Another secret for the same key; 404 where there is none, 409 where it is disabled."""
    wanted = await _read(request, Rotation)
    return _once(await here.credentials.rotate(who.tenant, key, wanted.keep_for))


@router.post("/{key}/disable")
async def disable_credential(key: Key, who: Administrator, here: Serving) -> Response:
    """Out of force within a second, for ever; again changes nothing. 404 where there is none."""
    return _answer((await here.credentials.disable(who.tenant, key))._asdict())


@router.post("/{key}/compatibility")
async def switch_compatibility(request: Request, key: Key, who: Administrator, here: Serving) -> Response:
    """`{"on": true}` or false; heeded within a second. 404 where there is no such credential."""
    wanted = await _read(request, Switch)
    return _answer((await here.credentials.switch_compatibility(who.tenant, key, on=wanted.on))._asdict())


def _once(made: Made, status: int = 200) -> Response:
    return _answer({**made.entry._asdict(), "secret": made.secret}, status)


def _answer(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, {"Cache-Control": "no-store"}, JSON)


async def _read(request: Request, kind: type[Wanted]) -> Wanted:
    """The body, or what it says where there is none. Raises QueryRefused, BodyTooLarge."""
    body = await read_body(request, MOST_BYTES)
    content_type = essence(request.headers.get("content-type"))
    if body and content_type != JSON:
        raise QueryRefused([Violation("Content-Type", f"must be {JSON}", CLAUSE, content_type[:100] or "absent")])
    try:
        return kind.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise QueryRefused(
            Violation(written(one["loc"]), one["msg"], CLAUSE, shown(one["input"]))
            for one in error.errors(include_url=False, include_context=False)
        ) from None
