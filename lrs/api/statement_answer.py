"""How statements are answered: as JSON, or with the contents of their attachments as multipart/mixed.

xAPI Communication 1.5.2, 2.1.3. The JSON comes first, then each content once that came with one of these statements;
what is only known by its fileUrl is not here. The length of the answer is known before its first byte, so that one
which breaks off is never taken for whole.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import NamedTuple
from uuid import uuid4

import msgspec
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from lrs.api.multipart_mixed import END_OF_PART, MEDIA_TYPE, closing_delimiter, delimiter
from lrs.api.services import Services
from lrs.attachments.store import Belonging, KeptContent
from lrs.statement_log.recorded import RecordedStatement
from schemas.attachment import sha2_of
from schemas.media_type import JSON


class _Attachment(msgspec.Struct):
    sha2: str
    contentType: str  # noqa: N815


class _Object(msgspec.Struct):
    attachments: list[_Attachment] = []


class _Statement(msgspec.Struct):
    object: _Object
    attachments: list[_Attachment] = []


class _Part(NamedTuple):
    head: bytes
    content: KeptContent


_decode = msgspec.json.Decoder(_Statement).decode


async def statement_answer(
    request: Request,
    here: Services,
    tenant: int,
    document: str,
    statements: Iterable[RecordedStatement],
    headers: Mapping[str, str],
    *,
    attachments: bool,
) -> Response:
    """The answer whose JSON is `document`, with the contents that belong to the statements where they are asked for.

    Raises AttachmentsUnavailable.
    """
    if not attachments:
        return Response(document, 200, headers, JSON)
    boundary = uuid4().hex
    opening = delimiter(boundary, [("Content-Type", JSON)]) + document.encode() + END_OF_PART
    closing = closing_delimiter(boundary)
    parts = await _parts(here, tenant, statements, boundary)
    length = sum(len(part.head) + part.content.length + len(END_OF_PART) for part in parts)
    headers = {
        **headers,
        "Content-Type": f"{MEDIA_TYPE}; boundary={boundary}",  # without quotes: clients keep them
        "Content-Length": str(len(opening) + length + len(closing)),
    }
    if request.method == "HEAD":
        return Response(None, 200, headers)

    async def stream() -> AsyncIterator[bytes]:
        yield opening
        for part in parts:
            yield part.head
            async for data in here.attachments.read(tenant, part.content):
                yield data
            yield END_OF_PART
        yield closing

    return StreamingResponse(stream(), 200, headers)


async def _parts(here: Services, tenant: int, statements: Iterable[RecordedStatement], boundary: str) -> list[_Part]:
    """The contents in the order of the statements, each as the first attachment with its hash describes it."""
    described: dict[bytes, _Attachment] = {}
    wanted: dict[Belonging, None] = {}
    for statement in statements:
        value = _decode(statement.payload)
        for attachment in (*value.attachments, *value.object.attachments):
            sha2 = sha2_of(attachment.sha2)
            assert sha2 is not None
            described.setdefault(sha2, attachment)
            wanted[Belonging(statement.id, sha2)] = None
    found = await here.attachments.find(tenant, wanted)
    return [_Part(_head(boundary, described[sha2]), found[sha2]) for sha2 in described if sha2 in found]


def _head(boundary: str, attachment: _Attachment) -> bytes:
    headers = [
        ("Content-Type", attachment.contentType),
        ("Content-Transfer-Encoding", "binary"),
        ("X-Experience-API-Hash", attachment.sha2),
    ]
    return delimiter(boundary, headers)
