"""A statement, and the only way by which one comes in.

The rule of this file: a body is parsed once and validated once, every failure in it is reported at once,
and what comes out is ready to be recorded: an id, a digest, and a payload that is the client's own text
but for what the LRS has to say itself (1.0.3 Data 2.4, 2.0.0 4.2.2).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final, NotRequired
from uuid import UUID

import msgspec
from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas import equivalence, exact_json, json_text, normal_form, shared_parts
from schemas.actor import Actor, Authority
from schemas.attachment import Attachment
from schemas.clauses import Clause
from schemas.context import Context, Context103
from schemas.errors import StatementRefused, Violation
from schemas.identifiers import UuidText
from schemas.refusals import shown, violations_of, written
from schemas.result import Result
from schemas.shape import STRICT
from schemas.shared_parts import Part
from schemas.substatement import StatementObject, StatementObject103, between_properties
from schemas.timestamp import Timestamp, instant_of
from schemas.verb import VOIDED, Verb
from schemas.version import VERSION_PATTERN, VERSION_PATTERN_103, XapiVersion


@with_config(STRICT)
class OwnProperties(TypedDict):
    """What a statement of 2.0.0 has besides actor, verb and object."""

    id: NotRequired[UuidText]
    result: NotRequired[Result]
    context: NotRequired[Context]
    timestamp: NotRequired[Timestamp]
    stored: NotRequired[Timestamp]
    authority: NotRequired[Authority]
    version: NotRequired[Annotated[str, StringConstraints(strict=True, pattern=VERSION_PATTERN)]]
    attachments: NotRequired[list[Attachment]]


@with_config(STRICT)
class Statement(OwnProperties):
    """A statement of 2.0.0, which a statement of 1.0.3 is too."""

    actor: Actor
    verb: Verb
    object: StatementObject


@with_config(STRICT)
class OwnProperties103(TypedDict):
    """What a statement of 1.0.3 has besides actor, verb and object."""

    id: NotRequired[UuidText]
    result: NotRequired[Result]
    context: NotRequired[Context103]
    timestamp: NotRequired[Timestamp]
    stored: NotRequired[Timestamp]
    authority: NotRequired[Authority]
    version: NotRequired[Annotated[str, StringConstraints(strict=True, pattern=VERSION_PATTERN_103)]]
    attachments: NotRequired[list[Attachment]]


@with_config(STRICT)
class Statement103(OwnProperties103):
    """A statement of 1.0.3."""

    actor: Actor
    verb: Verb
    object: StatementObject103


_VALIDATE_OWN: Final = {
    XapiVersion.V1_0_3: TypeAdapter(OwnProperties103).validator.validate_python,
    XapiVersion.V2_0_0: TypeAdapter(OwnProperties).validator.validate_python,
}
_VALIDATE: Final = {
    XapiVersion.V1_0_3: TypeAdapter(
        Annotated[Statement103, AfterValidator(between_properties)]
    ).validator.validate_python,
    XapiVersion.V2_0_0: TypeAdapter(Annotated[Statement, AfterValidator(between_properties)]).validator.validate_python,
}
MOST_VIOLATIONS: Final = 1000
"""How many violations a refusal lists."""

_encode = msgspec.json.Encoder().encode


class NewStatement(msgspec.Struct, frozen=True):
    """A valid statement that is not recorded yet.

    `value` is the statement as it came (an array of one and a single contextActivity are both possible);
    `payload` its JSON text without `stored` and `authority` and with `id` and `version`, in which no number
    has lost a digit; `timestamp` the instant in UTC that the client gave, if any; `digest` 16 bytes that are
    equal exactly for equivalent statements (schemas/equivalence.py); `voids` the statement it voids, if any.
    A number in an extension that no double can hold is a Decimal in `value`, which nobody may change: it may share
    `parts` with others (schemas/shared_parts.py; none where it was read the long way).
    """

    id: UUID
    value: Statement
    payload: bytes
    timestamp: datetime | None
    digest: bytes
    voids: UUID | None
    parts: tuple[Part, ...] = ()


def read_statements(
    body: bytes, version: XapiVersion, *, statement_id: UUID | None = None, single: bool = False
) -> list[NewStatement]:
    """The statements of a request's body: of a POST, one object or an array of them; of a PUT, `single`.

    `statement_id` is the one that a PUT names in its query: a statement without an id is given it, one with
    another id is refused (1.0.3 Communication 2.1.1). Statements without an id are given a new one. Raises
    StatementRefused with every violation in the body, and nothing else, whatever the bytes are; statements after
    MOST_VIOLATIONS are not looked at. A rule between properties is judged once each of them is in order by itself,
    and the properties once the JSON is.
    """
    raws, is_array = cut_statements(body, version)
    if single and is_array:
        rule = "must be one statement, not an array"
        raise StatementRefused([Violation("", rule, Clause.PUT_STATEMENT.named(version), _start_of(body))])
    violations: list[Violation] = []
    statements: list[NewStatement] = []
    first_with: dict[UUID, int] = {}
    for index, raw in enumerate(raws):
        if len(violations) >= MOST_VIOLATIONS:
            break
        root: json_text.Path = (index,) if is_array else ()
        try:
            statement = _read(raw, version, statement_id)
        except (ValidationError, json_text.NotRecordable) as error:
            violations.extend(_found(error, version, root))
            continue
        if statement_id is not None and statement.id != statement_id:
            rule = f"must be the statementId of the request, {statement_id}"
            found = shown(statement.value["id"])
            violations.append(Violation(written((*root, "id")), rule, Clause.PUT_STATEMENT.named(version), found))
        if first_with.setdefault(statement.id, index) != index:
            rule = f"must differ from the id of [{first_with[statement.id]}]"
            found = shown(str(statement.id))
            violations.append(Violation(written((*root, "id")), rule, Clause.POST_STATEMENTS.named(version), found))
        statements.append(statement)
    if violations:
        raise StatementRefused(violations[:MOST_VIOLATIONS])
    return statements


def cut_statements(body: bytes, version: XapiVersion) -> tuple[list[bytes], bool]:
    """The text of each statement of a body, and whether it is an array of them. Raises StatementRefused."""
    try:
        return json_text.cut(body)
    except json_text.NotJson as error:
        fault = Violation("", f"must be JSON in UTF-8 ({error})", Clause.FORMAT.named(version), _start_of(body))
        raise StatementRefused([fault]) from None
    except json_text.NotRecordable as error:
        raise StatementRefused(_faults(error, version, ())) from None


def read_statement(raw: bytes, version: XapiVersion) -> NewStatement:
    """One statement, of a text that `cut_statements` gave, as `read_statements` reads it where it stands alone."""
    try:
        return _read(raw, version, None)
    except (ValidationError, json_text.NotRecordable) as error:
        raise StatementRefused(list(_found(error, version, ()))[:MOST_VIOLATIONS]) from None


def new_statement_id() -> UUID:
    """An id whose first 48 bits are the milliseconds since 1970 and the rest is random, so that ids made together lie
    together in an index. It says version 4: client libraries written for RFC 4122 take no later version for a UUID.
    """
    milliseconds = time.time_ns() // 1_000_000
    bits = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76) | 0x4 << 76
    return UUID(int=bits & ~(0x3 << 62) | 0x2 << 62)


def _read(raw: bytes, version: XapiVersion, statement_id: UUID | None) -> NewStatement:
    """Raises ValidationError and json_text.NotRecordable."""
    known = shared_parts.read(raw, version)
    statement = None if known is None else _known(*known, raw, version, statement_id)
    if statement is None:
        statement = _new(_VALIDATE[version](json_text.read(raw)), raw, version, statement_id)
    return statement


def _found(
    error: ValidationError | json_text.NotRecordable, version: XapiVersion, root: json_text.Path
) -> Iterator[Violation]:
    if isinstance(error, ValidationError):
        return violations_of(error, version, root)
    return _faults(error, version, root)


def _known(
    own: dict[str, Any], parts: tuple[Part, ...], raw: bytes, version: XapiVersion, statement_id: UUID | None
) -> NewStatement | None:
    """The statement, if all is in order; the long way finds out what is not."""
    try:
        value = between_properties(shared_parts.whole(_VALIDATE_OWN[version](own), parts))
    except (ValidationError, PydanticCustomError):
        return None
    return _new(value, raw, version, statement_id, parts)


def _new(
    value: Statement, raw: bytes, version: XapiVersion, statement_id: UUID | None, parts: tuple[Part, ...] = ()
) -> NewStatement:
    added: dict[str, str] = {}
    if "id" in value:
        identity = UUID(value["id"])
    else:
        identity = statement_id or new_statement_id()
        added["id"] = str(identity)
    if "version" not in value:
        added["version"] = version.default_statement_version
    timestamp = instant_of(value["timestamp"]) if "timestamp" in value else None
    return NewStatement(
        id=identity,
        value=value,
        payload=_payload(value, raw, added, version),
        timestamp=timestamp,
        digest=equivalence.digest(value, timestamp, {part.property: part.canonical for part in parts}),
        voids=UUID(value["object"]["id"]) if value["verb"]["id"] == VOIDED else None,  # type: ignore[typeddict-item]
        parts=parts,
    )


def _payload(value: Statement, raw: bytes, added: dict[str, str], version: XapiVersion) -> bytes:
    """The client's text, changed only where the LRS has its own word."""
    if "stored" in value or "authority" in value or not normal_form.is_normal(value, version):
        members = normal_form.normalised(raw, version)
        members.pop("stored", None)
        members.pop("authority", None)
        raw = exact_json.encode(members)
    if added:
        return _encode(added)[:-1] + b"," + raw[1:]
    return raw


def _faults(error: json_text.NotRecordable, version: XapiVersion, root: json_text.Path) -> Iterator[Violation]:
    for path, rule, found in error.faults:
        yield Violation(written(root + path), rule, Clause.FORMAT.named(version), shown(found))


def _start_of(raw: bytes) -> str:
    """The first hundred characters, whatever the bytes are."""
    text = raw[:100].decode("utf-8", "backslashreplace")
    return text if len(text) <= 100 and len(raw) <= 100 else text[:99] + "…"
