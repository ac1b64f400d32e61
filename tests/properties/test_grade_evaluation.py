"""Laws of grade policies: the default gives what the gradebook gives; a grade is a function of the set of attempts."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from projections import gradebook
from projections.attempt import Attempt
from projections.grade_evaluation import CourseGrade, GradedItem, GradeOverride, grade_course, grade_node
from schemas.grade_policy import AttemptPolicy, Category, GradePolicy, LatePenalty
from tests.acceptance.naive.standing import course_grade
from tests.properties.learning import BEGIN

scores = st.none() | st.sampled_from([0.0, 0.000001, 0.333333, 0.59, 0.6, 0.7, 1.0])
_moments = st.sampled_from([BEGIN + timedelta(hours=hours) for hours in (0, 1, 24, 25, 200)])


@st.composite
def attempts(draw: st.DrawFn) -> list[Attempt]:
    """Attempts of one key, in any order."""
    found = []
    for key in draw(st.lists(st.sampled_from("abcdef"), max_size=6, unique=True)):
        begun, score = draw(_moments), draw(scores)
        ended = begun + timedelta(hours=draw(st.integers(0, 3)))
        found.append(Attempt(key, begun, ended, None, None, None, score, score, False, None, 0))
    return found


_penalties = st.none() | st.builds(
    LatePenalty,
    at_once=st.sampled_from([0.1, 0.5]),
    per_day=st.sampled_from([0.0, 0.25]),
    at_most=st.sampled_from([0.6, 1.0]),
    grace=st.sampled_from([None, "PT2H"]),
)
policies = st.one_of(
    st.builds(
        AttemptPolicy,
        take=st.sampled_from(["best", "last", "first", "average", "manual"]),
        max_attempts=st.none() | st.integers(1, 3),
        late_penalty=_penalties,
    ),
    st.builds(AttemptPolicy, take=st.just("average_of_best"), k=st.integers(1, 3), late_penalty=_penalties),
)


@settings(max_examples=60)
@given(found=attempts(), course_node=st.booleans(), required=st.booleans())
def test_the_default_policy_gives_what_the_gradebook_gives(
    found: list[Attempt], course_node: bool, required: bool
) -> None:
    row = gradebook.fold(found, course_node=course_node, required=required)
    policy = GradePolicy().of_node("http://course.example/a", course_node=course_node)
    grade = grade_node(found, policy, counts=required and not course_node, pass_mark=0.6)
    assert (row is None) == (grade is None)
    if row is not None and grade is not None:
        assert {name: getattr(grade, name) for name in row._fields} == row._asdict()


@settings(max_examples=60)
@given(found=st.lists(scores, max_size=6), uncounted=st.lists(scores, max_size=2), own=scores)
def test_the_default_policy_gives_the_course_row_of_the_definition(
    found: list[float | None], uncounted: list[float | None], own: float | None
) -> None:
    """`uncounted`: of nodes that are not required; every one that counts is graded."""
    book = {f"n{index}": {"score": score, "counts": True} for index, score in enumerate(found)}
    book |= {f"u{index}": {"score": score, "counts": False} for index, score in enumerate(uncounted)}
    if own is not None:
        book["course"] = {"score": own, "counts": False}
    row = course_grade("course", [], book, graded_nodes=len(found))
    items = [GradedItem(f"n{index}", score) for index, score in enumerate(found)]
    grade = grade_course(reversed(items), GradePolicy(), own_score=own, verdict=None)
    assert grade == CourseGrade(row["grade_so_far"], row["grade_if_nothing_more"], row["passed"], (), ())


@settings(max_examples=60)
@given(
    found=attempts(),
    policy=policies,
    due_at=st.none() | _moments,
    override=st.none() | st.builds(GradeOverride, score=st.sampled_from([0.0, 1.0]), excused=st.booleans()),
    data=st.data(),
)
def test_a_grade_is_a_function_of_the_set_of_attempts(
    found: list[Attempt],
    policy: AttemptPolicy,
    due_at: object,
    override: GradeOverride | None,
    data: st.DataObject,
) -> None:
    def grade(some: list[Attempt]) -> object:
        return grade_node(some, policy, counts=True, pass_mark=0.6, due_at=due_at, override=override)  # type: ignore[arg-type]

    assert grade(data.draw(st.permutations(found))) == grade(found)
    row = grade_node(found, policy, counts=True, pass_mark=0.6, override=override)
    if row is not None and row.score is not None:
        assert 0 <= row.score <= 1


_items = st.lists(
    st.builds(
        GradedItem,
        node=st.sampled_from("abcdefgh"),
        score=scores,
        weight=st.sampled_from([0.0, 1.0, 2.5]),
        category=st.sampled_from([None, "quiz", "essay"]),
        due_at=st.none() | _moments,
        excused=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda item: item.node,
)
_course_policies = st.sampled_from(
    [
        GradePolicy(),
        GradePolicy(drop_lowest=2),
        GradePolicy(
            categories=(Category(name="quiz", weight=1, drop_lowest=1), Category(name="essay", weight=3)),
            pass_mark=0.5,
        ),
    ]
)


@settings(max_examples=60)
@given(items=_items, policy=_course_policies, now=st.none() | _moments, data=st.data())
def test_a_course_grade_is_a_function_of_the_set_of_items(
    items: list[GradedItem], policy: GradePolicy, now: object, data: st.DataObject
) -> None:
    def grade(some: list[GradedItem]) -> CourseGrade:
        return grade_course(some, policy, own_score=None, verdict=None, now=now)  # type: ignore[arg-type]

    found = grade(items)
    assert grade(data.draw(st.permutations(items))) == found
    for share in (found.so_far, found.if_nothing_more):
        assert share is None or 0 <= share <= 1
    assert not set(found.dropped) & {one.node for one in items if one.excused}
