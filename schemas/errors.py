"""Every domain error of the system, and no HTTP in any of them.

The rule of this file: an error's message is its docstring unless it is raised with one of its own, and
an error carries what a caller needs to answer with, as values rather than as text to be parsed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from inspect import cleandoc
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule of the specification that something sent to us breaks.

    `path` names the place (`actor.mbox`, `[3].object.id` within a batch, `` for the whole body);
    `rule` says in words what must hold there; `clause` is where that is written
    (`xAPI 1.0.3 Data 2.4.2.1`); `found` shows what was there instead, in at most 100 characters.
    """

    path: str
    rule: str
    clause: str
    found: str

    def __str__(self) -> str:
        return f"{self.path or 'body'} {self.rule} ({self.clause}); found {self.found}"


class LrsError(Exception):
    """Something went wrong in the learning record store."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or cleandoc(type(self).__doc__ or ""))


class _Refused(LrsError):
    """What was sent breaks the specification."""

    def __init__(self, violations: Iterable[Violation], message: str | None = None) -> None:
        self.violations: tuple[Violation, ...] = tuple(violations)
        summary = message or cleandoc(type(self).__doc__ or "")
        super().__init__("\n".join([summary, *(str(violation) for violation in self.violations)]))


class StatementRefused(_Refused):
    """The statements break the specification, so none of them was recorded."""


class QueryRefused(_Refused):
    """The parameters or headers of the request break the specification."""


class DocumentRefused(_Refused):
    """The document breaks the specification, so nothing was stored or changed."""


class ConfigurationRefused(_Refused):
    """The configuration cannot be used as it is, so nothing of it was set."""


class PreconditionFailed(_Refused):
    """The document is not in the state that the request demands of it; nothing was changed."""


class DocumentConflict(_Refused):
    """The document exists, and the request does not say which state of it was seen; nothing was changed.

    Check the current state of the document, then send its ETag as If-Match, or send If-None-Match: * to create only.
    """


class StatementConflict(LrsError):
    """A different statement with this id is already recorded."""

    def __init__(self, statement_id: UUID) -> None:
        self.statement_id = statement_id
        super().__init__(f"A different statement with the id {statement_id} is already recorded.")


class NotFound(LrsError):
    """There is nothing of that name here."""


class NotSignedIn(LrsError):
    """The request carries no credential that is in force."""


class TokenRefused(NotSignedIn):
    """The bearer token is not one that this server takes."""


class ScopeMissing(LrsError):
    """The credential lacks a scope that the request needs."""

    def __init__(self, needed: Iterable[str], held: Iterable[str]) -> None:
        self.needed = tuple(needed)
        self.held = tuple(held)
        super().__init__(f"This needs the scope {' or '.join(self.needed)}, which the credential does not have.")


class OtherOrigin(LrsError):
    """Credentials are not changed at the request of another site's page."""


class CredentialDisabled(LrsError):
    """The credential is disabled."""


class LetterUndecidable(LrsError):
    """Nothing can be decided of this dead letter as it stands."""


class IssuerUnavailable(LrsError):
    """The issuer of bearer tokens cannot be asked for its keys at the moment; the same request may succeed later."""


class Overloaded(LrsError):
    """More statements wait to be stored than this server holds; nothing of this request is stored, send it again."""


class AttachmentUrlUnusable(LrsError):
    """LRS_ATTACHMENT_URL names no object store that can be used."""


class AttachmentsUnavailable(LrsError):
    """The contents of attachments cannot be kept or read at the moment; the same request may succeed later."""


class DatabaseUnavailable(LrsError):
    """The database cannot be reached at the moment; the same request may succeed later."""


class NotReadYet(LrsError):
    """What is read here has not come up to the position that the request names; the same request may succeed later."""


class TopicNotOurs(LrsError):
    """Somebody else has written to the Kafka topic: name another one with LRS_KAFKA_TOPIC."""

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"The Kafka topic {topic} holds messages, and this database has never sent any there:"
            " a topic carries the log of one database, so name another with LRS_KAFKA_TOPIC."
        )


class TopicPartitionsDiffer(LrsError):
    """The Kafka topic has another number of partitions than LRS_KAFKA_PARTITIONS, which is chosen once."""

    def __init__(self, topic: str, found: int, wanted: int) -> None:
        super().__init__(
            f"The Kafka topic {topic} has {found} partitions, not {wanted} (LRS_KAFKA_PARTITIONS):"
            " the number is chosen once; another number takes another topic (LRS_KAFKA_TOPIC)."
        )
