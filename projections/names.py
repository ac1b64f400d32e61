"""What stands for a text in the read models: 128 bits, the same on every rebuild."""

from functools import lru_cache
from hashlib import blake2b

Name = bytes
"""16 bytes, a `uuid` to PostgreSQL, but compared and hashed at the speed of C."""


LONGEST = 4096
"""Characters of a text whose name is remembered."""


def named(text: str) -> Name:
    """The name of an IRI or identifier."""
    return _remembered(text) if len(text) <= LONGEST else hash_of(text)


@lru_cache(maxsize=100_000)
def _remembered(text: str) -> Name:
    return hash_of(text)


def hash_of(text: str) -> Name:
    """blake2b of a text."""
    return blake2b(text.encode(), digest_size=16).digest()
