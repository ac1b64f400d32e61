"""A small XML document as a tree whose elements know their lines.

The rule of this file: a document type declaration is refused before anything of it is read, so there are no entities
to expand and nothing outside the document is ever fetched; size, depth and number of elements have bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from schemas.configuration_refusal import refuse
from schemas.errors import Violation
from schemas.outline_import.lines import at_line

LARGEST: Final = 10_000_000
"""Bytes of a document."""
_DEEPEST: Final = 60
_MOST_ELEMENTS: Final = 500_000
_SEPARATOR: Final = " "


@dataclass(slots=True)
class Element:
    """An element: the namespace and name, the attributes without a namespace, its own text, and its line."""

    namespace: str
    name: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def of(self, name: str) -> Iterator[Element]:
        """Its children of this name, in its own namespace."""
        return (child for child in self.children if child.name == name and child.namespace == self.namespace)

    @property
    def text(self) -> str:
        """Its own text, trimmed, with every run of white space as one space."""
        return " ".join("".join(self.texts).split())


class _Refused(Exception):
    def __init__(self, rule: str, line: int, found: str) -> None:
        self.rule, self.line, self.found = rule, line, found


class _Builder:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(_SEPARATOR)
        line = self.parser.CurrentLineNumber
        self._count += 1
        if self._count > _MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            rule = f"must have at most {_MOST_ELEMENTS} elements, {_DEEPEST} within each other"
            raise _Refused(rule, line, f"{self._count} elements, {len(self._open) + 1} deep")
        plain = {key: value for key, value in attributes.items() if _SEPARATOR not in key}
        element = Element(namespace, local, plain, line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].texts.append(text)

    def _doctype(self, name: str, *_: object) -> None:
        raise _Refused("must have no document type declaration", self.parser.CurrentLineNumber, f"<!DOCTYPE {name}")


def read_xml(document: bytes, clause: str) -> Element:
    """The root of a document. Raises ConfigurationRefused."""
    if len(document) > LARGEST:
        refuse([Violation("", f"must have at most {LARGEST} bytes", clause, f"{len(document)} bytes")])
    builder = _Builder()
    try:
        builder.parser.Parse(document, True)
    except _Refused as error:
        refuse([Violation(at_line(error.line, ""), error.rule, clause, error.found)])
    except expat.ExpatError as error:
        found = expat.ErrorString(error.code) or "no XML"
        refuse([Violation(at_line(error.lineno, ""), "must be well-formed XML", clause, found)])
    except (LookupError, ValueError) as error:  # an encoding that nobody knows
        refuse([Violation(at_line(1, ""), "must be XML in a known encoding", clause, str(error)[:100])])
    assert builder.root is not None
    return builder.root
