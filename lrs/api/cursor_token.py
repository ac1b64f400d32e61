"""The `more` link's token: query and place, signed, so that it can be followed but not made up.

xAPI Communication 2.1.3: `more` is a relative IRL, and valid for at least a day; this one stays valid.
"""

import base64
import hmac
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from lrs.statement_log.search import Cursor

_SIGNATURE = 16


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
    body = msgspec.json.encode(continuation)
    return base64.urlsafe_b64encode(_signature(body, salt) + body).decode().rstrip("=")


def read(token: str, salt: bytes) -> Continuation | None:
    """What a token says; None when it was not made here."""
    try:
        signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    signature, body = signed[:_SIGNATURE], signed[_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(body, salt)):
        return None
    return _decode(body)


def _signature(body: bytes, salt: bytes) -> bytes:
    return blake2b(body, digest_size=_SIGNATURE, key=salt, person=b"more").digest()
