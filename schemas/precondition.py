"""Preconditions: If-Match and If-None-Match, read strictly and judged against the ETag of what is there.

The rule of this file: a precondition that cannot be read is refused, never ignored (1.0.3 Communication 3.1; RFC 9110
13.1). Tags are digests of the content, so the weak form that a compressing proxy makes of one names the same content
and counts as the same; so does a tag without its quotes, which some clients send.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.clauses import Clause
from schemas.errors import PreconditionFailed, QueryRefused, Violation
from schemas.refusals import shown
from schemas.version import XapiVersion

IF_MATCH: Final = "If-Match"
IF_NONE_MATCH: Final = "If-None-Match"

_TAG = re.compile(r"""(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"|([\x21\x23-\x2b\x2d-\x7e]+)""")
_ELEMENT = re.compile(r"""[ \t]*+((?:W/)?"[^"]*"|[^", \t]*)[ \t]*+(?:,|$)""")
"""Possessive, so that many blanks in a list that cannot be read are not shared out between the two in every way."""

Tags = frozenset[str]
_ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The tags of each header without their quotes, or `*` alone; None where the header is absent."""

    if_match: Tags | None = None
    if_none_match: Tags | None = None

    @property
    def are_given(self) -> bool:
        """Whether the request says anything about the state that it demands."""
        return self.if_match is not None or self.if_none_match is not None

    def failing(self, tag: str | None) -> str | None:
        """The header that does not hold for what has this tag (None: there is nothing); None where both hold."""
        if self.if_match is not None and not _names(self.if_match, tag):
            return IF_MATCH
        if self.if_none_match is not None and _names(self.if_none_match, tag):
            return IF_NONE_MATCH
        return None

    def demand(self, tag: str | None, version: XapiVersion) -> None:
        """Raises PreconditionFailed unless both hold for what has this tag."""
        header = self.failing(tag)
        if header is not None:
            rule = "must match the document" if header == IF_MATCH else "must not match the document"
            found = "there is no document" if tag is None else f'its ETag is "{tag}"'
            raise PreconditionFailed([Violation(header, rule, Clause.CONCURRENCY.named(version), found)])


def read_preconditions(if_match: Sequence[str], if_none_match: Sequence[str], version: XapiVersion) -> Preconditions:
    """The preconditions that the values of these headers make, however often each is given. Raises QueryRefused."""
    violations: list[Violation] = []
    found = [
        _read(name, values, version, violations)
        for name, values in ((IF_MATCH, if_match), (IF_NONE_MATCH, if_none_match))
    ]
    if violations:
        raise QueryRefused(violations)
    return Preconditions(*found)


def _names(tags: Tags, tag: str | None) -> bool:
    return tag is not None and (tag in tags or _ANY in tags)


def _read(name: str, values: Sequence[str], version: XapiVersion, violations: list[Violation]) -> Tags | None:
    if not values:
        return None
    text = ", ".join(values).strip(" \t")
    tags = _tags(text)
    if not tags or (_ANY in tags and text != _ANY):
        rule = "must be * or a list of entity tags"
        violations.append(Violation(name, rule, Clause.CONCURRENCY.named(version), shown(text)))
    return tags


def _tags(text: str) -> Tags:
    """The tags of a list, without their quotes; none where it is no list. Empty elements count for nothing."""
    tags: set[str] = set()
    place = 0
    while place < len(text):
        element = _ELEMENT.match(text, place)
        if element is None:
            return frozenset()
        place = element.end()
        if element.group(1):
            tag = _TAG.fullmatch(element.group(1))
            if tag is None:
                return frozenset()
            tags.add(tag.group(2) if tag.group(1) is None else tag.group(1))
    return frozenset(tags)
