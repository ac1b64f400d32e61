"""What is set of a course for one person: under whichever of their identifiers it was set."""

from projections.course_configuration import apply, due_at, fold
from projections.settings_of_persons import settings_for
from schemas.log_event import ControlEvent
from tests.unit.projections.learner import at
from tests.unit.projections.test_course_configuration import (
    ANN,
    ANNA,
    ANNIE,
    COURSE,
    FILM,
    PASSED,
    QUIZ,
    event,
    rule_set,
)


def test_a_person_has_what_is_set_for_any_of_their_identifiers() -> None:
    """The later of two counts; what is set for everyone else stays apart."""

    def due(position: int, minutes: int, person: str | None) -> ControlEvent:
        moment = at(minutes).isoformat()
        return event(position, "due.set", course=COURSE, node=FILM, person=person, due_at=moment)

    def overridden(position: int, person: str, node: str, *, completed: bool) -> ControlEvent:
        said = {"course": COURSE, "node": node, "person": person, "completed": completed}
        return event(position, "completion.overridden", **said)

    events = [
        due(1, 9, None),
        due(2, 20, ANNA),
        overridden(3, ANN, QUIZ, completed=True),
        overridden(4, ANNA, QUIZ, completed=False),
        overridden(5, ANNIE, FILM, completed=True),
        event(6, "grade.overridden", course=COURSE, node=QUIZ, person=ANNA, score=0.5),
        event(7, "person.merged", person=ANNA, into=ANN),
    ]
    configuration = fold(events)
    for person in (ANN, ANNA):
        found = settings_for(configuration, COURSE, person)
        assert due_at(found, FILM, person) == at(20)
        assert {key: said.value for key, said in found.completions.items()} == {(person, QUIZ): False}
        assert found.grades[person, QUIZ].value.score == 0.5
    other = settings_for(configuration, COURSE, ANNIE)
    assert due_at(other, FILM, ANNIE) == at(9)
    assert list(other.completions) == [(ANNIE, FILM)]
    assert due_at(settings_for(fold(events, 6), COURSE, ANN), FILM, ANN) == at(9)
    kept = settings_for(configuration, COURSE, ANN)
    apply(configuration, rule_set(8, PASSED, node=FILM))
    assert kept.rules == {}
