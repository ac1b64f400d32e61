"""The smallest statement that is valid, and what reading a changed one says.

The rule of this file: a test names only the part that it is about.
"""

from __future__ import annotations

import json
from typing import Any

from schemas.errors import StatementRefused
from schemas.statement import NewStatement, read_statements
from schemas.version import XapiVersion

V1, V2 = XapiVersion.V1_0_3, XapiVersion.V2_0_0
AGENT = {"mbox": "mailto:ada@example.com"}
GROUP = {"objectType": "Group", "member": [AGENT]}
ACTIVITY = {"id": "http://example.com/activity"}
REFERENCE = {"objectType": "StatementRef", "id": "e05aa883-acaf-40ad-bf54-02c8ce485fb0"}


def statement(**parts: Any) -> dict[str, Any]:
    """A valid statement with these properties put in or replaced."""
    return {"actor": AGENT, "verb": {"id": "http://example.com/did"}, "object": ACTIVITY, **parts}


def read(value: Any, version: XapiVersion = V1) -> NewStatement:
    """The one statement that a value is."""
    (new,) = read_statements(json.dumps(value).encode(), version)
    return new


def faults(value: Any, version: XapiVersion = V1) -> set[str]:
    """The paths at which reading a value finds fault; none where it is accepted."""
    return faults_of(json.dumps(value).encode(), version)


def faults_of(body: bytes, version: XapiVersion = V1) -> set[str]:
    """The paths at which reading a text finds fault; none where it is accepted."""
    try:
        read_statements(body, version)
    except StatementRefused as refusal:
        return {violation.path for violation in refusal.violations}
    return set()
