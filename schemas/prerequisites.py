"""Which nodes a node waits for, and whether that can ever end.

The rule of this file: a prerequisite is a node of the course, and no node waits for itself by way of others.
docs/rules.md, section 1.
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
    needs = {node: {name for _, name in prerequisites_of(rule)} for node, rule in rules.items()}
    for node, root in roots.items():
        for path, name in prerequisites_of(rules[node]) if node in rules else ():
            if name not in known:
                yield Violation(written(root + path), "must be a node of the course's outline", CLAUSE, shown(name))
            elif leads_to(needs, name, node):
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
