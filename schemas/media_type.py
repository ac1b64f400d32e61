"""What kind of content something is.

The rule of this file: kinds are compared without their parameters and without case (RFC 9110, 8.3.1).
"""

from __future__ import annotations

from typing import Final

JSON: Final = "application/json"


def essence(content_type: str | None) -> str:
    """Type and subtype of a Content-Type in lower case; empty where there is none."""
    return (content_type or "").partition(";")[0].strip().lower()
