"""Which world is meant: one course at a position of the log, and what is set there for the sake of the question.

The rule of this file: a world follows from the log, so whoever means the same one finds it under the same name; a
world that other folds have computed has another name.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from projections.apply import VERSION

PREFIX = "as_of_"
Said = tuple[str, dict[str, Any]]
"""Kind and payload of an event."""


@dataclass(frozen=True, slots=True)
class World:
    """said: what is set at the position that nobody has set."""

    tenant: int
    course: UUID
    position: int
    said: tuple[Said, ...] = ()

    @property
    def name(self) -> str:
        """Of the schema that it is in."""
        told = msgspec.json.encode((self.tenant, self.course, self.position, self.said, VERSION), order="sorted")
        return f"{PREFIX}{blake2b(told, digest_size=12).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Building:
    """A world that is not there yet. done, of: statements that are in it, and about how many it will have."""

    done: int
    of: int
