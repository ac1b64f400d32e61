"""Dead letters as whoever looks after the store meets them: over HTTP and at the command line, on both databases."""

import asyncio
import json
import os
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from lrs.cli import main
from schemas.scope import Scope
from tests.acceptance.course_log import CourseLog
from tests.acceptance.endpoint import Endpoint, Json, new_statement, voiding
from tests.acceptance.poison import add_letter, spoil
from tests.acceptance.tenants import COURSE_TYPE, Caller, add_tenant, credential
from tests.services.lrs_server import serving

pytestmark = pytest.mark.one_database("embedded")

COURSE = {"id": "http://course.example/letters", "definition": {"type": COURSE_TYPE}}
ANN, BO, CY = (f"mbox:mailto:{name}@example.com" for name in ("ann", "bo", "cy"))
LETTERS = "/api/dead-letters"


def passed(learner: str, number: int) -> Json:
    """A learner passes a lesson."""
    return new_statement(
        actor={"mbox": learner.removeprefix("mbox:")},
        verb={"id": "http://adlnet.gov/expapi/verbs/passed"},
        object={"id": f"http://course.example/letters/{number}"},
        context={"contextActivities": {"parent": [COURSE]}},
    )


class Keeper:
    """Who looks after the store at an endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def get(self, path: str = LETTERS, expected: int = 200, **params: Any) -> Json:
        """What is answered, once the read models have all that was sent."""
        answer = self._endpoint.ask("GET", path, params=params)
        assert answer.status_code == expected, answer.text
        found: Json = answer.json()
        return found

    def post(self, *statements: Json) -> list[int]:
        """Statements that must be taken; answers when they are read. Their positions follow each other."""
        answer = self._endpoint.send(list(statements))
        assert answer.status_code == 200, answer.text
        last = self._read(answer)
        return list(range(last - len(statements) + 1, last + 1))

    def decide(self, position: int, what: str, expected: int = 200, **params: Any) -> Json:
        """Retry or discard; answers when it is done."""
        answer = self._endpoint.ask("POST", f"{LETTERS}/{position}/{what}", params=params)
        assert answer.status_code == expected, answer.text
        if expected == 200:
            self._read(answer)
        found: Json = answer.json()
        return found

    def states(self, **params: Any) -> list[tuple[int, str, int | None]]:
        """Every letter, from page to page: position, state, what it waits for."""
        page = self.get(**params, limit=3)
        letters = page["letters"]
        while page["more"]:
            page = self._endpoint.ask("GET", page["more"]).json()
            letters += page["letters"]
        return [(one["position"], one["state"], one["waits_for"]) for one in letters]

    def _read(self, answer: httpx.Response) -> int:
        position = int(answer.headers["X-LRS-Position"])
        assert self.get("/api/projections", wait_for=position)["position"] >= position
        return position


def differences(url: str, *but_for: int) -> list[str]:
    """Where the read models are not those of the log without the statements at these positions."""

    async def compare() -> list[str]:
        async with CourseLog.open(url) as log:
            return log.differences(but_for=but_for)

    return asyncio.run(compare())


def test_from_a_fault_to_its_mending(database_url: str) -> None:
    statements = [passed(learner, number) for number in range(5) for learner in (ANN, BO, CY)]
    bad_ann, bad_bo, worse_bo = statements[3], statements[7], statements[10]
    with serving(database_url) as server, httpx.Client() as client:
        keeper = Keeper(Endpoint(server.origin, client))
        spoil(database_url, bad_ann["id"], bad_bo["id"])
        positions = keeper.post(*statements)
        ann, bo = positions[3], positions[7]
        behind_ann, behind_bo = positions[6::3], positions[10::3]
        assert keeper.states() == sorted(
            [(ann, "parked", None), (bo, "parked", None)]
            + [(one, "waiting", ann) for one in behind_ann]
            + [(one, "waiting", bo) for one in behind_bo]
        )
        assert keeper.states(state="waiting", learner=BO) == [(one, "waiting", bo) for one in behind_bo]
        assert keeper.get(state="parked", fields="position,learner")["letters"] == [
            {"position": ann, "learner": ANN},
            {"position": bo, "learner": BO},
        ]
        counts = keeper.get("/api/projections")["dead_letters"]
        assert counts == {"parked": 2, "waiting": 5, "discarded": 0, "oldest": ann}
        assert differences(database_url, ann, bo, *behind_ann, *behind_bo) == []

        one = keeper.get(f"{LETTERS}/{ann}")
        assert one["sent"] == bad_ann | {"version": "1.0.0"}
        assert (one["error"], one["attempts"]) == ("DataException", 1)
        assert "this fact is spoiled" in one["message"]
        assert "write_facts" in one["frames"]
        keeper.decide(ann, "retry")
        assert keeper.get(f"{LETTERS}/{ann}")["attempts"] == 2
        refused = keeper.decide(behind_ann[0], "discard", 409)
        assert str(ann) in refused["detail"]
        keeper.decide(positions[0], "retry", 404)

        keeper.post(voiding(statements[6]["id"]))  # one that waits
        spoil(database_url, worse_bo["id"])
        keeper.decide(ann, "retry")
        assert keeper.states(learner=ANN) == []
        keeper.decide(bo, "discard", reason="a test of the content package")
        assert keeper.states() == [
            (bo, "discarded", None),
            (positions[10], "parked", None),
            (positions[13], "waiting", positions[10]),
        ]
        found = keeper.get(f"{LETTERS}/{bo}")
        assert (found["decided_by"], found["reason"]) == ("test-key", "a test of the content package")
        keeper.decide(bo, "discard", 409)
        assert differences(database_url, bo, positions[10], positions[13]) == []

        spoil(database_url)
        keeper.decide(positions[10], "retry")
        assert differences(database_url, bo) == []
        keeper.decide(bo, "retry")
        assert keeper.states() == []
        assert differences(database_url) == []


def test_at_the_command_line(database_url: str) -> None:
    unset = dict.fromkeys((name for name in os.environ if name.startswith("LRS_")), None)

    def run(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(main, ["dead-letters", *words], env={**unset, "LRS_DATABASE_URL": database_url})
        assert done.exit_code == status, done.output
        return done.output

    assert run("list") == "0 parked, 0 waiting, 0 discarded.\n"
    with serving(database_url) as server, httpx.Client() as client:
        keeper = Keeper(Endpoint(server.origin, client))
        bad = passed(ANN, 1)
        spoil(database_url, bad["id"])
        first, second = keeper.post(bad, passed(ANN, 2))
        lines = run("list").splitlines()
        assert "tried once, last by version" in lines[1]
        assert lines[1].endswith("DataException: this fact is spoiled")
        assert [lines[0], *lines[2:]] == [
            f"{first}  parked  {ANN}",
            f"{second}  waiting  {ANN}",
            f"    waits for {first}",
            "1 parked, 1 waiting, 0 discarded.",
        ]
        assert [one["position"] for one in json.loads(run("list", "--json", "--state", "waiting"))["letters"]] == [
            second
        ]
        assert bad["id"] in run("show", str(first))
        assert json.loads(run("show", str(first), "--json"))["sent"]["id"] == bad["id"]
        assert "decide of that one" in run("discard", str(second), status=1)
        assert "no dead letter" in run("show", "1000000", status=1)
        at = json.loads(run("discard", str(first), "--reason", "sent by mistake", "--json"))["position"]
        keeper.get("/api/projections", wait_for=at)
        assert "by lrs command line at" in run("list")
        assert "sent by mistake" in run("list")
        spoil(database_url)
        keeper.get("/api/projections", wait_for=json.loads(run("retry", str(first), "--json"))["position"])
        assert run("list") == "0 parked, 0 waiting, 0 discarded.\n"
        assert differences(database_url) == []


def test_nothing_of_another_tenant(database_url: str) -> None:
    add_tenant(database_url, 2)
    add_letter(database_url, 10**15, tenant=2)
    with serving(database_url) as server, httpx.Client() as client:
        ours = Caller(server.origin, client, credential(database_url, Scope.ALL))
        theirs = Caller(server.origin, client, credential(database_url, Scope.ALL, tenant=2))
        assert len(theirs.get(LETTERS).json()["letters"]) == 1
        assert theirs.get("/api/projections").json()["dead_letters"]["parked"] == 1
        assert ours.get(LETTERS).json()["letters"] == []
        assert ours.get("/api/projections").json()["dead_letters"]["parked"] == 0
        assert ours.get(f"{LETTERS}/{10**15}").status_code == 404
        for what in ("retry", "discard"):
            assert ours.ask("POST", f"{LETTERS}/{10**15}/{what}").status_code == 404


@pytest.mark.parametrize(
    "query", ["state=dead", "learner=", "limit=0", "fields=nothing", "key=1", "state=parked&state=parked"]
)
def test_what_is_asked_wrongly_is_told(endpoint: Endpoint, query: str) -> None:
    answer = endpoint.ask("GET", f"{LETTERS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["violations"]


@pytest.mark.parametrize("path", [f"{LETTERS}/0/retry", f"{LETTERS}/{2**63}/discard", f"{LETTERS}/1/retry?reason="])
def test_a_decision_that_cannot_be(endpoint: Endpoint, path: str) -> None:
    assert endpoint.ask("POST", path).status_code == 400
