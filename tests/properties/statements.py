"""Valid statements of every shape that the specification allows, for Hypothesis.

The rule of this file: whatever `statements(version)` draws is valid by the clauses of that version, as a
plain value; `as_json` is its text. Corruptions and expectations belong to the tests.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemas.activity import COMPONENT_LISTS, SUPPORTED
from schemas.verb import VOIDED
from schemas.version import XapiVersion

Json = dict[str, Any]

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NAMES = TEXTS.filter(bool)
WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-äß作", min_size=1, max_size=8)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789.-", min_size=1, max_size=8)
LANGUAGES = st.sampled_from(
    ["en", "en-US", "de-CH-1996", "zh-Hant-TW", "sl-rozaj-biske", "es-419", "i-klingon", "x-own", "und"]
)
IRIS = st.builds(
    "{}{}/{}".format,
    st.sampled_from(["http://example.com/", "https://bücher.example/path/../", "urn:uuid:", "tag:a@b.example:"]),
    WORDS,
    WORDS,
)
UUIDS = st.uuids().map(str) | st.uuids(version=4).map(lambda made: str(made).upper())
NUMBERS = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
EXTENSIONS = st.dictionaries(IRIS, JSON_VALUES, max_size=3)
LANGUAGE_MAPS = st.dictionaries(LANGUAGES, TEXTS, max_size=3)
ZONES = st.sampled_from(["Z", "", "+00:00", "+05:30", "-08:00", "+0100", "-03", "-00:30"])
FRACTIONS = st.sampled_from(["", ".0", ".123", ".123456", ".1234567"])
TIMESTAMPS = st.builds(
    "{:%Y-%m-%dT%H:%M:%S}{}{}".format,
    st.datetimes().filter(lambda moment: 1000 < moment.year < 9998),
    FRACTIONS,
    ZONES,
)
DURATIONS = st.sampled_from(
    ["P4W", "P3Y", "PT0S", "PT16559.14S", "PT1,5H", "P3Y1M29DT4H35M59.14S", "P1DT12H36M0.12567S", "P0.5D"]
)


def properties(required: Json, optional: Json) -> SearchStrategy[Json]:
    """Objects with the required properties and some of the optional ones."""
    return st.fixed_dictionaries(required, optional=optional)


ACCOUNTS = properties({"homePage": IRIS, "name": NAMES}, {})
IDENTIFIERS: SearchStrategy[Json] = st.one_of(
    st.builds("mailto:{}@{}.Example".format, TOKENS, TOKENS).map(lambda mbox: {"mbox": mbox}),
    st.binary(min_size=20, max_size=20).map(lambda digest: {"mbox_sha1sum": digest.hex()}),
    IRIS.map(lambda iri: {"openid": iri}),
    ACCOUNTS.map(lambda account: {"account": account}),
)


def _merged(first: Json, second: Json) -> Json:
    return {**first, **second}


def agents(*, typed: bool = False) -> SearchStrategy[Json]:
    """Agents; `typed` ones always say so, as an object of a statement has to."""
    kind: Json = {"objectType": st.just("Agent")}
    return st.builds(
        _merged, properties(kind if typed else {}, {"name": TEXTS, **({} if typed else kind)}), IDENTIFIERS
    )


MEMBERS = st.lists(agents(), max_size=3)
GROUPS = st.one_of(
    properties({"objectType": st.just("Group"), "member": MEMBERS}, {"name": TEXTS}),
    st.builds(
        _merged,
        properties({"objectType": st.just("Group")}, {"name": TEXTS, "member": MEMBERS}),
        IDENTIFIERS,
    ),
)
ACTORS = agents() | GROUPS
AUTHORITIES = agents() | properties(
    {"objectType": st.just("Group"), "member": st.lists(agents(), min_size=2, max_size=2)}, {}
)
COMPONENTS = st.lists(
    properties({"id": TEXTS}, {"description": LANGUAGE_MAPS}),
    max_size=3,
    unique_by=lambda component: component["id"],
)


def _interaction(kind: str) -> SearchStrategy[Json]:
    lists: Json = {name: COMPONENTS for name in COMPONENT_LISTS if name in SUPPORTED.get(kind, ())}
    return properties(
        {"interactionType": st.just(kind)},
        {"correctResponsesPattern": st.lists(TEXTS, max_size=2), **lists},
    )


INTERACTIONS = st.sampled_from([*SUPPORTED, "true-false", "fill-in", "long-fill-in", "numeric", "other"]).flatmap(
    _interaction
)
DEFINITIONS = st.builds(
    _merged,
    properties(
        {},
        {
            "name": LANGUAGE_MAPS,
            "description": LANGUAGE_MAPS,
            "type": IRIS,
            "moreInfo": IRIS,
            "extensions": EXTENSIONS,
        },
    ),
    st.just({}) | INTERACTIONS,
)
ACTIVITIES = properties({"id": IRIS}, {"objectType": st.just("Activity"), "definition": DEFINITIONS})
STATEMENT_REFS = properties({"objectType": st.just("StatementRef"), "id": UUIDS}, {})
ATTACHMENTS = st.lists(
    properties(
        {
            "usageType": IRIS,
            "display": LANGUAGE_MAPS,
            "contentType": st.sampled_from(["text/plain", "text/plain; charset=ascii", "application/octet-stream"]),
            "length": st.integers(0, 10**12),
            "sha2": st.binary(min_size=32, max_size=32).map(bytes.hex),
        },
        {"description": LANGUAGE_MAPS, "fileUrl": IRIS},
    ),
    max_size=2,
)


@st.composite
def scores(draw: st.DrawFn) -> Json:
    """Scores whose raw value lies between a minimum and a greater maximum."""
    low, raw, high = sorted(draw(st.lists(NUMBERS.map(float), min_size=3, max_size=3)))
    every = {"scaled": draw(st.floats(-1, 1)), "raw": raw, "min": low, "max": high}
    left_out = draw(st.sets(st.sampled_from(list(every)))) | ({"min"} if low == high else set())
    return {name: value for name, value in every.items() if name not in left_out}


RESULTS = properties(
    {},
    {
        "score": scores(),
        "success": st.booleans(),
        "completion": st.booleans(),
        "response": TEXTS,
        "duration": DURATIONS,
        "extensions": EXTENSIONS,
    },
)


def contexts(version: XapiVersion, *, of_activity: bool) -> SearchStrategy[Json]:
    """Contexts; revision and platform only in those of a statement about an Activity."""
    some = st.lists(ACTIVITIES, max_size=2) | ACTIVITIES
    relations: Json = dict.fromkeys(("parent", "grouping", "category", "other"), some)
    optional: Json = {
        "registration": UUIDS,
        "instructor": ACTORS,
        "team": GROUPS,
        "contextActivities": properties({}, relations),
        "language": LANGUAGES,
        "statement": STATEMENT_REFS,
        "extensions": EXTENSIONS,
    }
    if of_activity:
        optional |= {"revision": TEXTS, "platform": TEXTS}
    if version is XapiVersion.V2_0_0:
        types: Json = {"relevantTypes": st.lists(IRIS, min_size=1, max_size=2)}
        agent: Json = {"objectType": st.just("contextAgent"), "agent": agents()}
        group: Json = {"objectType": st.just("contextGroup"), "group": GROUPS}
        optional["contextAgents"] = st.lists(properties(agent, types), max_size=2)
        optional["contextGroups"] = st.lists(properties(group, types), max_size=2)
    return properties({}, optional)


def _about(version: XapiVersion, objects: SearchStrategy[Json], others: Json) -> SearchStrategy[Json]:
    def around(chosen: Json) -> SearchStrategy[Json]:
        kind = chosen.get("objectType", "Activity")
        verbs = IRIS | st.just(VOIDED) if kind == "StatementRef" else IRIS
        return properties(
            {
                "actor": ACTORS,
                "verb": properties({"id": verbs}, {"display": LANGUAGE_MAPS}),
                "object": st.just(chosen),
            },
            {
                "result": RESULTS,
                "context": contexts(version, of_activity=kind == "Activity"),
                "timestamp": TIMESTAMPS,
                "attachments": ATTACHMENTS,
                **others,
            },
        )

    return objects.flatmap(around)


def statements(version: XapiVersion) -> SearchStrategy[Json]:
    """Valid statements of a version, of every objectType."""
    plain = ACTIVITIES | agents(typed=True) | GROUPS | STATEMENT_REFS
    sub: SearchStrategy[Json] = _about(version, plain, {}).map(lambda inner: {**inner, "objectType": "SubStatement"})
    versions = ["1.0", "1.0.0", "1.0.9"] + (["2.0.0"] if version is XapiVersion.V2_0_0 else [])
    return _about(
        version,
        plain | sub,
        {
            "id": UUIDS,
            "stored": TIMESTAMPS,
            "authority": AUTHORITIES,
            "version": st.sampled_from(versions),
        },
    )


def as_json(value: object, *, ascii_only: bool = False, spaced: bool = False) -> bytes:
    """The JSON text of a value, in UTF-8."""
    return json.dumps(value, ensure_ascii=ascii_only, indent=1 if spaced else None).encode()
