"""What the document resources answer: a plain reading of xAPI 1.0.3 Communication 2.2, 2.3, 2.6, 2.7, 3.1 and of 2.0.0
4.1.4, 4.1.6, over a dictionary.

The rule of this file: it shares no code with what it judges.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha1
from typing import Any


@dataclass(frozen=True)
class Kept:
    """A document of the model."""

    content: bytes
    kind: str

    @property
    def tag(self) -> str:
        return sha1(self.content).hexdigest()


@dataclass(frozen=True)
class Conditions:
    """Tags without quotes, or `*`; None where a header is absent."""

    match: tuple[str, ...] | None = None
    none_match: tuple[str, ...] | None = None

    def headers(self) -> dict[str, str]:
        """As a client sends them."""
        given = {"If-Match": self.match, "If-None-Match": self.none_match}
        return {
            name: ", ".join(tag if tag == "*" else f'"{tag}"' for tag in tags)
            for name, tags in given.items()
            if tags is not None
        }

    def hold(self, kept: Kept | None) -> bool:
        """Whether both do for what is there."""
        names = {"*", kept.tag} if kept else set()
        matches = self.match is None or bool(names & set(self.match))
        return matches and (self.none_match is None or not names & set(self.none_match))

    @property
    def are_absent(self) -> bool:
        return self.match is None and self.none_match is None


def parsed(content: bytes) -> Any:
    """JSON with its numbers exact; None where it is none."""
    try:
        return json.loads(content.decode(), parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(name: str) -> Any:
    raise ValueError(name)


@dataclass
class Model:
    """The documents of one owner, in the order of their last changes."""

    is_state: bool
    kept: dict[str, Kept] = field(default_factory=dict)

    def put(self, version: str, id: str, sent: Kept, conditions: Conditions) -> int:
        """The status; stores what is stored."""
        there = self.kept.get(id)
        if not conditions.hold(there):
            return 412
        if conditions.are_absent and not (self.is_state and version == "1.0.3"):
            if there is not None:
                return 409
            if version == "1.0.3":
                return 400
        self.store(id, sent)
        return 204

    def post(self, id: str, sent: Kept, conditions: Conditions) -> tuple[int, Any]:
        """The status, and what a merge gives, which the server may write as it likes; else stores what is stored."""
        there = self.kept.get(id)
        if not conditions.hold(there):
            return 412, None
        if there is None:
            says_json = sent.kind.split(";")[0] == "application/json"
            if says_json and not self.is_state and not isinstance(parsed(sent.content), dict):
                return 400, None
            self.store(id, sent)
            return 204, None
        both = [parsed(one.content) for one in (there, sent)]
        if any(one.kind.split(";")[0] != "application/json" for one in (there, sent)):
            return 400, None
        if not all(isinstance(one, dict) for one in both):
            return 400, None
        return 204, {**both[0], **both[1]}

    def delete(self, id: str, conditions: Conditions) -> int:
        """The status; forgets what is deleted."""
        if not conditions.hold(self.kept.get(id)):
            return 412
        self.kept.pop(id, None)
        return 204

    def store(self, id: str, document: Kept) -> None:
        """The newest of all."""
        self.kept.pop(id, None)
        self.kept[id] = document
