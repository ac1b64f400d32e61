"""What every route of the configuration shares: whom it is about, what is sent, and how it is answered.

The rule of this file: a part of a path is an id, as the read models and every answer here give it, or `-`; then the
query names the same thing by its IRI, or a person by its identifier (`?course=`, `?node=`, `?person=`, `?activity=`),
whether or not anybody has told of it yet. Who sets something is the credential, never the body.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import msgspec
from fastapi import Depends, Request, Response
from pydantic import TypeAdapter

from lrs.access.credentials import Credential
from lrs.api import large_bodies
from lrs.api.body import read_body
from lrs.api.services import Services, Serving
from lrs.api.signed_in import Administrator, RecordReader
from lrs.api.statements import POSITION
from lrs.configuration.names import Names
from lrs.configuration.store import CLAUSE, Change, beside
from lrs.database import Pool
from projections.course_configuration import Configuration
from schemas.configuration_refusal import BoundedIri, Person, Text, read, read_json
from schemas.course_configuration import read_configuration_event
from schemas.errors import ConfigurationRefused, QueryRefused, Violation
from schemas.media_type import JSON, essence
from schemas.precondition import IF_MATCH, Preconditions, read_preconditions
from schemas.refusals import shown
from schemas.version import XapiVersion

NAMED: Final = "-"
"""Stands in a path for what the query names."""
_IRI: Final[TypeAdapter[str]] = TypeAdapter(BoundedIri)
_PERSON: Final[TypeAdapter[str]] = TypeAdapter(Person)
_REASON: Final[TypeAdapter[str]] = TypeAdapter(Text)
_LONGEST_LINE: Final = 200
_NO_LINE = re.compile(r"[\x00-\x1f]")
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request about the configuration: who asks, what is set as it comes, and where ids are looked up."""

    request: Request
    here: Services
    who: Credential
    known: Configuration
    pool: Pool

    async def course(self) -> str:
        """The IRI of the course in the path. Raises NotFound, QueryRefused, ConfigurationRefused."""
        id = self._id("course")
        return self._named("course", _IRI) if id is None else await self._names.course(id)

    async def node(self, course: str) -> str:
        """The IRI of the node in the path."""
        id = self._id("node")
        return self._named("node", _IRI) if id is None else await self._names.node(course, id)

    async def person(self) -> str:
        """The identifier of the person in the path."""
        id = self._id("person")
        return self._named("person", _PERSON) if id is None else await self._names.person(id)

    async def activity(self) -> str:
        """The IRI of the activity in the path."""
        id = self._id("activity")
        return self._named("activity", _IRI) if id is None else await self._names.activity(id)

    async def default_rule(self, course: str, node: str) -> str:
        """The name of the default rule of a node."""
        return await self._names.default_rule(course, node)

    async def body(self) -> bytes:
        """What was sent. Raises BodyTooLarge."""
        return await read_body(self.request, self.here.settings.max_body_bytes)

    async def json(self, reader: Callable[[Any], _Kind]) -> _Kind:
        """What is read out of the JSON that was sent. Raises QueryRefused, ConfigurationRefused, BodyTooLarge."""
        content_type = essence(self.request.headers.get("content-type"))
        if content_type != JSON:
            raise refused_query("Content-Type", f"must be {JSON}", content_type or "absent")
        body = await self.body()
        return await large_bodies.beside(body, lambda: reader(read_json(body, CLAUSE)))

    async def set(self, *said: tuple[str, dict[str, Any]], body: str = "", versioned: bool = True) -> Response:
        """Record events of these kinds and payloads, and answer what became of it.

        body: the property of the payload that was sent as the body. versioned: whether there is a version to match.
        """
        reason = self._one("reason")
        by = {"by": line_of(self.who.key), "reason": None}
        if reason is not None:
            by["reason"] = read(_REASON, reason, CLAUSE, ("reason",))
        preconditions = self._if_match(versioned=versioned)
        try:
            events = [await beside(kind, partial(read_configuration_event, kind, by | one)) for kind, one in said]
            change = await self.here.configurations.change(self.who.tenant, events, preconditions)
        except ConfigurationRefused as error:
            raise ConfigurationRefused(_within(one, body) for one in error.violations) from None
        if change.changed:
            self.here.wake()
        return changed(change)

    @property
    def _names(self) -> Names:
        return Names(self.pool, self.who.tenant, self.known)

    def _if_match(self, *, versioned: bool) -> Preconditions:
        given = self.request.headers.getlist(IF_MATCH)
        if given and not versioned:
            raise refused_query(IF_MATCH, "is of use only where what is set has the version of a course", given[0])
        return read_preconditions(given, [], XapiVersion.V1_0_3)

    def _id(self, name: str) -> UUID | None:
        """The id in the path; None where the query names it."""
        given: str = self.request.path_params[f"{name}_id"]
        named = self._one(name)
        if given == NAMED:
            return None
        if named is not None:
            raise refused_query(name, f"is of use only where the path has {NAMED} in its place", named)
        try:
            return UUID(given)
        except ValueError:
            raise refused_query(f"{name}_id", f"must be a UUID, or {NAMED}", given) from None

    def _named(self, name: str, adapter: TypeAdapter[str]) -> str:
        named = self._one(name)
        if named is None:
            raise refused_query(name, f"must be given where the path has {NAMED} in its place", "nothing")
        return read(adapter, named, CLAUSE, (name,))

    def _one(self, name: str) -> str | None:
        given = self.request.query_params.getlist(name)
        if len(given) > 1:
            raise refused_query(name, "must be given once", ", ".join(given))
        return given[0] if given else None


async def reading(request: Request, who: RecordReader, here: Serving) -> Asked:
    """A request to read."""
    return Asked(request, here, who, await here.configurations.now(who.tenant), here.read)


async def setting(request: Request, who: Administrator, here: Serving) -> Asked:
    """A request to set: whatever was set or read before is known to it."""
    return Asked(request, here, who, await here.configurations.newest(who.tenant), here.primary)


Reading = Annotated[Asked, Depends(reading)]
Setting = Annotated[Asked, Depends(setting)]


def line_of(key: str) -> str:
    """A credential as what is set names it."""
    return _NO_LINE.sub("?", key)[:_LONGEST_LINE]


def changed(change: Change) -> Response:
    """What became of a request to set something; read after its position to see what follows from it."""
    return answer(change, change.position, change.version)


def answer(value: object, position: int, version: int | None, content_type: str = JSON) -> Response:
    """A value with the position and the version that it stands at."""
    headers = {"Cache-Control": "no-store", POSITION: str(position)}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    content = value if isinstance(value, str | bytes) else msgspec.json.encode(value)
    return Response(content, 200, headers, content_type)


def refused_query(path: str, rule: str, found: str) -> QueryRefused:
    """A part of the request beside its body that cannot be used."""
    return QueryRefused([Violation(path, rule, CLAUSE, shown(found))])


def _within(one: Violation, body: str) -> Violation:
    """A violation of an event as one of the body that became a property of it."""
    if body and (one.path == body or one.path.startswith((f"{body}.", f"{body}["))):
        return Violation(one.path[len(body) :].removeprefix("."), one.rule, one.clause, one.found)
    return one
