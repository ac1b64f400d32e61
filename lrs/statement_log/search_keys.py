"""What a statement can be found by: role and text pairs, and their 64-bit keyed hashes.

A key is blake2b(role + text, keyed with the tenant's salt), cut to 64 bits. Sixty-four bits can be collided on purpose
by someone who knows the salt, so whoever reads by key compares the terms again (`search_terms`).
xAPI Communication 2.1.3 says what each filter of the statement resource looks at.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from lrs.statement_log.arrays import bigint
from schemas.context import activities_in
from schemas.identity import inverse_functional_identifier
from schemas.statement import NewStatement

Term = tuple[str, str]

VERB, ACTIVITY, AGENT, REGISTRATION = "verb", "activity", "agent", "registration"
RELATED_ACTIVITY, RELATED_AGENT, AUTHORITY, TENANT = "related_activity", "related_agent", "authority", "tenant"


def search_terms(statement: Mapping[str, Any], authority: Mapping[str, Any]) -> set[Term]:
    """Every term of one statement; its authority is the one the server gave it."""
    return statement_terms(statement) | authority_terms(authority)


def statement_terms(statement: Mapping[str, Any]) -> set[Term]:
    """Every term that a statement has from what its client sent."""
    terms: set[Term] = {(TENANT, "")}
    _add_body(terms, statement, direct=True)
    return terms


def authority_terms(authority: Mapping[str, Any]) -> set[Term]:
    """Every term that a statement has from who vouches for it."""
    terms: set[Term] = set()
    _add_agents(terms, (authority,), (AUTHORITY, RELATED_AGENT))
    return terms


def elements_of_new(statement: NewStatement, salt: bytes) -> set[bytes]:
    """The keys of `statement_terms` as `arrays.bigints` takes them; those of a part that it shares with others are
    worked out once.
    """
    if not statement.parts:
        return elements_of(statement_terms(statement.value), salt)
    elements = {_element(TENANT, "", salt)}
    for part in statement.parts:
        noted = part.noted.get(salt)
        if noted is None:
            noted = part.noted[salt] = elements_of(_TERMS[part.property](part.value), salt)
        elements |= noted
    context = statement.value.get("context")
    if context is not None:
        terms: set[Term] = set()
        _add_own(terms, context, direct=True)
        for role, text in terms:
            elements.add(_element(role, text, salt))
    return elements


def key_of(term: Term, salt: bytes) -> int:
    """The signed 64-bit search key of a term."""
    return int.from_bytes(_hash(*term, salt), "big", signed=True)


def keys_of(terms: Iterable[Term], salt: bytes) -> list[int]:
    """The sorted keys of a set of terms."""
    return sorted({key_of(term, salt) for term in terms})


def elements_of(terms: Iterable[Term], salt: bytes) -> set[bytes]:
    """The keys of a set of terms as `arrays.bigints` takes them."""
    return {_element(role, text, salt) for role, text in terms}


@lru_cache(maxsize=20_000)
def _element(role: str, text: str, salt: bytes) -> bytes:
    return bigint(int.from_bytes(_hash(role, text, salt), "big", signed=True))


def _hash(role: str, text: str, salt: bytes) -> bytes:
    return blake2b(f"{role}\0{text}".encode(), digest_size=8, key=salt).digest()


def _add_body(terms: set[Term], body: Mapping[str, Any], *, direct: bool) -> None:
    """A statement, or (not direct) its SubStatement, which only the related_ filters look into."""
    context = body.get("context", {})
    if direct:
        for name in ("actor", "verb", "object"):
            terms |= _TERMS[name](body[name])
    else:
        _add_agents(terms, (body["actor"],), (RELATED_AGENT,))
        _add_object(terms, body["object"], direct=False)
    if "contextActivities" in context:
        terms |= _activities(context["contextActivities"])
    _add_own(terms, context, direct=direct)


def _add_object(terms: set[Term], target: Mapping[str, Any], *, direct: bool) -> None:
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        terms.add((RELATED_ACTIVITY, target["id"]))
        if direct:
            terms.add((ACTIVITY, target["id"]))
    elif kind in ("Agent", "Group"):
        _add_agents(terms, (target,), (AGENT, RELATED_AGENT) if direct else (RELATED_AGENT,))
    elif kind == "SubStatement":
        _add_body(terms, target, direct=False)


def _add_own(terms: set[Term], context: Mapping[str, Any], *, direct: bool) -> None:
    """What a context has but for its activities."""
    if direct and "registration" in context:
        terms.add((REGISTRATION, context["registration"].lower()))
    related = [context[name] for name in ("instructor", "team") if name in context]
    related += [entry["agent"] for entry in context.get("contextAgents", ())]
    related += [entry["group"] for entry in context.get("contextGroups", ())]
    _add_agents(terms, related, (RELATED_AGENT,))


def _actor(actor: Mapping[str, Any]) -> set[Term]:
    terms: set[Term] = set()
    _add_agents(terms, (actor,), (AGENT, RELATED_AGENT))
    return terms


def _object(target: Mapping[str, Any]) -> set[Term]:
    terms: set[Term] = set()
    _add_object(terms, target, direct=True)
    return terms


def _activities(activities: Mapping[str, Any]) -> set[Term]:
    return {(RELATED_ACTIVITY, one["id"]) for one in activities_in(activities)}


_TERMS: dict[str, Callable[[Any], set[Term]]] = {
    "actor": _actor,
    "verb": lambda verb: {(VERB, verb["id"])},
    "object": _object,
    "contextActivities": _activities,
}
"""The terms that each property gives a statement."""


def _add_agents(terms: set[Term], actors: Iterable[Mapping[str, Any]], roles: tuple[str, ...]) -> None:
    for actor in actors:
        for one in (actor, *actor.get("member", ())):
            ifi = inverse_functional_identifier(one)
            if ifi is not None:
                terms.update((role, ifi) for role in roles)
