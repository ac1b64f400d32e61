"""What the state machine of the statements resource sends: new statements, known ones again, and queries.

The rule of this file: a statement names others by how far ahead of it they are, so that targets are there before, come
in the same batch, come later, or never. A Change makes of a known statement another spelling of it, or another one;
which of the two is for the model to say.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st

from tests.properties.statement_forms import IDENTIFIERS, Json, kind_of
from tests.properties.statement_model import VOIDED

VERBS = [f"http://example.com/{name}" for name in ("did", "Did", "saw", "had", "was")]
ACTIVITIES = ["http://example.com/a", "http://example.com/A", "http://example.com/b", "http://example.com/did"]
REGISTRATIONS = ["9c8f5c6e-0000-4000-8000-00000000000a", "9c8f5c6e-0000-4000-8000-00000000000B"]
ANN: Json = {"mbox": "mailto:Ann@example.com"}
IDENTITIES: list[Json] = [
    ANN,
    {"mbox": "mailto:Ann@EXAMPLE.com"},
    {"mbox": "mailto:ann@example.com"},
    {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"},
    {"mbox_sha1sum": "EBD31e95054c018b10727ccffd2ef2ec3a016ee9"},
    {"openid": "http://ann.example.com/"},
    {"account": {"homePage": "http://ann.example.com/", "name": "ann"}},
    {"account": {"homePage": "http://ann.example.com/", "name": "bob"}},
]
TIMESTAMPS = ["2026-01-02T03:04:05.678Z", "2026-01-02T08:34:05.678+05:30", "2026-01-02T03:04:05Z"]


def id_of(number: int) -> str:
    """The id of the statement that is sent as number …; there is none below 1."""
    return str(UUID(int=max(0, number), version=4))


def some(chance: int, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value of the strategy once in `chance` times, else None."""
    return st.integers(1, chance).flatmap(lambda drawn: strategy if drawn == chance else st.none())


def without_none(value: Json) -> Json:
    """The properties that have a value."""
    return {name: inner for name, inner in value.items() if inner is not None}


def given_some(properties: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Json]:
    """Objects of the properties that are not None."""
    return st.fixed_dictionaries(properties).map(without_none)


# --- statements --------------------------------------------------------------------------------------------------

identities = st.sampled_from(IDENTITIES)
agents = st.builds(lambda identity, name: {**identity, **name}, identities, st.sampled_from([{}, {"name": "A"}]))
typed_agents = agents.map(lambda agent: {"objectType": "Agent", **agent})
named_groups = given_some({"member": st.lists(agents | typed_agents, max_size=3), "name": some(4, st.just("Those"))})
groups = st.builds(
    lambda identity, named: {"objectType": "Group", **identity, **named}, identities | st.just({}), named_groups
) | identities.map(lambda identity: {"objectType": "Group", **identity})
actors = agents | typed_agents | groups
activities = given_some(
    {
        "id": st.sampled_from(ACTIVITIES),
        "objectType": some(4, st.just("Activity")),
        "definition": some(4, st.sampled_from(["One", "Two"]).map(lambda name: {"name": {"en": name}})),
    }
)
references = st.integers(-3, 2).map(lambda ahead: {"objectType": "StatementRef", "ahead": ahead})
context_activities = st.dictionaries(
    st.sampled_from(["parent", "grouping", "category", "other"]),
    activities | st.lists(activities, max_size=2),
    max_size=2,
)
contexts = given_some(
    {
        "registration": some(2, st.sampled_from(REGISTRATIONS)),
        "instructor": some(3, actors),
        "team": some(3, groups),
        "contextActivities": some(2, context_activities),
        "statement": some(4, references),
        "contextAgents": some(
            8, st.lists(agents.map(lambda one: {"objectType": "contextAgent", "agent": one}), max_size=2)
        ),
        "contextGroups": some(
            8, st.lists(groups.map(lambda one: {"objectType": "contextGroup", "group": one}), max_size=2)
        ),
    }
)


def bodies(objects: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """What a statement and a SubStatement have in common."""
    return given_some(
        {
            "actor": actors,
            "verb": st.sampled_from(VERBS).map(lambda iri: {"id": iri, "display": {"en": iri[-3:]}}),
            "object": objects,
            "context": some(2, contexts),
            "timestamp": some(4, st.sampled_from(TIMESTAMPS)),
        }
    )


plain_objects = activities | typed_agents | groups | references
voidings = st.fixed_dictionaries({"actor": actors, "verb": st.just({"id": VOIDED}), "object": references})
sub_statements = (bodies(plain_objects) | voidings).map(lambda body: {"objectType": "SubStatement", **body})
objects = [activities, activities, plain_objects, references, references, sub_statements, sub_statements]
templates = st.one_of(*map(bodies, objects), voidings, voidings)


@dataclass(frozen=True)
class New:
    """A statement that was never sent; `breaks` a rule, most often none; `spells` its ids, where it names its own."""

    template: Json
    breaks: str
    spells: Callable[[str], str] | None

    def targeting(self, ahead: int) -> "New":
        """The same of another statement."""
        return replace(self, template={**self.template, "object": {"objectType": "StatementRef", "ahead": ahead}})

    def numbered(self, number: int) -> Json:
        """As the statement of this number."""

        def named(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            if "ahead" in value:
                return {"objectType": "StatementRef", "id": (self.spells or str)(id_of(number + value["ahead"]))}
            return {name: named(one) for name, one in value.items()}

        statement = {name: named(one) for name, one in self.template.items()}
        if self.spells is not None:
            statement["id"] = self.spells(id_of(number))
        return BREAKS[self.breaks](statement)


BREAKS: Final[dict[str, Callable[[Json], Json]]] = {
    "nothing": lambda one: one,
    "an actor": lambda one: {name: value for name, value in one.items() if name != "actor"},
    "voiding": lambda one: {**one, "verb": {"id": VOIDED}, "object": {"id": ACTIVITIES[0]}},
    "the version": lambda one: {**one, "version": "0.9.5"},
    "1.0.3": lambda one: {**one, "version": "2.0.0"},
}
"""How a statement breaks a rule."""


@dataclass(frozen=True)
class Again:
    """A statement that is known, changed in some way or not at all."""

    pick: int
    change: str

    def changed(self, known: Json) -> Json:
        """What is sent."""
        return CHANGES[self.change](known)


def _regrouped(actor: Json) -> Json:
    return {**actor, "member": actor["member"][::-1]} if "member" in actor else actor


def _regathered(one: Json) -> Json:
    context = one.get("context", {})
    if "contextActivities" not in context:
        return one
    gathered = {
        name: value if not isinstance(value, list) or len(value) != 1 else value[0]
        for name, value in context["contextActivities"].items()
    }
    return {**one, "context": {**context, "contextActivities": gathered}}


def _registered(one: Json) -> Json:
    context = one.get("context", {})
    return {**one, "context": {**context, "registration": context.get("registration", REGISTRATIONS[0]).upper()}}


def _redefined(one: Json) -> Json:
    if kind_of(one["object"]) != "Activity":
        return one
    return {**one, "object": {**one["object"], "definition": {"name": {"en": "Three"}}}}


CHANGES: Final[dict[str, Callable[[Json], Json]]] = {
    "none": lambda one: one,
    "id": lambda one: {**one, "id": one["id"].upper()},
    "display": lambda one: {**one, "verb": {**one["verb"], "display": {"en": "anything"}}},
    "definition": _redefined,
    "members": lambda one: {**one, "actor": _regrouped(one["actor"])},
    "array": _regathered,
    "set by the LRS": lambda one: {**one, "stored": TIMESTAMPS[0], "authority": ANN, "version": "1.0.9"},
    "timestamp": lambda one: {**one, "timestamp": TIMESTAMPS[1]},
    "registration": _registered,
    "actor": lambda one: {**one, "actor": {**one["actor"], "name": "A"}},
    "verb": lambda one: {**one, "verb": {**one["verb"], "id": VERBS[0]}},
    "result": lambda one: {**one, "result": {"success": True}},
    "identity": lambda one: {**one, "actor": ANN},
}
"""How a known statement is sent again."""

spellings = st.sampled_from([str.lower, str.lower, str.lower, str.lower, str.upper, None])


@st.composite
def new_ones(draw: st.DrawFn) -> New:
    """A function, for Hypothesis writes out every strategy that a rule has."""
    return New(draw(templates), draw(st.sampled_from(["nothing"] * 30 + list(BREAKS))), draw(spellings))


repeats = st.builds(Again, st.integers(0, 100), st.sampled_from(list(CHANGES)))


# --- queries -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A query for what one statement and those that it targets say, so that it finds something.

    about: the statement. filters: for each, which of its values. since, until: (place in the log, microseconds beside
    it).
    """

    about: int
    filters: dict[str, int]
    spells: Callable[[str], str]
    flags: dict[str, bool]
    since: tuple[int, int] | None
    until: tuple[int, int] | None
    limit: int

    def values(self, said: list[Json]) -> Json:
        """The filters and flags; where there is nothing of the kind, a filter is mostly left out."""
        values: Json = dict(self.flags)
        for name, which in self.filters.items():
            there = [value for filter, value in values_of(said) if filter == name]
            if there or which == 0:
                values[name] = self._spelt(name, there[which % len(there)] if there else OTHERWISE[name])
        return values

    def _spelt(self, name: str, value: Any) -> Any:
        if name == "registration":
            return self.spells(value)
        if name == "agent" and "mbox" in value:
            local, at, domain = value["mbox"].partition("@")
            return {**value, "mbox": local + at + self.spells(domain)}
        return value


def values_of(said: Any) -> Iterator[tuple[str, Any]]:
    """All that might be asked for, wherever it is in a statement; the filters look at some places only."""
    if isinstance(said, list):
        for one in said:
            yield from values_of(one)
    elif isinstance(said, dict):
        if any(name in said for name in IDENTIFIERS):
            yield "agent", said
        elif "id" in said and "actor" not in said and kind_of(said) == "Activity":
            yield "activity", said["id"]
        for name, one in said.items():
            if name == "verb":
                yield name, one["id"]
            elif name == "registration":
                yield name, one
            else:
                yield from values_of(one)


OTHERWISE: Final[Json] = {
    "agent": {"mbox": "mailto:nobody@example.com"},
    "verb": VOIDED,
    "activity": ACTIVITIES[0],
    "registration": REGISTRATIONS[0],
}
"""What is asked for where there is nothing of the kind."""

picks = st.integers(0, 100)
moments = some(4, st.tuples(picks, st.sampled_from([0, 0, 1, -1])))
questions = st.builds(
    Asked,
    about=picks,
    filters=st.dictionaries(st.sampled_from(list(OTHERWISE)), picks, max_size=4),
    spells=st.sampled_from([str.lower, str.upper]),
    flags=st.fixed_dictionaries(
        {name: st.booleans() for name in ("related_agents", "related_activities", "ascending")}
    ),
    since=moments,
    until=moments,
    limit=st.integers(0, 5),
)
