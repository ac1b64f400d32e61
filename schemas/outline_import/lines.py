"""Where in a file something stands.

The rule of this file: a refusal of a file names the line as well as the path, so that a person finds the place in the
editor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from schemas.errors import Violation
from schemas.refusals import Path, written


def at_line(line: int, path: str) -> str:
    """The path of a Violation in a file."""
    return f"line {line}, {path}" if path else f"line {line}"


def with_lines(violations: Iterable[Violation], lines: Mapping[Path, int]) -> Iterator[Violation]:
    """The violations with the line of each path, or of the innermost part of it that has one."""
    by_text = {written(path): line for path, line in lines.items()}
    for one in violations:
        path = one.path
        while path and path not in by_text:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        yield Violation(at_line(by_text.get(path, 1), one.path), one.rule, one.clause, one.found)
