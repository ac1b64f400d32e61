"""Strings that identify something: IRI, mailto IRI, SHA-1, UUID.

The rule of this file: an identifier is checked and kept exactly as it came. Nothing is lower-cased,
percent-decoded or otherwise normalised, because 1.0.3 Data 3.1 has IRIs compared as strings and a client
must get back what it sent. Each pattern is checked inside pydantic-core, without a call into Python.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from schemas.clauses import Clause

_SCHEME = "[A-Za-z][A-Za-z0-9+.-]*"
_ILLEGAL_IN_IRI = r"\x00-\x20\x7f-\x9f<>\x22{}|\\^`"
IRI_PATTERN = rf"^{_SCHEME}:[^{_ILLEGAL_IN_IRI}]+$"
"""A scheme, a colon and none of the characters that RFC 3987 has no place for (1.0.3 Data 2.2, 4.3)."""

_MAIL = r"[^\x00-\x20\x7f-\x9f@<>()\[\],;:\\\x22]+"
MAILTO_PATTERN = rf"^mailto:{_MAIL}@(?:{_MAIL}|\[[^\x00-\x20\[\]@]+\])$"
"""`mailto:` and one e-mail address, without headers or further addresses (1.0.3 Data 2.4.2.3)."""

SHA1_PATTERN = "^[0-9A-Fa-f]{40}$"
"""A SHA-1 in hexadecimal digits (1.0.3 Data 2.4.2.3)."""

UUID_PATTERN = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
"""The standard string form of RFC 4122, of whatever variant and version (1.0.3 Data 4.4)."""

Iri = Annotated[str, StringConstraints(strict=True, pattern=IRI_PATTERN)]
Irl = Iri
MailtoIri = Annotated[str, StringConstraints(strict=True, pattern=MAILTO_PATTERN)]
Sha1 = Annotated[str, StringConstraints(strict=True, pattern=SHA1_PATTERN)]
UuidText = Annotated[str, StringConstraints(strict=True, pattern=UUID_PATTERN)]

RULES: dict[str, tuple[str, Clause]] = {
    IRI_PATTERN: ("must be an IRI with a scheme", Clause.IRI),
    MAILTO_PATTERN: ("must be mailto: and an e-mail address", Clause.IDENTIFIER),
    SHA1_PATTERN: ("must be a SHA-1 of 40 hexadecimal digits", Clause.IDENTIFIER),
    UUID_PATTERN: ("must be a UUID in its standard string form", Clause.UUID),
}
"""What each pattern demands, in words."""
