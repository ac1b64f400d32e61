"""How far a replay came. One rule: a batch is noted in one appended line; a torn line never happened.

The file holds a heading and then one JSON line for each settled batch; opening it rewrites it (atomically)
as one line per endpoint. It belongs to a file or folder, and keeps the endpoints apart.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from lrs.statement_files import Cursor
from schemas.errors import LrsError, Violation

SUFFIX = ".lrs-replay"
KEPT_REFUSALS = 10_000
"""Refusals kept with their reasons, per endpoint; beyond that they are only counted."""

_HEADING = {"lrs-replay": 1}


class StateUnusable(LrsError):
    """The file named as the state of a replay is something else; it is left as it is."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A statement that was not taken. `status` is the server's, 0 where the file itself was at fault."""

    place: str
    statement_id: str | None
    status: int
    title: str
    violations: tuple[Violation, ...]


@dataclass(slots=True)
class Progress:
    """One file's progress: which file (Source.identity), how far, whether to its end, and what was refused
    of it.
    """

    identity: str
    cursor: Cursor = field(default_factory=Cursor)
    done: bool = False
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)


class ReplayState:
    """The progress of the files for one endpoint, in memory and in the state file (none: in memory only)."""

    def __init__(self, path: Path | None, endpoint: str) -> None:
        self.path = path
        self._endpoint = endpoint
        self._all: dict[str, dict[str, Progress]] = {endpoint: {}}
        self._kept = 0
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        if self.path is not None:
            self._load(self.path)
            self._compact(self.path)
            self._file = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def of(self, name: str, identity: str) -> Progress:
        """The progress of the file; from its beginning when it is new or has changed since."""
        files = self._all[self._endpoint]
        known = files.get(name)
        if known is None or known.identity != identity:
            files[name] = Progress(identity)
        return files[name]

    def note(self, name: str, identity: str, cursor: Cursor, done: bool, refusals: list[Refusal]) -> dict[str, Any]:
        """Moves the file on in memory and gives the line for `write`."""
        kept = refusals[: max(0, KEPT_REFUSALS - self._kept)]
        self._kept += len(kept)
        entry = {
            "identity": identity,
            "cursor": asdict(cursor),
            "done": done,
            "refused": len(refusals),
            "refusals": [asdict(refusal) for refusal in kept],
        }
        self._apply(self._endpoint, name, entry)
        return entry

    def write(self, entries: dict[str, dict[str, Any]]) -> None:
        """Appends what a settled batch moved on: entries of `note` by file name."""
        if self._file is not None:
            self._file.write(_line({"endpoint": self._endpoint, "files": entries}))
            self._file.flush()

    def _apply(self, endpoint: str, name: str, entry: dict[str, Any]) -> None:
        files = self._all.setdefault(endpoint, {})
        progress = files.get(name)
        if progress is None or progress.identity != entry["identity"]:
            progress = files[name] = Progress(entry["identity"])
        progress.cursor = Cursor(**entry["cursor"])
        progress.done = entry["done"]
        progress.refused += entry["refused"]
        for refusal in entry["refusals"]:
            violations = tuple(Violation(**violation) for violation in refusal["violations"])
            progress.refusals.append(Refusal(**{**refusal, "violations": violations}))

    def _load(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        except FileNotFoundError:
            return
        if not lines:
            return
        if lines[0] != _line(_HEADING):
            raise StateUnusable(f"{path} is no replay state; it is left as it is")
        for line in lines[1:]:
            if not line.endswith("\n"):
                break
            noted = json.loads(line)
            for name, entry in noted["files"].items():
                self._apply(noted["endpoint"], name, entry)
        self._kept = sum(len(progress.refusals) for progress in self._all[self._endpoint].values())

    def _compact(self, path: Path) -> None:
        beside = path.with_name(path.name + ".new")
        with beside.open("w", encoding="utf-8") as file:
            file.write(_line(_HEADING))
            for endpoint, files in self._all.items():
                entries = {name: asdict(progress) for name, progress in files.items()}
                if entries:
                    file.write(_line({"endpoint": endpoint, "files": entries}))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n"
