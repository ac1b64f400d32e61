"""What a replay says at its end. One rule: every statement of the files is in one of its counts.

To people as text, with the commonest reasons first; to programs as JSON, with every refusal.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field

from lrs.replay_state import Refusal

_SHOWN = 20


@dataclass(slots=True)
class ReplayReport:
    """What became of a replay. Counts are statements of this run, `…_before` those that earlier runs settled.

    `known` were stored already; `refused` counts what the server refused and what the files hold instead of
    statements; `refusals` are the reasons, earlier runs' included (at most replay_state.KEPT_REFUSALS).
    `stopped` says why the replay did not come to its end, None when it did.
    """

    files: int = 0
    sent: int = 0
    stored: int = 0
    known: int = 0
    refused: int = 0
    settled_before: int = 0
    refused_before: int = 0
    waits: int = 0
    seconds: float = 0.0
    stopped: str | None = None
    state_file: str | None = None
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def nothing_to_do(self) -> bool:
        idle = self.stopped is None and self.sent == 0 and self.refused == 0
        return idle and self.settled_before + self.refused_before > 0

    @property
    def exit_code(self) -> int:
        """0 when everything is stored, 1 when something was refused, 2 when the replay stopped before its
        end.
        """
        if self.stopped is not None:
            return 2
        return 1 if self.refused or self.refused_before else 0

    def as_json(self) -> str:
        return json.dumps(asdict(self) | {"nothing_to_do": self.nothing_to_do}, ensure_ascii=False)

    def as_text(self) -> str:
        if self.nothing_to_do:
            lines = ["Nothing to do: an earlier run came to the end of this."]
        else:
            rate = self.sent / self.seconds if self.seconds else 0.0
            lines = [
                f"{self.files} files, {self.sent} statements sent in {self.seconds:.1f} s ({rate:.0f}/s): "
                f"{self.stored} stored, {self.known} known already, {self.refused} refused."
            ]
        if self.settled_before or self.refused_before:
            lines.append(f"By earlier runs: {self.settled_before} settled, {self.refused_before} refused.")
        if len(self.refusals) > _SHOWN:
            lines.extend(f"  {count} × {reason}" for reason, count in self._reasons().most_common(_SHOWN))
            lines.append("The first of them:")
        for refusal in self.refusals[:_SHOWN]:
            lines.append(f"  {refusal.place}  {refusal.status or 'file'}  {refusal.title}")
            lines.extend(f"      {violation}" for violation in refusal.violations)
        if (more := self.refused + self.refused_before - _SHOWN) > 0:
            lines.append(f"  … and {more} more; --json lists them")
        if self.stopped is not None:
            lines.append(f"Stopped: {self.stopped}")
            lines.append("The same command goes on from here.")
        return "\n".join(lines)

    def _reasons(self) -> Counter[str]:
        """How often each first reason comes in the refusals."""
        return Counter(
            f"{first.path or 'body'} {first.rule} ({first.clause})" if first else refusal.title
            for refusal in self.refusals
            for first in [next(iter(refusal.violations), None)]
        )
