"""Documents: bytes of any type that clients keep about an agent, an activity or both, and may change.

The rule of this file: what a PUT, a POST or a DELETE makes of a document is decided here, from the document that is
there and the request alone; a request that is refused changes nothing. A POST merges JSON objects one level deep
(1.0.3 Communication 2.2); who must say which state of a document was seen differs by version (1.0.3 Communication 3.1,
2.0.0 4.1.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import sha1
from uuid import UUID

import msgspec

from schemas.clauses import Clause
from schemas.errors import DocumentConflict, DocumentRefused, QueryRefused, Violation
from schemas.media_type import JSON, essence
from schemas.precondition import IF_MATCH, Preconditions
from schemas.version import XapiVersion

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Resource(Enum):
    """The three document resources."""

    STATE = "state"
    AGENT_PROFILE = "agent profile"
    ACTIVITY_PROFILE = "activity profile"


@dataclass(frozen=True, slots=True)
class Owner:
    """What a set of documents is about: as much of it as its resource asks for.

    `agent` is an inverse functional identifier. A state without a registration is another than those with one.
    """

    resource: Resource
    activity: str | None = None
    agent: str | None = None
    registration: UUID | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes and their type, both as they were sent."""

    content_type: str
    content: bytes

    @property
    def tag(self) -> str:
        """What an ETag says between its quotes: the SHA-1 of the content in hexadecimal (1.0.3 Communication 3.1)."""
        return tag_of(self.content)

    @property
    def is_json(self) -> bool:
        """Whether its type says so."""
        return essence(self.content_type) == JSON


def tag_of(content: bytes) -> str:
    """The SHA-1 of the content in hexadecimal."""
    return sha1(content, usedforsecurity=False).hexdigest()


def put(
    tag: str | None, sent: Document, preconditions: Preconditions, resource: Resource, version: XapiVersion
) -> Document:
    """What a PUT makes of the document with this tag (None: there is none). Raises PreconditionFailed.

    Without a precondition an existing document is left alone (DocumentConflict), except that 1.0.3 lets a State be
    overwritten; and 1.0.3 wants a precondition for a new profile, too (QueryRefused).
    """
    preconditions.demand(tag, version)
    if preconditions.are_given or (resource is Resource.STATE and version is XapiVersion.V1_0_3):
        return sent
    clause = Clause.CONCURRENCY.named(version)
    if tag is not None:
        rule = f"must be the ETag of the document as it was last seen; it is now {tag}"
        raise DocumentConflict([Violation(IF_MATCH, rule, clause, "absent")])
    if version is XapiVersion.V1_0_3:
        rule = "or If-None-Match must be given with the PUT of a profile"
        raise QueryRefused([Violation(IF_MATCH, rule, clause, "absent")])
    return sent


def post(
    kept: Document | None, sent: Document, preconditions: Preconditions, resource: Resource, version: XapiVersion
) -> Document:
    """What a POST makes of a document: the one sent where there is none. Raises PreconditionFailed, DocumentRefused.

    A new profile that says it is JSON is an object, as if it were merged; a new State is taken as it comes, because
    well-known packages say application/json of any text (1.0.3 Communication 2.2, 2.3).
    """
    preconditions.demand(None if kept is None else kept.tag, version)
    if kept is not None:
        return merged(kept, sent, version)
    if resource is not Resource.STATE and sent.is_json:
        faults: list[Violation] = []
        _members_of(sent, "the document sent", version, faults)
        if faults:
            raise DocumentRefused(faults)
    return sent


def merged(kept: Document, sent: Document, version: XapiVersion) -> Document:
    """The members of both, those sent over those kept; numbers keep their digits. Raises DocumentRefused."""
    faults: list[Violation] = []
    members = _members_of(kept, "the document that is there", version, faults)
    members |= _members_of(sent, "the document sent", version, faults)
    if faults:
        raise DocumentRefused(faults)
    return Document(kept.content_type, _encode(members))


def _members_of(
    document: Document, which: str, version: XapiVersion, faults: list[Violation]
) -> dict[str, msgspec.Raw]:
    """The members of a JSON object, each as it is written; none, and a fault more, where it is no such object."""
    clause = Clause.DOCUMENTS.named(version)
    if not document.is_json:
        rule = f"of {which} must be {JSON}, to merge the two"
        faults.append(Violation("Content-Type", rule, clause, document.content_type[:100]))
        return {}
    try:
        str(document.content, "utf-8")  # which the slices of `_members` are not asked for
        return _members(document.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        faults.append(Violation("", f"must be a JSON object in {which}", clause, str(error)[:100]))
        return {}
