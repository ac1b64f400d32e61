"""Statements out of files. One rule: bytes are handed on as they are; no number is read and written anew.

JSON (one statement, an array, or a statement result as another store exports it) and lines of JSON, each
also gzipped. Line files are streamed in bounded memory; a JSON array is held in memory as a whole.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast
from uuid import NAMESPACE_URL, uuid5

import msgspec

from schemas.errors import Violation

SUFFIXES = (".json", ".ndjson", ".jsonl")
LONGEST_LINE = 32 * 1024 * 1024

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:lrs:replay-file")
_BOM = b"\xef\xbb\xbf"
_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """One file: where it is, and its name in reports (relative to the folder that is replayed)."""

    path: Path
    name: str
    size: int

    def identity(self) -> str:
        """Size, modification time and a hash of the first 64 KiB: changed when the file is another one."""
        stat = self.path.stat()
        with self.path.open("rb") as file:
            head = hashlib.sha256(file.read(_HEAD)).hexdigest()[:32]
        return f"{stat.st_size}-{stat.st_mtime_ns}-{head}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file is read: `index` entries, and for line files `offset` bytes of text and `line` lines."""

    index: int = 0
    offset: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One statement, or a place where there should be one (`fault` says what is there instead).

    `after` is the cursor behind it, `disk` how many bytes of the file on disk are read up to there.
    """

    place: str
    raw: bytes
    statement_id: str | None
    version: str | None
    fault: Violation | None
    after: Cursor
    disk: int


class _Peek(msgspec.Struct):
    id: Any = msgspec.UNSET
    version: Any = msgspec.UNSET


class _StatementResult(msgspec.Struct):
    statements: list[msgspec.Raw]


def find_sources(path: Path) -> list[Source]:
    """The file itself (whatever its suffix), or the statement files under a folder, by name; hidden ones
    are left out.

    Raises FileNotFoundError when there is nothing at `path`.
    """
    if not path.is_dir():
        return [Source(path, path.name, path.stat().st_size)]
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and name.removesuffix(".gz").endswith(SUFFIXES):
                file = Path(folder, name)
                found.append(Source(file, file.relative_to(path).as_posix(), file.stat().st_size))
    return sorted(found, key=lambda source: source.name)


def read_entries(source: Source, start: Cursor) -> Iterator[Entry]:
    """What the file holds from `start` on. A file that cannot be read any further ends with an entry with a
    fault.

    Raises OSError where the disk or the permissions are at fault.
    """
    last = start
    try:
        with _open(source.path) as (text, disk):
            if _holds_lines(source.path):
                entries = _from_lines(source, text, disk, start)
            else:
                entries = _from_document(source, text.read(), start)
            for entry in entries:
                last = entry.after
                yield entry
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        fault = Violation("", "is gzip data to its end", "RFC 1952", f"{type(error).__name__}: {error}"[:100])
        yield Entry(source.name, b"", None, None, fault, replace(last, index=last.index + 1), source.size)


class _open:  # noqa: N801 (used as a function)
    """The text of the file, unzipped where it is gzip (by its first bytes), and the handle on the disk's
    bytes.
    """

    def __init__(self, path: Path) -> None:
        self._disk = path.open("rb")
        zipped = self._disk.read(2) == b"\x1f\x8b"
        self._disk.seek(0)
        self._text: IO[bytes] = self._disk
        if zipped:
            self._text = cast(IO[bytes], gzip.GzipFile(fileobj=self._disk))

    def __enter__(self) -> tuple[IO[bytes], IO[bytes]]:
        return self._text, self._disk

    def __exit__(self, *_: object) -> None:
        self._text.close()
        self._disk.close()


def _holds_lines(path: Path) -> bool:
    """By the suffix; where that says nothing, by the first byte that is no white space: an array is a
    document.
    """
    stem = path.name.removesuffix(".gz")
    if stem.endswith(SUFFIXES):
        return not stem.endswith(".json")
    with _open(path) as (text, _):
        return not text.read(_HEAD).removeprefix(_BOM).lstrip().startswith(b"[")


def _from_lines(source: Source, text: IO[bytes], disk: IO[bytes], start: Cursor) -> Iterator[Entry]:
    text.seek(start.offset)
    index, offset, number = start.index, start.offset, start.line
    while line := text.readline(LONGEST_LINE):
        number += 1
        offset += len(line)
        too_long = len(line) == LONGEST_LINE and not line.endswith(b"\n")
        while too_long and (rest := text.readline(LONGEST_LINE)):
            offset += len(rest)
            if rest.endswith(b"\n"):
                break
        raw = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
        if not raw:
            continue
        after = Cursor(index + 1, offset, number)
        place = f"{source.name}:{number}"
        if too_long:
            fault = Violation("", f"is shorter than {LONGEST_LINE} bytes", "line", _shown(raw))
            yield Entry(place, b"", None, None, fault, after, disk.tell())
        else:
            yield _entry(source, place, index, raw, after, disk.tell())
        index += 1


def _from_document(source: Source, text: bytes, start: Cursor) -> Iterator[Entry]:
    text = text.removeprefix(_BOM).strip()
    try:
        raws, is_array = _split(text), text.startswith(b"[")
    except msgspec.DecodeError as error:
        lines = [line for line in map(bytes.strip, text.splitlines()) if line]
        if len(lines) < 2 or not _is_object(lines[0]):
            fault = Violation("", "is JSON", "RFC 8259", f"{error}"[:100])
            after = Cursor(start.index + 1)
            yield Entry(source.name, b"", None, None, fault, after, source.size)
            return
        raws, is_array = lines, True
    for index in range(start.index, len(raws)):
        place = f"{source.name}[{index}]" if is_array or len(raws) > 1 else source.name
        disk = source.size * (index + 1) // len(raws)
        yield _entry(source, place, index, raws[index], Cursor(index + 1), disk)


def _split(text: bytes) -> list[bytes]:
    """The slices of the array, of the `statements` of a statement result, or the whole text as the only
    one.
    """
    if text.startswith(b"["):
        return [bytes(raw) for raw in msgspec.json.decode(text, type=list[msgspec.Raw])]
    msgspec.json.decode(text, type=msgspec.Raw)
    try:
        result = msgspec.json.decode(text, type=_StatementResult)
    except msgspec.ValidationError:
        return [text]
    return [bytes(raw) for raw in result.statements]


def _is_object(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=_Peek)
    except msgspec.DecodeError:
        return False
    return True


def _shown(raw: bytes) -> str:
    return raw[:100].decode("utf-8", "replace")


def _entry(source: Source, place: str, index: int, raw: bytes, after: Cursor, disk: int) -> Entry:
    """The statement with its id; one without gets the uuid5 of file name, index and content, the same at
    every reading.
    """
    try:
        peek = msgspec.json.decode(raw, type=_Peek)
    except msgspec.ValidationError:
        fault = Violation("", "is a JSON object", "xAPI 1.0.3 Data 2.1", _shown(raw))
        return Entry(place, b"", None, None, fault, after, disk)
    except msgspec.DecodeError as error:
        fault = Violation("", f"is JSON ({error})", "RFC 8259", _shown(raw))
        return Entry(place, b"", None, None, fault, after, disk)
    version = peek.version if isinstance(peek.version, str) else None
    if peek.id is not msgspec.UNSET:
        return Entry(place, raw, peek.id if isinstance(peek.id, str) else None, version, None, after, disk)
    name = Path(source.name).name.removesuffix(".gz")
    made = str(uuid5(_NAMESPACE, f"{name}:{index}:{hashlib.sha256(raw).hexdigest()}"))
    rest = raw[1:].lstrip()
    raw = b'{"id":"%s"%s%s' % (made.encode(), b"" if rest.startswith(b"}") else b",", rest)
    return Entry(place, raw, made, version, None, after, disk)
