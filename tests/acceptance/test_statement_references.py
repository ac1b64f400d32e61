"""Filters look through StatementRefs: xAPI 1.0.3 Communication 2.1.3, Filter Conditions for StatementRefs."""

from datetime import datetime
from itertools import permutations
from typing import Any
from uuid import uuid4

import httpx
import pytest

from schemas.scope import Scope
from tests.acceptance.endpoint import THROUGH, Endpoint, Json, new_statement, voiding
from tests.acceptance.tenants import Caller, credential
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

PASSED = "http://adlnet.gov/expapi/verbs/passed"


def learner(name: str) -> str:
    """An mbox that no other test has."""
    return f"mailto:{name}-{uuid4().hex}@example.com"


def about(target: Json, **changes: Any) -> Json:
    """A statement that refers to another."""
    return new_statement(**{"object": {"objectType": "StatementRef", "id": target["id"]}, **changes})


class Story:
    """Ben passed a training; Andrew confirmed it; Carl read what Andrew said; Dora only mentions it."""

    def __init__(self) -> None:
        self.ben, self.andrew = learner("ben"), learner("andrew")
        self.training = f"http://example.com/training/{uuid4()}"
        self.registration = str(uuid4())
        self.passed = new_statement(
            actor={"mbox": self.ben},
            verb={"id": PASSED},
            object={"id": self.training},
            context={
                "registration": self.registration,
                "instructor": {"mbox": self.ben.replace("ben", "eve")},
                "contextActivities": {"parent": [{"id": self.training + "/parent"}]},
            },
        )
        self.confirmed = about(self.passed, actor={"mbox": self.andrew})
        self.read = about(self.confirmed)
        mentioned = {"objectType": "StatementRef", "id": self.passed["id"]}
        self.mentioning = new_statement(context={"statement": mentioned})

    def queries(self) -> list[Json]:
        """Each is met by the training that Ben passed, and by nothing else in itself."""
        agent = f'{{"mbox":"{self.ben}"}}'
        return [
            {"agent": agent},
            {"activity": self.training},
            {"registration": self.registration},
            {"agent": agent, "verb": PASSED, "activity": self.training},
            {"agent": agent.replace("ben", "eve"), "related_agents": "true"},
            {"activity": self.training + "/parent", "related_activities": "true"},
            {"agent": agent, "ascending": "true"},
        ]


def ids(*statements: Json) -> list[str]:
    return [one["id"] for one in statements]


@pytest.mark.parametrize("together", [False, True])
def test_whichever_came_first(endpoint: Endpoint, together: bool) -> None:
    for order in permutations(range(3)):
        story = Story()
        chain = [story.passed, story.confirmed, story.read]
        written = [*(chain[at] for at in order), story.mentioning]
        for batch in [written] if together else [[one] for one in written]:
            endpoint.post(batch)
        stored = ids(*(chain[at] for at in order))
        for query in story.queries():
            assert endpoint.found(**query) == (stored if "ascending" in query else stored[::-1]), (order, query)
        found = endpoint.found(agent=f'{{"mbox":"{story.andrew}"}}')
        assert sorted(found) == sorted(ids(story.confirmed, story.read))


def test_each_filter_may_be_met_by_another_of_them(endpoint: Endpoint) -> None:
    story = Story()
    endpoint.post([story.passed, story.confirmed, story.read])
    found = endpoint.found(agent=f'{{"mbox":"{story.andrew}"}}', activity=story.training)
    assert found == ids(story.read, story.confirmed)


def test_times_are_those_of_the_statement_that_refers(endpoint: Endpoint) -> None:
    story = Story()
    stored = []
    for one in (story.passed, story.confirmed, story.read):
        endpoint.post(one)
        stored.append(endpoint.get(statementId=one["id"]).json()["stored"])
    assert endpoint.found(activity=story.training, since=stored[0]) == ids(story.read, story.confirmed)
    assert endpoint.found(activity=story.training, until=stored[1]) == ids(story.confirmed, story.passed)
    assert endpoint.found(activity=story.training, since=stored[1], until=stored[2]) == ids(story.read)


def test_what_refers_to_a_voided_statement_is_found_by_it(endpoint: Endpoint) -> None:
    """The voiding statement too, but not the voided one (2.1.4)."""
    story = Story()
    void = voiding(story.passed["id"])
    endpoint.post([story.passed, story.confirmed, story.read])
    endpoint.post(void)
    for query in story.queries():
        wanted = ids(story.confirmed, story.read, void)
        assert endpoint.found(**query) == (wanted if "ascending" in query else wanted[::-1]), query
    assert endpoint.get(statementId=story.passed["id"]).status_code == 404
    assert endpoint.get(voidedStatementId=story.passed["id"]).status_code == 200


def test_a_statement_that_is_sent_again_changes_nothing(endpoint: Endpoint) -> None:
    story = Story()
    for batch in ([story.confirmed], [story.passed], [story.confirmed, story.passed], [story.passed]):
        endpoint.post(batch)
    assert endpoint.found(activity=story.training) == ids(story.passed, story.confirmed)


def test_the_log_is_soon_whole_again(endpoint: Endpoint) -> None:
    story = Story()
    endpoint.post([story.confirmed, story.passed])
    stored = datetime.fromisoformat(endpoint.get(statementId=story.passed["id"]).json()["stored"])
    asked = 0
    while datetime.fromisoformat(endpoint.get(limit=1).headers[THROUGH]) <= stored:
        asked += 1
        assert asked < 5000


def test_what_one_may_not_read_one_cannot_find_by(database_server: PostgresServer) -> None:
    """Whoever reads only his own statements would else be told what another's says, by asking for its guesses."""
    with migrated_database(database_server) as url, serving(url) as server, httpx.Client() as client:
        scopes = (Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE)
        owner = Caller(server.origin, client, CREDENTIAL)
        other = Caller(server.origin, client, credential(url, *scopes))
        story = Story()
        mine = new_statement(object={"id": story.training})
        owner.post([story.passed])
        other.post([story.confirmed, mine, about(mine)])
        assert owner.found(agent=f'{{"mbox":"{story.ben}"}}') == ids(story.confirmed, story.passed)
        assert other.found(agent=f'{{"mbox":"{story.ben}"}}') == []
        assert other.found(agent=f'{{"mbox":"{story.andrew}"}}') == ids(story.confirmed)
        assert len(other.found(activity=story.training)) == 2
