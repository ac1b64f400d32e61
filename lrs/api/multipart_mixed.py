"""multipart/mixed, both ways: bytes to parts and parts to bytes (RFC 2046, 5.1; xAPI Communication 1.5.2).

The rule of this file: whatever way a body is cut into chunks, its parts are the same; a body that does not come to its
closing delimiter is none. A preamble, an epilogue and padding behind a delimiter are no part of it. What is written
begins with the delimiter, has the names of headers in the case that clients look for, and each header on one line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from re import fullmatch
from typing import Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

MEDIA_TYPE: Final = "multipart/mixed"
MOST_HEADERS: Final = 20
LONGEST_HEADER: Final = 8_000
_BOUNDARY: Final = rb"[\x20-\x7e]{0,69}[\x21-\x7e]"
"""Up to seventy characters, not ending with a space; more of them than RFC 2046 allows, since clients take them."""


class NotMultipart(Exception):
    """The body is no multipart/mixed; the text says why."""


@dataclass(frozen=True, slots=True)
class PartBegins:
    """The headers of a part, their names in small letters."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Data:
    """Some of the content of the part."""

    content: bytes


@dataclass(frozen=True, slots=True)
class PartEnds:
    """The content of the part is whole."""


Event = PartBegins | Data | PartEnds


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type names. Raises NotMultipart."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not fullmatch(_BOUNDARY, boundary):
        raise NotMultipart("must name a boundary of 1 to 70 characters of ASCII")
    return boundary


class MultipartReader:
    """Chunks in, events out."""

    def __init__(self, boundary: bytes) -> None:
        self._opening = b"\r\n--" + boundary
        self._before: bytes | None = b"\r\n"  # the end of what was read of the preamble: a line begins with the body
        self._events: list[Event] = []
        self._headers: dict[str, str] = {}
        self._name = self._value = b""
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
            max_header_count=MOST_HEADERS,
            max_header_size=LONGEST_HEADER,
        )

    def feed(self, chunk: bytes) -> list[Event]:
        """What the next chunk tells. Raises NotMultipart."""
        if self._before is not None:
            text = self._before + chunk
            start = text.find(self._opening)
            if start < 0:
                self._before = text[-len(self._opening) :]
                return []
            self._before = None
            chunk = text[start + 2 :]
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise NotMultipart(f"must be {MEDIA_TYPE} ({error})") from None
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """No more chunks will come. Raises NotMultipart where something is missing."""
        if not self._ended:
            raise NotMultipart(
                "must have the boundary of its Content-Type before each part"
                if self._before is not None
                else "must end with the closing delimiter: the boundary between two hyphens and two more"
            )

    def _on_part_begin(self) -> None:
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        name = self._name.decode("latin-1").lower()
        if name in self._headers:
            raise NotMultipart(f"must have each header of a part once; {name} comes twice")
        self._headers[name] = self._value.decode("latin-1").strip()
        self._name = self._value = b""

    def _on_headers_finished(self) -> None:
        self._events.append(PartBegins(self._headers))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(Data(data[start:end]))

    def _on_part_end(self) -> None:
        self._events.append(PartEnds())

    def _on_end(self) -> None:
        self._ended = True


def delimiter(boundary: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """What stands before the content of a part; after the content comes END_OF_PART."""
    lines = [f"--{boundary}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode()


END_OF_PART: Final = b"\r\n"


def closing_delimiter(boundary: str) -> bytes:
    """What stands after the last part."""
    return f"--{boundary}--\r\n".encode()
