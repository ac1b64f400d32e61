"""What the read models answer: rows in an order, a page at a time, with what was asked for of each. docs/api.md.

The rule of this file: an answer is one snapshot of the read models, and says at which position of the log it stands. A
304 says that the answer would be, byte for byte, the one that its ETag was given to: by its content, or, of what
is read as it was written by one machine, because the read models still stand where they stood.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import aiosql
import msgspec
from fastapi import Request, Response
from psycopg import AsyncConnection

from lrs.access.credentials import Credential
from lrs.api import cursor_token
from lrs.api.as_of import AS_OF, AsOf, read_as_of, still_building, world_of
from lrs.api.services import Services
from lrs.api.statements import POSITION
from lrs.worlds.worlds import enter
from projections import course_view_queries
from projections.keyset_queries import Place, Wanted
from schemas.errors import QueryRefused, Violation
from schemas.media_type import JSON
from schemas.parameters import Misread, Reader
from schemas.precondition import read_preconditions
from schemas.refusals import shown
from schemas.version import XapiVersion

CLAUSE: Final = "docs/api.md"
USUAL, MOST = 100, 1000
_PURPOSE: Final = b"listing"
_RELEASE: Final = version("live-lrs")
QUERIES: Any = aiosql.from_path(Path(__file__).with_name("listing.sql"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a resource lists: under which name, in which shape, and how it may be asked for.

    orders: by their names, the usual one first; is_sorted: whether a request may choose among them. filters: what reads
    each of them. most: rows of one page. computed: by this code, anew, and not read as it was written.
    """

    name: str
    shape: type[msgspec.Struct]
    orders: Sequence[str]
    filters: Mapping[str, Reader] = field(default_factory=dict)
    is_sorted: bool = False
    usual: int = USUAL
    most: int = MOST
    computed: bool = False


class Asked(NamedTuple):
    """What a request asks for. fields: None for all of them."""

    filters: dict[str, Any]
    fields: frozenset[str] | None
    page: Wanted
    as_of: AsOf | None = None


class Told(NamedTuple):
    """Rows, the place behind which the next page begins, and what is told beside the rows."""

    rows: Sequence[msgspec.Struct]
    next: Place | None
    beside: Mapping[str, Any] = {}


class _Link(NamedTuple):
    """What is in `more`: of which address, with the parameters of the first request, behind which place."""

    path: str
    params: list[tuple[str, str]]
    after: Place


_read_link = msgspec.json.Decoder(_Link).decode
Later = Callable[[], Awaitable[Told]]
"""Tells what was read, once the connection is given back: for whoever needs another one."""
Read = Callable[[AsyncConnection, int, Asked], Awaitable[Told | Later]]
"""Reads a page in the snapshot that the connection has, which stands at this position."""


async def answer(request: Request, here: Services, who: Credential, listing: Listing, read: Read) -> Response:
    """One page. Raises QueryRefused, and whatever `read` raises."""
    salt = await here.log.salt(who.tenant)
    params, after = _parameters(request, salt)
    asked = _asked(listing, params, after, of_course="course_id" in request.path_params)
    world = None
    if asked.as_of is not None:
        world, building = await world_of(here, who.tenant, UUID(request.path_params["course_id"]), asked.as_of)
        if building is not None:
            return still_building(world.position, building)
        params = [(name, str(world.position) if name == AS_OF else value) for name, value in params]
    known = read_preconditions((), request.headers.getlist("if-none-match"), XapiVersion.V1_0_3).if_none_match or ()
    pool = here.read if world is None else here.primary
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(course_view_queries.QUERIES.begin_reading.sql)
        if world is not None:
            await enter(connection, world)
        position, standing, written_by, by_shards = await _standing(connection)
        headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization", POSITION: str(position)}
        question = _digest(who.tenant, _RELEASE, written_by, request.url.path, params, after)
        as_it_was = next((tag for tag in known if tag.startswith(f"{standing}.{question}.")), None)
        if as_it_was is not None and not (listing.computed or by_shards):  # other code may make another one of the same
            return Response(None, 304, headers | {"ETag": f'"{as_it_was}"'})
        found = await read(connection, position, asked)
    told = found if isinstance(found, Told) else await found()
    more = "" if told.next is None else _more(request, params, told.next, salt)
    rows = told.rows if asked.fields is None else [_picked(row, asked.fields) for row in told.rows]
    body = msgspec.json.encode({**told.beside, listing.name: rows, "more": more})
    content = _digest(question, body)
    same = next((tag for tag in known if tag == "*" or tag.endswith(f".{question}.{content}")), None)
    if same is not None and same != "*":
        return Response(None, 304, headers | {"ETag": f'"{same}"'})
    headers["ETag"] = f'"{standing}.{question}.{content}"'
    return Response(None, 304, headers) if same else Response(body, 200, headers, JSON)


async def _standing(connection: AsyncConnection) -> tuple[int, str, int, bool]:
    """Where the read models stand; a name for that, which no two writes share unless by workers of shards; the version
    of the folds; whether there are such workers.
    """
    row = await (await connection.execute(QUERIES.standing.sql)).fetchone()
    position, version, written, by_shards = row or (0, 0, 0, False)
    return position, f"{position:x}-{written:x}", version, by_shards


def _parameters(request: Request, salt: bytes) -> tuple[list[tuple[str, str]], Place | None]:
    params = request.query_params.multi_items()
    if [name for name, _ in params] != ["more"]:
        return params, None
    body = cursor_token.opened(params[0][1], salt, _PURPOSE)
    with suppress(msgspec.MsgspecError):
        link = None if body is None else _read_link(body)
        if link is not None and link.path == request.url.path:
            return link.params, link.after
    raise QueryRefused([_violation("more", "must be a link that this server gave", params[0][1])])


def _more(request: Request, params: list[tuple[str, str]], after: Place, salt: bytes) -> str:
    body = msgspec.json.encode(_Link(request.url.path, params, after))
    return f"{request.url.path}?{urlencode({'more': cursor_token.sealed(body, salt, _PURPOSE)})}"


def _asked(listing: Listing, params: Sequence[tuple[str, str]], after: Place | None, *, of_course: bool) -> Asked:
    readers: dict[str, Reader] = {**listing.filters, "limit": _number(listing.most), "fields": _fields(listing)}
    if of_course:
        readers[AS_OF] = read_as_of
    if listing.is_sorted:
        readers |= {"sort": one_of(*listing.orders), "order": one_of("asc", "desc")}
    values: dict[str, Any] = {}
    violations: list[Violation] = []
    for name, text in params:
        if name not in readers:
            rule = f"is no parameter of this resource, which has {', '.join(sorted([*readers, 'more']))}"
            violations.append(_violation(name, rule, text))
        elif name in values:
            violations.append(_violation(name, "must be given no more than once", text))
        else:
            values[name] = None
            try:
                values[name] = readers[name](text)
            except Misread as error:
                violations.append(_violation(name, error.rule, text))
    if violations:
        raise QueryRefused(violations)
    return Asked(
        filters={name: value for name, value in values.items() if name in listing.filters},
        fields=values.get("fields"),
        page=Wanted(
            order=values.get("sort", listing.orders[0]),
            descending=values.get("order") == "desc",
            after=after,
            limit=values.get("limit", listing.usual),
        ),
        as_of=values.get(AS_OF),
    )


def one_of(*names: str) -> Reader:
    """One of these words."""

    def read(text: str) -> str:
        if text not in names:
            raise Misread(f"must be one of {', '.join(names)}")
        return text

    return read


def name(text: str) -> UUID:
    """The id of a person or node."""
    try:
        return UUID(text)
    except ValueError:
        raise Misread("must be an id: a UUID") from None


def _number(most: int) -> Reader:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
            raise Misread(f"must be a number from 1 to {most}")
        return int(text)

    return read


def _fields(listing: Listing) -> Reader:
    known = listing.shape.__struct_fields__

    def read(text: str) -> frozenset[str]:
        unknown = [one for one in text.split(",") if one not in known]
        if unknown:
            told = ", ".join(shown(one) for one in unknown)
            raise Misread(f"must be some of {', '.join(known)} with commas between, and not {told[:200]}")
        return frozenset(text.split(","))

    return read


def _picked(row: msgspec.Struct, fields: frozenset[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__ if name in fields}


def _digest(*parts: Any) -> str:
    return blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()


def _violation(name: str, rule: str, text: str) -> Violation:
    return Violation(name[:100], rule, CLAUSE, shown(text))
