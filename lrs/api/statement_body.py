"""What a request to store statements carries: JSON, or multipart/mixed with the contents of attachments.

The rule of this file: an attachment has a fileUrl, or its content comes with the request (xAPI Communication 1.5); a
signature that comes with the request is one of its statement (Data 2.6). A refused body is read to its end, so that a
client that is still sending comes to read the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request

from lrs.api.body import read_body
from lrs.api.mixed_body import MixedBody, Read
from lrs.api.multipart_mixed import MEDIA_TYPE
from lrs.api.problems import BodyTooLarge
from lrs.attachments.spool import Content, Spool
from lrs.attachments.store import Belonging
from lrs.settings import Settings
from schemas.attachment import SIGNATURE, Attachment, attachments_of, sha2_of
from schemas.clauses import Clause
from schemas.errors import StatementRefused, Violation
from schemas.json_text import Path
from schemas.media_type import JSON, essence
from schemas.refusals import shown, written
from schemas.signature import CONTENT_TYPE, Malformed, Signed, read_signature
from schemas.statement import NewStatement
from schemas.version import XapiVersion


@dataclass(frozen=True, slots=True)
class StatementBody:
    """The statements of a request, and the contents that came with them, by hash."""

    statements: list[NewStatement]
    contents: dict[bytes, Content]

    @property
    def belongings(self) -> list[Belonging]:
        """Which content came with which statement."""
        hashes = ((one.id, sha2_of(each["sha2"])) for one in self.statements for _, each in attachments_of(one.value))
        return [Belonging(id, sha2) for id, sha2 in dict.fromkeys(hashes) if sha2 is not None and sha2 in self.contents]


@asynccontextmanager
async def statement_body(
    request: Request, settings: Settings, version: XapiVersion, read: Read
) -> AsyncIterator[StatementBody]:
    """The body of a request, and its contents for as long as they are needed; `read` makes statements of its JSON.

    Raises StatementRefused, BodyTooLarge and AttachmentsUnavailable.
    """
    content_type = request.headers.get("content-type", "")
    kind = essence(content_type)
    if kind == JSON:
        text = await read_body(request, settings.max_body_bytes)
        statements = await read(text)
        _demand(attachment_faults(statements, text, frozenset(), version))
        yield StatementBody(statements, {})
    elif kind == MEDIA_TYPE:
        with Spool() as spool:
            mixed = MixedBody(content_type, read, spool, settings.max_body_bytes, version)
            await _receive(request, settings.max_attachment_bytes, mixed)
            body = StatementBody(mixed.statements, mixed.contents)
            _demand([*mixed.faults, *attachment_faults(body.statements, mixed.text, mixed.named, version)])
            _demand([fault async for fault in _signature_faults(body, mixed.text, settings.max_body_bytes, version)])
            yield body
    else:
        clause = Clause.CONTENT_TYPE.named(version)
        rule = f"must be {JSON} or {MEDIA_TYPE}"
        raise StatementRefused([Violation("Content-Type", rule, clause, kind[:100] or "absent")])


async def _receive(request: Request, most: int, mixed: MixedBody) -> None:
    chunks = _chunks(request, most)
    try:
        async for chunk in chunks:
            await mixed.take(chunk)
        await mixed.close()
    except StatementRefused:
        async for _ in chunks:
            pass
        raise


async def _chunks(request: Request, most: int) -> AsyncIterator[bytes]:
    too_large = BodyTooLarge(f"The statements and their attachments are larger than {most} bytes.")
    if int(request.headers.get("content-length", 0)) > most:
        raise too_large
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise too_large
        yield chunk


def _demand(faults: Iterable[Violation]) -> None:
    found = list(faults)
    if found:
        raise StatementRefused(found)


def attachment_faults(
    statements: list[NewStatement], text: bytes, named: Iterable[bytes], version: XapiVersion
) -> Iterator[Violation]:
    """What is wrong with attachments, as far as is seen without contents; `named` are the hashes of those that came."""
    there = frozenset(named)
    for _, path, attachment in _attachments(statements, text):
        if "fileUrl" not in attachment and sha2_of(attachment["sha2"]) not in there:
            rule = "must have a fileUrl, or its data as a part of multipart/mixed"
            yield Violation(written(path), rule, Clause.MULTIPART.named(version), "neither")
        kind = attachment["contentType"]
        if _is_signature(attachment, path) and essence(kind) != CONTENT_TYPE:
            rule = f"must be {CONTENT_TYPE}, as that of every signature"
            yield Violation(written((*path, "contentType")), rule, Clause.SIGNATURE.named(version), shown(kind))


async def _signature_faults(
    body: StatementBody, text: bytes, longest: int, version: XapiVersion
) -> AsyncIterator[Violation]:
    """What is wrong with signatures that came; one that only has a fileUrl cannot be looked at."""
    read: dict[bytes, Signed | Malformed] = {}
    for statement, path, attachment in _attachments(body.statements, text):
        sha2 = sha2_of(attachment["sha2"])
        if not _is_signature(attachment, path) or sha2 is None or sha2 not in body.contents:
            continue
        if sha2 not in read:
            read[sha2] = await _signature(body.contents[sha2], longest, version)
        match read[sha2]:
            case Malformed(rule=rule, found=found):
                yield Violation(written(path), rule, Clause.SIGNATURE.named(version), found)
            case Signed() as signed if not signed.is_of(statement):
                rule = "must sign the statement that it comes with"
                yield Violation(written(path), rule, Clause.SIGNATURE.named(version), "another statement, signed")


async def _signature(content: Content, longest: int, version: XapiVersion) -> Signed | Malformed:
    if content.length > longest:
        return Malformed(f"must be a JWS of at most {longest} bytes", f"{content.length} bytes")
    try:
        return await asyncio.to_thread(read_signature, await content.whole(), version)
    except Malformed as error:
        return error


def _is_signature(attachment: Attachment, path: Path) -> bool:
    """Whether it is said to sign the statement that has it; that of a SubStatement signs something else."""
    return attachment["usageType"] == SIGNATURE and "object" not in path


def _attachments(statements: list[NewStatement], text: bytes) -> Iterator[tuple[NewStatement, Path, Attachment]]:
    """Every attachment, with its path in the JSON that the statements were read from."""
    is_array = text.lstrip(b" \t\r\n").startswith(b"[")
    for index, statement in enumerate(statements):
        for path, attachment in attachments_of(statement.value):
            yield statement, ((index, *path) if is_array else path), attachment
