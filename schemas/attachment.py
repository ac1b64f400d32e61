"""What a statement says of a file that belongs to it.

The rule of this file: the description is complete (usageType, display, contentType, length, sha2; 1.0.3
Data 2.4.11, 2.0.0 4.2.2.6), and the file itself is somebody else's matter: neither length nor hash is
compared with any content here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, NotRequired

from pydantic import Field, StringConstraints, with_config
from typing_extensions import TypedDict

from schemas.clauses import Clause
from schemas.identifiers import Iri, Irl
from schemas.language_map import LanguageMap
from schemas.shape import STRICT

if TYPE_CHECKING:
    from hashlib import _Hash

SIGNATURE: Final = "http://adlnet.gov/expapi/attachments/signature"
"""The usageType of a statement's own signature (1.0.3 Data 2.6, 2.0.0 4.2.6)."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
MEDIA_TYPE_PATTERN = rf"^{_TOKEN}/{_TOKEN}(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?$"
"""Type, subtype and any parameters, as RFC 2046 has them."""

SHA2_PATTERN = "^(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{56}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128})$"
"""SHA-256, SHA-224, SHA-384 or SHA-512 in hexadecimal digits."""


@with_config(STRICT)
class Attachment(TypedDict):
    """The description of one attachment; `length` is in octets."""

    usageType: Iri
    display: LanguageMap
    description: NotRequired[LanguageMap]
    contentType: Annotated[str, StringConstraints(strict=True, pattern=MEDIA_TYPE_PATTERN)]
    length: Annotated[int, Field(strict=True, ge=0)]
    sha2: Annotated[str, StringConstraints(strict=True, pattern=SHA2_PATTERN)]
    fileUrl: NotRequired[Irl]


RULES: dict[str, tuple[str, Clause]] = {
    MEDIA_TYPE_PATTERN: ("must be an Internet media type", Clause.ATTACHMENT),
    SHA2_PATTERN: ("must be a SHA-2 hash in hexadecimal digits", Clause.ATTACHMENT),
}
"""What each pattern demands, in words."""

_SHA2: Final = re.compile(SHA2_PATTERN)
_ALGORITHMS: Final = {28: "sha224", 32: "sha256", 48: "sha384", 64: "sha512"}


def attachments_of(statement: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Attachment]]:
    """Every attachment of a valid statement with its path, those of its SubStatement too."""
    for index, attachment in enumerate(statement.get("attachments", ())):
        yield ("attachments", index), attachment
    for index, attachment in enumerate(statement["object"].get("attachments", ())):
        yield ("object", "attachments", index), attachment


def sha2_of(digits: str) -> bytes | None:
    """The hash that hexadecimal digits of either case stand for; None where they are no SHA-2."""
    return bytes.fromhex(digits) if _SHA2.fullmatch(digits) else None


def hashing(sha2: bytes) -> _Hash:
    """What computes a hash of that kind: which one it is, its length says."""
    return hashlib.new(_ALGORITHMS[len(sha2)])
