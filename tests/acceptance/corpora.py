"""The real corpora, statement by statement: which file, which number, and the JSON text as it stands there."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from schemas.json_text import cut
from schemas.version import XapiVersion

NOT_STATEMENTS = {"MANIFEST.json", "course_blocks.structure.json"}


class Sent(NamedTuple):
    """One statement of a corpus: file relative to `statements`, index in the file, its text and its value."""

    file: str
    number: int
    text: bytes
    value: dict[str, Any]

    @property
    def version(self) -> XapiVersion:
        """The version to speak: what the statement says itself, otherwise 1.0.3."""
        return XapiVersion.V2_0_0 if self.value.get("version") == "2.0.0" else XapiVersion.V1_0_3

    def with_id(self) -> dict[str, Any]:
        """The statement with an id: one made from its place where it has none."""
        return {"id": str(uuid_of(f"{self.file}/{self.number}"))} | self.value


def uuid_of(text: str) -> UUID:
    """A UUID that is the same in every run."""
    return uuid5(NAMESPACE_URL, text)


def statements_of(folder: Path, *, below: str = "") -> Iterator[Sent]:
    """Every statement of `folder`, or of one folder in it, those that must be refused too."""
    for path in sorted((folder / below).rglob("*")):
        if path.is_file() and path.name not in NOT_STATEMENTS:
            content = path.read_bytes()
            texts = gzip.decompress(content).splitlines() if path.suffix == ".gz" else cut(content)[0]
            for index, text in enumerate(texts):
                yield Sent(path.relative_to(folder).as_posix(), index, text, msgspec.json.decode(text))
