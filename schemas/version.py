"""Which version of xAPI a request speaks: 1.0.x is answered as 1.0.3, 2.0.x as 2.0.0, nothing else.

The rule of this file: the version is decided once, from the header, and travels as a value.
"""

from __future__ import annotations

import re
from enum import StrEnum

from schemas.errors import QueryRefused, Violation

HEADER = "X-Experience-API-Version"

VERSION_PATTERN_103 = r"^1\.0(?:\.[0-9]+)?$"
"""What `version` a statement of 1.0.3 may have: 1.0 or 1.0.x (1.0.3 Data 2.4.10)."""

VERSION_PATTERN = r"^[12]\.0(?:\.[0-9]+)?$"
"""What `version` a statement sent by 2.0.0 may have: statements of 1.0.x are accepted too."""


class XapiVersion(StrEnum):
    """A version of the specification that this server speaks."""

    V1_0_3 = "1.0.3"
    V2_0_0 = "2.0.0"

    @property
    def default_statement_version(self) -> str:
        """What `version` a statement without one is given (1.0.3 Data 2.4.10, 2.0.0 4.2.4.3)."""
        return "1.0.0" if self is XapiVersion.V1_0_3 else "2.0.0"


_SPOKEN = {
    XapiVersion.V1_0_3: re.compile(r"1\.0(\.[0-9]+)?"),
    XapiVersion.V2_0_0: re.compile(r"2\.0(\.[0-9]+)?"),
}


def read_version(header: str | None) -> XapiVersion:
    """The version asked for by the header of a request (1.0.3 Communication 3.3, 2.0.0 4.1.7).

    `1.0` and `1.0.x` are 1.0.3, `2.0` and `2.0.x` are 2.0.0. Raises QueryRefused for any other version
    and for a missing header.
    """
    for version, spoken in _SPOKEN.items():
        if header is not None and spoken.fullmatch(header.strip(" \t")):
            return version
    raise QueryRefused(
        [
            Violation(
                path=HEADER,
                rule="must be 1.0.x or 2.0.x",
                clause="xAPI 1.0.3 Communication 3.3",
                found="absent" if header is None else repr(header)[:100],
            )
        ]
    )
