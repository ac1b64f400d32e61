"""Which document, or which set of documents, a request is about.

The rule of this file: each method of each resource has exactly the parameters that the specification lists for it;
one too many or too few is refused (1.0.3 Communication 2.3, 2.6, 2.7, 3.2; 2.0.0 4.1.6.2, 4.1.6.5, 4.1.6.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from schemas.clauses import Clause
from schemas.document import Owner, Resource
from schemas.errors import QueryRefused, Violation
from schemas.identity import inverse_functional_identifier
from schemas.parameters import Misread, Reader, agent, instant, iri, read_parameters, uuid
from schemas.version import XapiVersion

Method = Literal["GET", "PUT", "POST", "DELETE"]


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """A document of an owner; without an id all of them, those changed after `since` (exclusive) if it is given."""

    owner: Owner
    id: str | None = None
    since: datetime | None = None


def _identity(text: str) -> str:
    found = inverse_functional_identifier(agent(text))
    assert found is not None
    return found


def _document_id(text: str) -> str:
    if not text:
        raise Misread("must not be empty")
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise Misread("must not contain U+0000 or half of a surrogate pair")
    return text


_READERS: Final[dict[Resource, dict[str, Reader]]] = {
    Resource.STATE: {"activityId": iri, "agent": _identity, "registration": uuid, "stateId": _document_id},
    Resource.AGENT_PROFILE: {"agent": _identity, "profileId": _document_id},
    Resource.ACTIVITY_PROFILE: {"activityId": iri, "profileId": _document_id},
}
_SINCE: Final[dict[str, Reader]] = {"since": instant}
_OWNER: Final = {"activityId": "activity", "agent": "agent", "registration": "registration"}
CLAUSES: Final = {
    Resource.STATE: Clause.STATE,
    Resource.AGENT_PROFILE: Clause.AGENT_PROFILE,
    Resource.ACTIVITY_PROFILE: Clause.ACTIVITY_PROFILE,
}


def read_document_query(
    resource: Resource, method: Method, params: Sequence[tuple[str, str]], version: XapiVersion
) -> DocumentQuery:
    """What decoded parameters ask for. Raises QueryRefused, with every violation."""
    id_name = "stateId" if resource is Resource.STATE else "profileId"
    given = {name for name, _ in params}
    readers = _READERS[resource]
    if method == "GET" and id_name not in given:
        readers = readers | _SINCE
    values, violations = read_parameters(params, readers, CLAUSES[resource], version)
    required = set(readers) - {"registration", "since"}
    if method == "GET" or (method == "DELETE" and resource is Resource.STATE):
        required.discard(id_name)
    for name in sorted(required - given):
        violations.append(Violation(name, "must be given", CLAUSES[resource].named(version), "absent"))
    if violations:
        raise QueryRefused(violations)
    owner: dict[str, Any] = {field: values[name] for name, field in _OWNER.items() if name in values}
    return DocumentQuery(Owner(resource, **owner), values.get(id_name), values.get("since"))
