"""What the Agents and Activities resources are asked: one parameter each, and no other.

The rule of this file: the agent is an Agent, not a Group and not a Person (xAPI 1.0.3 Communication 2.4, 2.5; 2.0.0
4.1.6.3, 4.1.6.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.clauses import Clause
from schemas.errors import QueryRefused, Violation
from schemas.parameters import Misread, Reader, agent, iri, read_parameters
from schemas.version import XapiVersion


def read_agent_query(params: Sequence[tuple[str, str]], version: XapiVersion) -> Mapping[str, Any]:
    """The Agent that is asked for. Raises QueryRefused."""
    found: Mapping[str, Any] = _only("agent", _agent, params, Clause.AGENTS, version)
    return found


def read_activity_query(params: Sequence[tuple[str, str]], version: XapiVersion) -> str:
    """The id of the Activity that is asked for. Raises QueryRefused."""
    found: str = _only("activityId", iri, params, Clause.ACTIVITIES, version)
    return found


def _agent(text: str) -> Mapping[str, Any]:
    found = agent(text)
    if found.get("objectType") == "Group":
        raise Misread("must be an Agent, not a Group")
    return found


def _only(name: str, reader: Reader, params: Sequence[tuple[str, str]], clause: Clause, version: XapiVersion) -> Any:
    values, violations = read_parameters(params, {name: reader}, clause, version)
    if all(given != name for given, _ in params):
        violations.append(Violation(name, "must be given", clause.named(version), "absent"))
    if violations:
        raise QueryRefused(violations)
    return values[name]
