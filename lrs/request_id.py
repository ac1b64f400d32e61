"""Which request is being answered: one id, in its answer, in every line of the log about it, and in a problem.

The rule of this file: an id that comes with a request is taken where it is one; so a balancer, a client and this server
can speak of the same request.
"""

import re
from contextvars import ContextVar
from itertools import count
from secrets import token_hex
from typing import Final

HEADER: Final = "X-Request-ID"
REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""Empty where no request is being answered."""

_FITTING: Final = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


class Ids:
    """Ids that no other process gives."""

    def __init__(self) -> None:
        self._begin = token_hex(8)
        self._numbers = count(1)

    def next(self) -> bytes:
        """Another one."""
        return f"{self._begin}-{next(self._numbers)}".encode()

    def of(self, given: bytes | None) -> bytes:
        """The id that was given, where it is one; else another."""
        return given if given is not None and _FITTING.fullmatch(given) else self.next()
