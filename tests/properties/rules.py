"""Strategies for completion rules, and for the facts of one learner on one node: few moments, so that they collide."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from projections import vocabulary as v
from projections.fact import Fact, derive
from schemas import completion_rule as rules
from schemas.completion_rule import CompletionRule, Part
from tests.properties.learning import BEGIN, VERBS, VIDEO_TYPE, contexts, results

NODE = "http://course.example/video"
OTHER = "http://course.example/lesson"
_MINUTES = [0, 0, 1, 5, 29, 30, 31, 90, 1440, 4321, 20000, 60000]
_shares = st.sampled_from([0.1, 0.4, 0.6, 0.9, 1.0])


@st.composite
def facts(draw: st.DrawFn, most: int = 12) -> list[Fact]:
    """Facts of one key, in any order; no two are of the same statement."""
    found = []
    for number in range(draw(st.integers(0, most))):
        statement: dict[str, Any] = {
            "actor": {"mbox": "mailto:ann@example.com"},
            "verb": {"id": draw(st.sampled_from(VERBS))},
            "object": {"id": NODE, "definition": {"type": VIDEO_TYPE}},
            "result": draw(results()),
            "context": draw(contexts()),
        }
        at = BEGIN + timedelta(minutes=draw(st.sampled_from(_MINUTES)))
        derived = derive(number + 1, UUID(int=number * 7 % 13 + 1), at, at, statement)
        assert derived is not None
        found.append(derived.fact)
    return draw(st.permutations(found))


_leaves: st.SearchStrategy[Part] = st.one_of(
    st.sampled_from([rules.Viewed(), rules.Passed(), rules.Submitted(), rules.Attended(), rules.Manual()]),
    st.builds(
        rules.Statement,
        verb=st.sampled_from(VERBS),
        activity_type=st.sampled_from([None, None, VIDEO_TYPE, "http://x.example/odd"]),
    ),
    st.builds(rules.VideoFraction, at_least=st.none() | _shares),
    st.builds(rules.ScrollDepth, at_least=_shares, minimum_seconds=st.sampled_from([None, 30.0, 3600.0])),
    st.builds(rules.Score, at_least=st.none() | _shares),
    st.builds(rules.Duration, at_least=st.sampled_from(["PT30S", "PT10M", "P2D"])),
    st.builds(
        rules.MoveOn,
        criterion=st.sampled_from(["Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed", "NotApplicable"]),
        mastery_score=st.none() | _shares,
    ),
    st.just(rules.Prerequisite(node=OTHER)),
)


def _combined(inner: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(rules.All, of=several),
        st.builds(rules.AnyOf, of=several),
        several.flatmap(lambda of: st.builds(rules.NumberOf, m=st.integers(1, len(of)), of=st.just(of))),
        st.builds(
            rules.NotAfter,
            deadline=st.sampled_from([None, (BEGIN + timedelta(minutes=30)).isoformat()]),
            late=st.sampled_from(["accept", "flag", "refuse"]),
            of=inner,
        ),
    )


parts: st.SearchStrategy[Part] = st.recursive(_leaves, _combined, max_leaves=5)


@st.composite
def completion_rules(draw: st.DrawFn) -> CompletionRule:
    """Any rule: sticky or revocable, valid for ever or for a time."""
    valid_for = draw(st.sampled_from([None, None, "P3D", "P1M"]))
    renewal = draw(st.sampled_from([None, "P1D"])) if valid_for else None
    return CompletionRule(when=draw(parts), revocable=draw(st.booleans()), valid_for=valid_for, renewal=renewal)


def has_video(part: Part) -> bool:
    """Whether the rule looks at coverage, which takes length and threshold from later facts too."""
    return any(isinstance(one, rules.VideoFraction) for _, one in rules.parts_of(part))


def takes_back(fact: Fact) -> bool:
    """Whether what came before the fact no longer counts."""
    return fact.event == v.Event.UNCOMPLETED
