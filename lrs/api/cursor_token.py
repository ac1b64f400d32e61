"""The `more` link's token: query and place, signed, so that it can be followed but not made up.

xAPI Communication 2.1.3: `more` is a relative IRL, and valid for at least a day; this one stays valid. What a token is
for is signed with it: a link of one resource is none of another.
"""

import base64
import hmac
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from lrs.statement_log.search import Cursor

_SIGNATURE = 16
_STATEMENTS = b"more"


class Continuation(NamedTuple):
    """The parameters of the first request, and where the next page begins."""

    params: list[tuple[str, str]]
    stored: datetime
    position: int

    @property
    def cursor(self) -> Cursor:
        """Where the next page begins."""
        return Cursor(self.stored, self.position)


_decode = msgspec.json.Decoder(Continuation).decode


def sign(continuation: Continuation, salt: bytes) -> str:
    """The token, in URL-safe base64."""
    return sealed(msgspec.json.encode(continuation), salt, _STATEMENTS)


def read(token: str, salt: bytes) -> Continuation | None:
    """What a token says; None when it was not made here."""
    body = opened(token, salt, _STATEMENTS)
    return None if body is None else _decode(body)


def sealed(body: bytes, salt: bytes, purpose: bytes) -> str:
    """Signed for a purpose (at most 16 bytes), in URL-safe base64."""
    return base64.urlsafe_b64encode(_signature(body, salt, purpose) + body).decode().rstrip("=")


def opened(token: str, salt: bytes, purpose: bytes) -> bytes | None:
    """What was sealed for this purpose; None when it was not sealed here."""
    try:
        signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    signature, body = signed[:_SIGNATURE], signed[_SIGNATURE:]
    return body if hmac.compare_digest(signature, _signature(body, salt, purpose)) else None


def _signature(body: bytes, salt: bytes, purpose: bytes) -> bytes:
    return blake2b(body, digest_size=_SIGNATURE, key=salt, person=purpose).digest()
