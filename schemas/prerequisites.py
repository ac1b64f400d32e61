"""Which nodes a node waits for, and whether that can ever end.

The rule of this file: a prerequisite is a node of the course, and no node waits for itself by way of others. All rules
of a course are judged in one pass. docs/rules.md, section 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.completion_rule import CLAUSE, CompletionRule, Prerequisite, parts_of
from schemas.errors import Violation
from schemas.refusals import Path, shown, written


def prerequisites_of(rule: CompletionRule) -> Iterator[tuple[Path, str]]:
    """The nodes that a rule asks to be completed, each with the path of the part that asks."""
    for path, part in parts_of(rule.when):
        if isinstance(part, Prerequisite):
            yield (*path, "node"), part.node


def check_prerequisites(
    rules: Mapping[str, CompletionRule], known: frozenset[str], roots: Mapping[str, Path]
) -> Iterator[Violation]:
    """A Violation for each prerequisite of these nodes' rules that no outline has, or that waits for itself.

    roots: the path of each rule that is judged here; the others are judged already, and only followed.
    """
    asked = {node: list(prerequisites_of(rule)) for node, rule in rules.items()}
    rings = _rings({node: list(dict.fromkeys(name for _, name in asks)) for node, asks in asked.items()})
    for node, root in roots.items():
        for path, name in asked.get(node, ()):
            if name not in known:
                yield Violation(written(root + path), "must be a node of the course's outline", CLAUSE, shown(name))
            elif rings.get(name) == rings[node]:
                rule = f"must not wait for {node}, which waits for it"
                yield Violation(written(root + path), rule, CLAUSE, shown(name))


def leads_to(needs: Mapping[str, set[str]], start: str, target: str) -> bool:
    """Whether a node is the other, or waits for it by way of others. needs: which nodes each waits for."""
    waiting, seen = [start], {start}
    while waiting:
        node = waiting.pop()
        if node == target:
            return True
        found = needs.get(node, set()) - seen
        seen |= found
        waiting += found
    return False


def _rings(needs: Mapping[str, list[str]]) -> dict[str, int]:
    """A number for each node: the same for two of them only where each waits for the other, at whatever distance.

    Tarjan's strongly connected components: a node of the way that is being walked (`way`) is of the ring of the
    earliest one (`low`) that anything behind it leads back to.
    """
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    rings: dict[str, int] = {}
    way: list[str] = []
    for start in needs:
        if start in number:
            continue
        number[start] = low[start] = len(number)
        way.append(start)
        walking = [(start, iter(needs[start]))]
        while walking:
            node, waits_for = walking[-1]
            for name in waits_for:
                if name not in needs:  # without a rule it waits for nothing
                    continue
                if name not in number:
                    number[name] = low[name] = len(number)
                    way.append(name)
                    walking.append((name, iter(needs[name])))
                    break
                if name not in rings:
                    low[node] = min(low[node], number[name])
            else:
                walking.pop()
                if walking:
                    above = walking[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == number[node]:
                    while node not in rings:
                        rings[way.pop()] = number[node]
    return rings
