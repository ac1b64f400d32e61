"""What `lrs retention`, `compress` and `stats` print: a text for people, and JSON with the same figures."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from lrs.attachments.sweeping import SweptContents
from lrs.statement_log.chunks import Compressed
from lrs.statement_log.log_statistics import LogStatistics
from lrs.statement_log.retention import Part, Plan, Swept


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be dropped, and swept after it."""

    plan: Plan
    contents: SweptContents

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to drop or sweep."""
        return not self.plan.parts and not self.contents.contents

    def as_json(self) -> bytes:
        """One object."""
        reaching = self.plan.reaching
        return msgspec.json.encode(
            {
                "before": self.plan.before,
                "kept_back": self.plan.kept_back,
                **_parts(self.plan.parts),
                "reaching_over": reaching and reaching._asdict(),
                "contents": {"count": self.contents.contents, "bytes": self.contents.bytes},
            }
        )

    def as_text(self) -> str:
        """A line a part, then the sum, what stays, and why nothing goes yet."""
        parts, reaching = self.plan.parts, self.plan.reaching
        lines = [f"Stored before {_instant(self.plan.before)}, in whole parts of the log:"]
        lines += [f"  {part_line(part)}" for part in parts]
        lines.append(f"To be dropped: {_sum(parts)}.")
        if self.contents.contents:
            lines.append(
                f"Contents of attachments to be swept: {self.contents.contents:,}, {_size(self.contents.bytes)}."
            )
        if reaching is not None:
            lines.append(
                f"What stays: {reaching.statements:,} statements from before, in {reaching.name},"
                f" which reaches to {_instant(reaching.ends)}."
            )
        if self.plan.kept_back is not None:
            lines.append(f"Not yet: {self.plan.kept_back}.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was dropped, and swept after it."""

    plan: Plan
    parts: list[Part]
    swept: Swept
    contents: SweptContents

    def as_json(self) -> bytes:
        """One object."""
        return msgspec.json.encode(
            {
                "before": self.plan.before,
                **_parts(self.parts),
                "swept": {**self.swept._asdict(), **self.contents._asdict()},
            }
        )

    def as_text(self) -> str:
        """The sums."""
        contents = self.contents
        lines = [
            f"{_sum(self.parts)} dropped.",
            f"Swept: {contents.contents:,} contents of attachments ({_size(contents.bytes)}),"
            f" {_size(contents.broken_off)} of uploads that broke off, {self.swept.references:,} references,"
            f" {self.swept.repairs:,} originals of repaired statements.",
        ]
        if contents.out_of_reach:
            lines.append(f"Left: {contents.out_of_reach:,} contents in an object store; set LRS_ATTACHMENT_URL.")
        return "\n".join(lines)


def part_line(part: Part) -> str:
    """One part."""
    return f"{_range(part.begins, part.ends)}  {part.statements:>12,} statements  {_size(part.bytes):>8}  {part.name}"


def compressed_line(one: Compressed) -> str:
    """One part that was compressed."""
    return f"{_range(one.begins, one.ends)}  {_size(one.before):>8} → {_size(one.after):>8}  {one.name}"


def statistics_text(found: LogStatistics) -> str:
    """A paragraph each for the statements, the bytes, the parts, and what lags."""
    about = "" if found.exact else "about "
    lines = [f"Statements   {about}{found.statements:,}"]
    lines += [f"  tenant {tenant}   {about}{count:,}" for tenant, count in found.tenants.items()]
    if found.oldest is not None and found.newest is not None:
        lines.append(f"  stored {_instant(found.oldest)} – {_instant(found.newest)}")
    if found.begin:
        lines.append(f"  dropped by retention up to position {found.begin:,}")
    size = found.bytes
    lines += ["", f"Log          {_size(size.log)}, with its indexes"]
    lines += [f"  {_size(taken):>8}  {index}" for index, taken in size.indexes.items()]
    lines += [f"Id gate      {_size(size.gate)}", f"Beside it    {_size(size.beside)}"]
    lines += [f"Read models  {_size(size.read_models)}", f"Others       {_size(sum(size.others.values()))}"]
    lines += [f"  {_size(taken):>8}  {table}" for table, taken in size.others.items()]
    lines += ["", f"Parts        {len(found.parts)}"]
    for part in found.parts:
        columns = ", compressed" if part.compressed else ""
        range_ = _range(part.begins, part.ends)
        lines.append(f"  {range_}  about {part.statements:>12,}  {_size(part.bytes):>8}  {part.name}{columns}")
    lines += ["", f"Position     {found.position:,}; read models {found.read_model_position:,}:"]
    lines += [f"  {found.lag_positions:,} positions, {found.lag_seconds:.1f} s behind"]
    oldest = found.oldest_transaction
    if oldest is None:
        lines.append("No transaction is writing.")
    else:
        lines.append(
            f"The oldest writing transaction: {oldest.seconds:.1f} s, pid {oldest.pid or '–'}, {oldest.application},"
            f" database {oldest.database}, {oldest.state}"
        )
    return "\n".join(lines)


def _parts(parts: list[Part]) -> dict[str, Any]:
    return {
        "parts": [part._asdict() for part in parts],
        "statements": sum(part.statements for part in parts),
        "bytes": sum(part.bytes for part in parts),
    }


def _sum(parts: list[Part]) -> str:
    statements = sum(part.statements for part in parts)
    return f"{len(parts)} parts, {statements:,} statements, {_size(sum(part.bytes for part in parts))}"


def _range(begins: datetime, ends: datetime) -> str:
    return f"{begins:%Y-%m-%d} – {ends:%Y-%m-%d}"


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
