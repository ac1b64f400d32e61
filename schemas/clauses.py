"""Where each rule is written: one entry per clause, in both versions of the specification.

The rule of this file: a refusal always names the clause of the version that the client spoke. The
numbers of 1.0.3 are those of "Part Two: Experience API Data" and "Part Three: Communication"; those of
2.0.0 are the sections of IEEE 9274.1.1, "xAPI Base Standard for LRSs".
"""

from __future__ import annotations

from enum import Enum

from pydantic_core import PydanticCustomError

from schemas.version import XapiVersion


class Clause(Enum):
    """A clause, as (number in 1.0.3, number in 2.0.0)."""

    FORMAT = ("Data 2.2", "4.2.1")
    STATEMENT = ("Data 2.4", "4.2.2")
    ACTOR = ("Data 2.4.2", "4.2.2.1")
    AGENT = ("Data 2.4.2.1", "4.2.2.1")
    GROUP = ("Data 2.4.2.2", "4.2.2.1")
    IDENTIFIER = ("Data 2.4.2.3", "4.2.2.1")
    ACCOUNT = ("Data 2.4.2.4", "4.2.2.1")
    VERB = ("Data 2.4.3", "4.2.2.2")
    OBJECT = ("Data 2.4.4", "4.2.2.3")
    ACTIVITY = ("Data 2.4.4.1", "4.2.2.3")
    VOIDING = ("Data 2.3.2", "4.2.5")
    RESULT = ("Data 2.4.5", "4.2.2.4")
    SCORE = ("Data 2.4.5.1", "4.2.2.4")
    CONTEXT = ("Data 2.4.6", "4.2.2.5")
    CONTEXT_ACTIVITIES = ("Data 2.4.6.2", "4.2.2.5")
    TIMESTAMP = ("Data 2.4.7", "4.2.4.2")
    STORED = ("Data 2.4.8", "4.2.4.2")
    AUTHORITY = ("Data 2.4.9", "4.2.4.2")
    STATEMENT_VERSION = ("Data 2.4.10", "4.2.2")
    ATTACHMENT = ("Data 2.4.11", "4.2.2.6")
    SIGNATURE = ("Data 2.6", "4.2.6")
    EXTENSIONS = ("Data 4.1", "4.2.7")
    LANGUAGE = ("Data 4.2", "4.2.7")
    IRI = ("Data 4.3", "4.2.7")
    UUID = ("Data 4.4", "4.2.7")
    TIMESTAMP_TYPE = ("Data 4.5", "4.2.7")
    DURATION = ("Data 4.6", "4.2.7")
    CONTENT_TYPE = ("Communication 1.5", "4.1.3")
    MULTIPART = ("Communication 1.5.2", "4.1.3")
    PUT_STATEMENT = ("Communication 2.1.1", "4.1.6.1")
    POST_STATEMENTS = ("Communication 2.1.2", "4.1.6.1")
    GET_STATEMENTS = ("Communication 2.1.3", "4.1.6.1")
    DOCUMENTS = ("Communication 2.2", "4.1.6")
    STATE = ("Communication 2.3", "4.1.6.2")
    AGENTS = ("Communication 2.4", "4.1.6.3")
    ACTIVITIES = ("Communication 2.5", "4.1.6.4")
    AGENT_PROFILE = ("Communication 2.6", "4.1.6.5")
    ACTIVITY_PROFILE = ("Communication 2.7", "4.1.6.6")
    CONCURRENCY = ("Communication 3.1", "4.1.4")

    def named(self, version: XapiVersion) -> str:
        """The clause as a refusal writes it: `xAPI 1.0.3 Data 2.4.2.1` or `xAPI 2.0.0 4.2.2.1`."""
        old, new = self.value
        return f"xAPI {version} {old if version is XapiVersion.V1_0_3 else new}"


NOUNS: dict[str, Clause] = {
    "actor": Clause.ACTOR,
    "member": Clause.GROUP,
    "instructor": Clause.ACTOR,
    "team": Clause.GROUP,
    "agent": Clause.AGENT,
    "group": Clause.GROUP,
    "account": Clause.ACCOUNT,
    "verb": Clause.VERB,
    "object": Clause.OBJECT,
    "definition": Clause.ACTIVITY,
    "result": Clause.RESULT,
    "score": Clause.SCORE,
    "context": Clause.CONTEXT,
    "contextActivities": Clause.CONTEXT_ACTIVITIES,
    "contextAgents": Clause.CONTEXT,
    "contextGroups": Clause.CONTEXT,
    "timestamp": Clause.TIMESTAMP,
    "stored": Clause.STORED,
    "authority": Clause.AUTHORITY,
    "version": Clause.STATEMENT_VERSION,
    "attachments": Clause.ATTACHMENT,
    "extensions": Clause.EXTENSIONS,
}
"""The clause that describes each property which has one of its own."""


def clause_of(path: tuple[str | int, ...]) -> Clause:
    """The clause of the innermost noun on a path; that of the statement's properties where there is none."""
    for part in reversed(path):
        if isinstance(part, str) and part in NOUNS:
            return NOUNS[part]
    return Clause.STATEMENT


def broken(rule: str, clause: Clause, *path: str | int) -> PydanticCustomError:
    """The error for a rule between several properties; `path` leads from the value checked to the culprit."""
    return PydanticCustomError("broken", "{rule}", {"rule": rule, "clause": clause, "path": path})
