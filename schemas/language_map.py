"""Texts in several languages, keyed by language tag.

The rule of this file: a tag is well-formed by RFC 5646, section 2.1, in every part and not only in the
lengths of its parts (1.0.3 Data 4.2 asks at least for those); whether a subtag is registered is not asked.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from schemas.clauses import Clause

_IRREGULAR = (
    "(?i-u:en-gb-oed|i-ami|i-bnn|i-default|i-enochian|i-hak|i-klingon|i-lux|i-mingo|i-navajo|i-pwn|i-tao|i-tay"
    "|i-tsu|sgn-be-fr|sgn-be-nl|sgn-ch-de)"
)
_LETTER = "[A-Za-z]"
_ALPHANUMERIC = "[0-9A-Za-z]"
_LANGUAGE = f"(?:{_LETTER}{{2,3}}(?:-{_LETTER}{{3}}){{0,3}}|{_LETTER}{{4,8}})"
_SCRIPT = f"(?:-{_LETTER}{{4}})?"
_REGION = f"(?:-(?:{_LETTER}{{2}}|[0-9]{{3}}))?"
_VARIANTS = f"(?:-(?:{_ALPHANUMERIC}{{5,8}}|[0-9]{_ALPHANUMERIC}{{3}}))*"
_EXTENSIONS = f"(?:-[0-9A-WY-Za-wy-z](?:-{_ALPHANUMERIC}{{2,8}})+)*"
_PRIVATE = f"[xX](?:-{_ALPHANUMERIC}{{1,8}})+"

LANGUAGE_TAG_PATTERN = (
    f"^(?:{_LANGUAGE}{_SCRIPT}{_REGION}{_VARIANTS}{_EXTENSIONS}(?:-{_PRIVATE})?|{_PRIVATE}|{_IRREGULAR})$"
)
"""A well-formed tag of RFC 5646, the irregular ones registered before it included."""

LanguageTag = Annotated[str, StringConstraints(strict=True, pattern=LANGUAGE_TAG_PATTERN)]
Text = Annotated[str, StringConstraints(strict=True)]
LanguageMap = dict[LanguageTag, Text]

RULES: dict[str, tuple[str, Clause]] = {
    LANGUAGE_TAG_PATTERN: ("must be a language tag of RFC 5646", Clause.LANGUAGE),
}
"""What each pattern demands, in words."""
