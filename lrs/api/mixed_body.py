"""A multipart/mixed request to store statements, as it comes in (xAPI Communication 1.5.2).

The rule of this file: the first part has the statements, and says which contents may follow. Each of the other parts is
the content of an attachment, found by its hash and by nothing else, and nothing of it is held before it is known to be
wanted. The length and the type that its headers name are not compared, since clients err in them; the hash decides. It
also decides whether a delimiter that has no line break before it is one.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from lrs.api.joined_parts import LINE_BREAK, JoinedParts
from lrs.api.multipart_mixed import Data, Event, MultipartReader, NotMultipart, PartBegins, PartEnds, boundary_of
from lrs.api.problems import BodyTooLarge
from lrs.attachments.spool import Content, Spool
from schemas.attachment import attachments_of, hashing, sha2_of
from schemas.clauses import Clause
from schemas.errors import StatementRefused, Violation
from schemas.media_type import JSON, essence
from schemas.refusals import shown
from schemas.statement import NewStatement
from schemas.version import XapiVersion

HASH: Final = "X-Experience-API-Hash"
MOST_FAULTS: Final = 20
"""After so many faults of parts the rest of a body is not looked at."""
AT_ONCE: Final = 65_536
"""Bytes that are taken apart at a time."""

Read = Callable[[bytes], Awaitable[list[NewStatement]]]


class MixedBody:
    """Takes the chunks of a body; `read` makes statements of the JSON in its first part."""

    def __init__(self, content_type: str, read: Read, spool: Spool, most_text: int, version: XapiVersion) -> None:
        """Raises StatementRefused where the Content-Type names no boundary."""
        self.text = b""
        self.statements: list[NewStatement] = []
        self.contents: dict[bytes, Content] = {}
        self.named: set[bytes] = set()
        """The hashes of attachments that some part named, rightly or not."""
        self.faults: list[Violation] = []
        self._version = version
        try:
            boundary = boundary_of(content_type)
        except NotMultipart as error:
            raise self._refused("Content-Type", str(error), content_type) from None
        self._reader = MultipartReader(boundary)
        self._joined = JoinedParts(boundary)
        self._read = read
        self._spool = spool
        self._most_text = most_text
        self._first = bytearray()
        self._places = 0  # how many contents may still come
        self._wanted: set[bytes | None] = set()
        self._index = -1
        self._sha2: bytes | None = None  # of the part that comes in; None where it is passed over
        self._hash: Any = None
        self._start = 0

    async def take(self, chunk: bytes) -> None:
        """The next chunk. Raises StatementRefused, and whatever `read` raises; BodyTooLarge; AttachmentsUnavailable."""
        for start in range(0, len(chunk), AT_ONCE):
            first, *joined = self._joined.cut(chunk[start : start + AT_ONCE])
            await self._feed(first)
            for piece in joined:
                await self._feed(LINE_BREAK + piece if self._is_whole() else piece)

    async def close(self) -> None:
        """There is no more. Raises what `take` raises."""
        await self._feed(self._joined.rest())
        try:
            self._reader.close()
        except NotMultipart as error:
            raise self._refused("", str(error), "the end of the body") from None
        if self._index < 0:
            raise self._refused("", "must have the statements as its first part", "no part")

    async def _feed(self, piece: bytes) -> None:
        try:
            events = self._reader.feed(piece)
        except NotMultipart as error:
            raise self._refused("", str(error), f"other bytes, in part {self._index + 1}") from None
        for event in events:
            if isinstance(event, PartBegins):
                self._index += 1
            if self._index == 0:
                await self._take_statements(event)
            else:
                await self._take_content(event)

    def _is_whole(self) -> bool:
        """Whether the content that comes in is the one its headers name, as far as it has come."""
        return self._hash is not None and bool(self._hash.digest() == self._sha2)

    async def _take_statements(self, event: Event) -> None:
        match event:
            case PartBegins(headers):
                kind = headers.get("content-type", "absent")
                if essence(kind) != JSON:
                    rule = f"must be {JSON}, since the first part has the statements"
                    raise self._refused("parts[0].Content-Type", rule, kind)
                encoding = headers.get("content-transfer-encoding", "binary")
                if encoding.lower() not in ("7bit", "8bit", "binary"):
                    raise self._refused("parts[0].Content-Transfer-Encoding", "must be binary", encoding)
            case Data(content):
                if len(self._first) + len(content) > self._most_text:
                    raise BodyTooLarge(f"The statements are larger than {self._most_text} bytes.")
                self._first += content
            case PartEnds():
                self.text = bytes(self._first)
                self.statements = await self._read(self.text)
                hashes = [sha2_of(one["sha2"]) for each in self.statements for _, one in attachments_of(each.value)]
                self._places = len(hashes)
                self._wanted = set(hashes)

    async def _take_content(self, event: Event) -> None:
        match event:
            case PartBegins(headers):
                self._sha2 = self._named_by(headers)
                self._hash = None if self._sha2 is None else hashing(self._sha2)
                self._start = self._spool.length
            case Data(content) if self._sha2 is not None:
                self._hash.update(content)
                if self._sha2 not in self.contents:  # once is enough
                    await self._spool.write(content)
            case PartEnds() if self._sha2 is not None:
                found = self._hash.hexdigest()
                if not self._is_whole():  # the line break before the delimiter may be the last of the content
                    await self._take_content(Data(LINE_BREAK))
                if not self._is_whole():
                    self._fault("", f"must have the content whose hash its {HASH} is", found)
                elif self._sha2 not in self.contents:
                    length = self._spool.length - self._start
                    self.contents[self._sha2] = Content(self._sha2, length, self._start, self._spool)
                self._hash = None

    def _named_by(self, headers: Mapping[str, str]) -> bytes | None:
        """The hash of a part; None where the part is at fault."""
        given = headers.get(HASH.lower())
        sha2 = None if given is None else sha2_of(given)
        encoding = headers.get("content-transfer-encoding", "binary")
        if given is None:
            self._fault(f".{HASH}", "must be given with every part but the first", "absent")
        elif sha2 is None or sha2 not in self._wanted:
            self._fault(f".{HASH}", "must be the sha2 of an attachment of the statements", shown(given))
        elif self._places == 0:
            self._fault("", "must be one of no more parts than there are attachments", "one more")
        else:
            self.named.add(sha2)
            self._places -= 1
            if encoding.lower() == "binary":
                return sha2
            self._fault(".Content-Transfer-Encoding", "must be binary", shown(encoding))
        return None

    def _fault(self, place: str, rule: str, found: str) -> None:
        clause = Clause.MULTIPART.named(self._version)
        self.faults.append(Violation(f"parts[{self._index}]{place}", rule, clause, found))
        if len(self.faults) == MOST_FAULTS:
            raise StatementRefused(self.faults)

    def _refused(self, path: str, rule: str, found: str) -> StatementRefused:
        return StatementRefused([Violation(path, rule, Clause.MULTIPART.named(self._version), found[:100])])
