"""`lrs replay-file`. One rule: a statement is settled when the server has answered for it, never before.

Batches go out one after another, in the order of the files. A refused batch is sent again for the results of each
statement, or taken apart where a server has none, so that one bad statement holds back no other; every statement has
an id, so that sending twice stores once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tqdm import tqdm

from lrs.replay_report import ReplayReport
from lrs.replay_state import KEPT_REFUSALS, SUFFIX, Refusal, ReplayState
from lrs.statement_client import EndpointRefused, EndpointUnavailable, Result, StatementClient, Verdict
from lrs.statement_files import Entry, Source, find_sources, read_entries
from schemas.errors import Violation

DEFAULT_VERSION = "1.0.3"
LARGEST_BODY = 4 * 1024 * 1024

_REFUSALS = {"refused": (400, "Statement refused"), "conflict": (409, "Statement conflict")}
"""Status and title that the statement would have had alone."""


@dataclass(frozen=True, slots=True)
class _Read:
    """An entry (None: the end of its file) with the file it is from."""

    source: Source
    identity: str
    entry: Entry | None


async def replay(
    path: Path,
    endpoint: str,
    credential: str,
    *,
    batch: int = 50,
    version: str | None = None,
    state_file: Path | None = None,
    patience: float = 300.0,
    progress: bool = True,
) -> ReplayReport:
    """Posts every statement of a file or folder to an xAPI endpoint, from where an earlier run left off.

    `credential` is `key:secret`; `batch` the most statements in a request; `version` the
    X-Experience-API-Version for all (None: 2.0.0 for statements that say version 2.0.x, else 1.0.3);
    `state_file` where progress is kept (None: `{path}.lrs-replay`, or under the user's state folder where
    that cannot be written); `patience` the seconds to wait for an endpoint that is away or busy.

    Raises FileNotFoundError when there is no such path, StateUnusable when `state_file` is some other file.
    An endpoint that stays away or refuses the credential ends the replay: the report's `stopped` says so.
    """
    sources = find_sources(path)
    report = ReplayReport(files=len(sources))
    begin = time.monotonic()
    bar = tqdm(
        total=sum(source.size for source in sources),
        unit="B",
        unit_scale=True,
        desc=path.name,
        disable=None if progress else True,
    )

    def on_wait(reason: str, seconds: float) -> None:
        bar.set_postfix_str(f"waiting {seconds:.1f} s: {reason}"[:100])

    where = state_file or default_state_file(path)
    client = StatementClient(endpoint, credential, patience=patience, connections=1, on_wait=on_wait)
    async with client:
        with bar, ReplayState(where, client.endpoint) as state:
            report.state_file = str(where)
            run = _Run(client, state, report, bar, batch, version)
            try:
                await run.everything(sources)
            except (EndpointRefused, EndpointUnavailable) as error:
                report.stopped = str(error)
    report.waits = client.waits
    report.seconds = round(time.monotonic() - begin, 3)
    return report


def default_state_file(path: Path) -> Path:
    """`{path}.lrs-replay` beside the file or folder; under $XDG_STATE_HOME/lrs where that folder cannot be
    written.
    """
    full = path.resolve()
    beside = full.with_name(full.name + SUFFIX)
    if os.access(full.parent, os.W_OK):
        return beside
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "lrs"
    home.mkdir(parents=True, exist_ok=True)
    return home / f"{full.name}-{sha256(os.fsencode(full)).hexdigest()[:16]}{SUFFIX}"


class _Run:
    def __init__(
        self,
        client: StatementClient,
        state: ReplayState,
        report: ReplayReport,
        bar: tqdm[Any],
        batch: int,
        version: str | None,
    ) -> None:
        self._client = client
        self._state = state
        self._report = report
        self._bar = bar
        self._batch = max(1, batch)
        self._version = version
        self._tells_positions: bool | None = None
        self._gives_results = True

    async def everything(self, sources: list[Source]) -> None:
        pending: list[_Read] = []
        ids: set[str | None] = set()
        version, size = None, 0
        for read in self._read(sources):
            entry = read.entry
            if entry is not None and entry.fault is None:
                wanted = self._version_of(entry)
                full = len(ids) >= self._batch or size + len(entry.raw) > LARGEST_BODY
                # One id twice in a request is refused (xAPI 2.0), so its second statement waits for the next.
                if ids and (full or wanted != version or entry.statement_id in ids):
                    await self._settle(pending, version)
                    pending, ids, size = [], set(), 0
                version = wanted
                ids.add(entry.statement_id)
                size += len(entry.raw)
            pending.append(read)
            if len(pending) >= 4 * self._batch:
                await self._settle(pending, version)
                pending, ids, size = [], set(), 0
        await self._settle(pending, version)

    def _read(self, sources: list[Source]) -> Iterator[_Read]:
        for source in sources:
            try:
                yield from self._read_one(source)
            except OSError as error:  # neither read nor noted: the next run tries again
                fault = Violation("", "can be read", "file", str(error)[:100])
                self._report.refused += 1
                self._report.refusals.append(Refusal(source.name, None, 0, "not readable", (fault,)))

    def _read_one(self, source: Source) -> Iterator[_Read]:
        identity = source.identity()
        progress = self._state.of(source.name, identity)
        self._report.settled_before += progress.cursor.index - progress.refused
        self._report.refused_before += progress.refused
        self._report.refusals.extend(progress.refusals)
        if progress.done:
            self._bar.update(source.size)
            return
        disk = 0
        for entry in read_entries(source, progress.cursor):
            yield _Read(source, identity, entry)
            self._bar.update(entry.disk - disk)
            disk = entry.disk
        self._bar.update(source.size - disk)
        yield _Read(source, identity, None)

    def _version_of(self, entry: Entry) -> str:
        if self._version is not None:
            return self._version
        return "2.0.0" if (entry.version or "").startswith("2.0") else DEFAULT_VERSION

    async def _settle(self, pending: list[_Read], version: str | None) -> None:
        """Sends what was read, and then notes the new place in each of its files."""
        entries = [read.entry for read in pending if read.entry is not None]
        refusals: dict[str, Refusal] = {
            entry.place: Refusal(entry.place, None, 0, "not a statement", (entry.fault,))
            for entry in entries
            if entry.fault is not None
        }
        good = [entry for entry in entries if entry.fault is None]
        if good:
            for refusal in await self._post(good, version or DEFAULT_VERSION):
                refusals[refusal.place] = refusal
        lines = {}
        for source, identity, reads in _by_file(pending):
            last = [read.entry.after for read in reads if read.entry is not None]
            own = [refusals[read.entry.place] for read in reads if read.entry and read.entry.place in refusals]
            cursor = last[-1] if last else self._state.of(source.name, identity).cursor
            done = reads[-1].entry is None
            lines[source.name] = self._state.note(source.name, identity, cursor, done, own)
            self._report.refusals.extend(own[: max(0, KEPT_REFUSALS - len(self._report.refusals))])
            self._report.refused += len(own)
        if lines:
            self._state.write(lines)
        self._bar.set_postfix_str(f"{self._report.stored} stored, {self._report.refused} refused")

    async def _post(self, entries: list[Entry], version: str) -> list[Refusal]:
        """Sends the statements in one request; where that is refused, again for their results, or in smaller ones,
        down to the culprits alone.
        """
        raws = [entry.raw for entry in entries]
        body = raws[0] if len(raws) == 1 else b"[" + b",".join(raws) + b"]"
        verdict = await self._client.post(body, version)
        if self._gives_results and verdict.status in (400, 409) and len(entries) > 1:
            verdict = await self._client.post(body, version, results=True)
            if verdict.results is not None and len(verdict.results) == len(entries):
                return await self._settle_each(entries, verdict.results, version)
            self._gives_results = False
        if verdict.accepted:
            if self._tells_positions is None:
                self._tells_positions = verdict.position is not None or await self._client.tells_positions()
            stored = verdict.count_stored(len(entries), position_means_new=self._tells_positions)
            self._report.sent += len(entries)
            self._report.stored += stored
            self._report.known += len(entries) - stored
            return []
        if len(entries) == 1:
            self._report.sent += 1
            only = entries[0]
            return [Refusal(only.place, only.statement_id, verdict.status, verdict.title, verdict.violations)]
        refused: list[Refusal] = []
        for part in _parts(entries, _named(verdict, entries)):
            refused += await self._post(part, version)
        return refused

    async def _settle_each(self, entries: list[Entry], results: Sequence[Result], version: str) -> list[Refusal]:
        again: list[Entry] = []
        refused: list[Refusal] = []
        for entry, result in zip(entries, results, strict=True):
            match result.outcome:
                case "stored":
                    self._report.stored += 1
                case "known":
                    self._report.known += 1
                case "refused" | "conflict":
                    status, title = _REFUSALS[result.outcome]
                    refused.append(Refusal(entry.place, entry.statement_id, status, title, result.violations))
                case _:
                    again.append(entry)
        self._report.sent += len(entries) - len(again)
        if again:
            refused += await self._post(again, version)
        return refused


def _named(verdict: Verdict, entries: list[Entry]) -> set[int]:
    """The places in the batch that the violations name: by index (`[3].actor.mbox`), or by the id in conflict."""
    found = {violation.found for violation in verdict.violations if violation.path == "id"}
    clashing = {place for place, entry in enumerate(entries) if entry.statement_id in found}
    heads = (violation.path[1:].partition("]")[0] for violation in verdict.violations if violation.path[:1] == "[")
    return clashing | {int(head) for head in heads if head.isdecimal() and int(head) < len(entries)}


def _parts(entries: list[Entry], named: set[int]) -> list[list[Entry]]:
    """The unsuspected together and each suspect alone; two halves where nobody is named."""
    if not named:
        middle = len(entries) // 2
        return [entries[:middle], entries[middle:]]
    rest = [entry for place, entry in enumerate(entries) if place not in named]
    return ([rest] if rest else []) + [[entries[place]] for place in sorted(named)]


def _by_file(pending: list[_Read]) -> Iterator[tuple[Source, str, list[_Read]]]:
    groups: dict[str, list[_Read]] = {}
    for read in pending:
        groups.setdefault(read.source.name, []).append(read)
    for reads in groups.values():
        yield reads[0].source, reads[0].identity, reads
