"""The statements resource does what the specification says: any requests, in both versions and by two credentials, get
the answers of the model in statement_model.py; each example has a tenant of its own, in which the ids are the same.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from schemas.scope import Scope
from tests.acceptance.endpoint import PROBLEM, THROUGH, VERSION
from tests.acceptance.tenants import add_tenant, credential
from tests.properties.statement_forms import Json, in_ids, instant_of, recorded, with_instants
from tests.properties.statement_model import Kept, Model, Query, Reading, sizes
from tests.properties.statement_requests import Again, Asked, New, id_of, new_ones, questions, repeats
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

PAGE_SIZE = 3
TICK = timedelta(microseconds=1)
HOME_PAGE = "https://live-lrs.invalid/credential"
"""Of the account that stands for a credential."""

versions = st.sampled_from(["1.0.3", "2.0.0"])
callers = st.integers(0, 1)

_tenants = count(2)


class Served(NamedTuple):
    """A server and its database."""

    url: str
    origin: str
    client: httpx.Client


class StatementMachine(RuleBasedStateMachine):
    """Requests of two credentials of one tenant."""

    served: Served

    def __init__(self) -> None:
        super().__init__()
        tenant = next(_tenants)
        add_tenant(self.served.url, tenant)
        self.callers = [credential(self.served.url, Scope.ALL, tenant=tenant) for _ in range(2)]
        self.model = Model()
        self.number = 0
        self.through = datetime.min.replace(tzinfo=UTC)
        self.reading: Reading | None = None

    def ask(self, method: str, version: str, who: int = 0, path: str = "/xapi/statements", **options: Any) -> Any:
        """Any request; checks what every answer must have."""
        answer = self.served.client.request(
            method, self.served.origin + path, headers={VERSION: version}, auth=self.callers[who], **options
        )
        assert answer.status_code < 500, answer.text
        assert answer.headers[VERSION] == version
        through = datetime.fromisoformat(answer.headers[THROUGH])
        self.through = max(self.through, through)
        assert (answer.content == b"") == (method == "HEAD" or answer.status_code == 204)
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == PROBLEM
        return answer

    def authority(self, who: int) -> Json:
        return {"objectType": "Agent", "account": {"homePage": HOME_PAGE, "name": self.callers[who][0]}}

    # --- storing -------------------------------------------------------------------------------------------------

    def statement(self, entry: New | Again) -> Json | None:
        """What an entry stands for; None where nothing is known yet."""
        if isinstance(entry, New):
            self.number += 1
            return entry.numbered(self.number)
        if not self.model.kept:
            return None
        known = list(self.model.kept.values())
        return entry.changed(known[entry.pick % len(known)].sent)

    @initialize(entries=st.lists(new_ones(), min_size=4, max_size=8), version=versions, who=callers)
    def fill(self, entries, version, who):  # type: ignore[no-untyped-def]
        """Some statements, before anything is asked; each comes alone: what is wrong with one spares the others."""
        for entry in entries:
            self.post([entry], version, who)

    @rule(entries=st.lists(new_ones() | new_ones() | repeats, min_size=1, max_size=4), version=versions, who=callers)
    def post(self, entries, version, who):  # type: ignore[no-untyped-def]
        sent = [one for one in map(self.statement, entries) if one is not None]
        if not sent:
            return
        promised, body = self.through, sent[0] if len(sent) == 1 and version == "1.0.3" else sent
        answer = self.ask("POST", version, who, json=body)
        status = self.model.verdict(version, sent)
        assert answer.status_code == status, (sent, answer.text)
        if status == 200:
            given = answer.json()
            assert given == [one.get("id", id).lower() for one, id in zip(sent, given, strict=True)]
            sent = [{"id": id, **one} for one, id in zip(sent, given, strict=True)]
            self.keep(version, who, sent, answer, promised)
        self.look_at([one["id"].lower() for one in sent if "id" in one], version)

    @rule(
        entries=st.lists(new_ones(), min_size=3, max_size=5),
        ahead=st.sampled_from([-1, 1]),
        together=st.booleans(),
        version=versions,
        who=callers,
    )
    def post_chain(self, entries, ahead, together, version, who):  # type: ignore[no-untyped-def]
        """Each targets the one before, or the one that comes next."""
        chain = [entry.targeting(ahead) for entry in entries]
        for batch in [chain] if together else [[one] for one in chain]:
            self.post(batch, version, who)

    @rule(entry=new_ones() | repeats | repeats, version=versions, who=callers, misnamed=st.integers(1, 8))
    def put(self, entry, version, who, misnamed):  # type: ignore[no-untyped-def]
        statement = self.statement(entry)
        if statement is None:
            return
        id = id_of(self.number + 50) if misnamed == 1 else statement.get("id", id_of(self.number))
        promised = self.through
        answer = self.ask("PUT", version, who, json=statement, params={"statementId": id})
        status = self.model.verdict(version, [statement], id)
        assert answer.status_code == (204 if status == 200 else status), (statement, answer.text)
        if status == 200:
            self.keep(version, who, [{"id": id, **statement}], answer, promised)
        self.look_at([id.lower()], version)

    def keep(self, version: str, who: int, sent: list[Json], answer: Any, promised: datetime) -> None:
        """What was taken is stored, and is found from now on; promised: the log was whole until then."""
        new = self.model.store(version, self.authority(who), sent)
        assert answer.headers["X-LRS-Stored"] == str(len(new))
        for one in new:
            got = self.ask("GET", version, params=self.named(one.id)).json()
            one.stored = instant_of(got["stored"])
            assert one.stored >= promised
        while new and self.through <= max(one.stored for one in new):
            self.ask("HEAD", version)  # what has come counts for others in a moment (2.1.3, Consistent-Through)
        if self.reading is not None:
            now = self.ids(self.reading.query)
            self.reading.always &= set(now)
            self.reading.ever |= set(now)

    # --- one statement -------------------------------------------------------------------------------------------

    def named(self, id: str) -> dict[str, str]:
        """The parameter that a statement is found by."""
        return {"voidedStatementId" if self.model.is_voided(id) else "statementId": id}

    def look_at(self, ids: list[str], version: str) -> None:
        """What is there is what the model has."""
        for id in ids:
            answer = self.ask("GET", version, params=self.named(id))
            assert answer.status_code == (200 if id in self.model.kept else 404), id
            if id in self.model.kept:
                self.compare(answer.json(), self.model.kept[id])

    def compare(self, got: Json, kept: Kept, form: str = "exact") -> None:
        """A statement as it is returned, and what it must be."""
        if kept.version == "2.0.0" and "timestamp" in kept.sent:
            assert got["timestamp"].endswith("Z")
        assert instant_of(got["stored"]) == kept.stored
        wanted = {"timestamp": kept.stored, **recorded(kept.sent, kept.version), "authority": kept.authority}
        if form == "ids":
            wanted = in_ids(wanted)
        assert with_instants({name: one for name, one in got.items() if name != "stored"}) == wanted

    @rule(
        pick=st.integers(0, 100),
        rightly=st.booleans(),
        form=st.sampled_from(["exact", "ids"]),
        version=versions,
        who=callers,
    )
    def get(self, pick, rightly, form, version, who):  # type: ignore[no-untyped-def]
        ids = [*self.model.kept, id_of(self.number + 1), id_of(self.number + 2)]
        id = ids[pick % len(ids)]
        found = rightly and id in self.model.kept
        (name,) = self.named(id)
        params = {name if rightly else other_name(name): id.upper(), "format": form}
        answer = self.ask("GET", version, who, params=params)
        assert answer.status_code == (200 if found else 404)
        bare = self.ask("HEAD", version, who, params=params)
        assert bare.status_code == answer.status_code
        if found:
            self.compare(answer.json(), self.model.kept[id], form)
            for header in ("ETag", "Last-Modified", "Content-Type"):
                assert bare.headers[header] == answer.headers[header]
            day = "%a, %d %b %Y %H:%M:%S GMT"
            assert answer.headers["Last-Modified"] == self.model.kept[id].stored.strftime(day)

    # --- lists ---------------------------------------------------------------------------------------------------

    def query(self, asked: Asked) -> Query:
        """With the values of the log."""
        known = list(self.model.kept.values())
        if not known:
            return Query(**asked.values([]))
        chain = self.model.chain(known[asked.about % len(known)])
        times: Json = {
            name: known[place[0] % len(known)].stored + place[1] * TICK
            for name, place in (("since", asked.since), ("until", asked.until))
            if place is not None
        }
        return Query(**asked.values([{**one.sent, "authority": one.authority} for one in chain]), **times)

    def ids(self, query: Query) -> list[str]:
        return [one.id for one in self.model.found(query)]

    @rule(
        all_asked=st.lists(questions, min_size=1, max_size=3),
        form=st.sampled_from(["exact", "ids", "canonical"]),
        version=versions,
        who=callers,
    )
    def search(self, all_asked, form, version, who):  # type: ignore[no-untyped-def]
        for asked in all_asked:
            self.list(self.query(asked), asked.limit, form, version, who)

    def list(self, query: Query, limit: int, form: str, version: str, who: int) -> None:
        """Every page, and what must be on it."""
        size = min(limit or PAGE_SIZE, PAGE_SIZE)
        wanted = self.model.found(query)
        params = {**query.params(), "limit": str(limit), "format": form}
        answer = self.ask("GET", version, who, params=params)
        pages = [answer.json()]
        while pages[-1]["more"]:
            pages.append(self.ask("GET", version, who, pages[-1]["more"]).json())
        got = [one for page in pages for one in page["statements"]]
        assert [one["id"].lower() for one in got] == [one.id for one in wanted], query
        assert [len(page["statements"]) for page in pages] == sizes(len(wanted), size)
        for one, kept in zip(got, wanted, strict=True):
            if form != "canonical":
                self.compare(one, kept, form)
        assert self.ask("HEAD", version, who, params=params).status_code == 200

    @rule(asked=questions, version=versions)
    def begin(self, asked, version):  # type: ignore[no-untyped-def]
        """The first page; the others are read while statements come and are voided."""
        query = self.query(asked)
        first = self.ids(query)
        page = self.ask("GET", version, params={**query.params(), "limit": "1"}).json()
        seen = [one["id"].lower() for one in page["statements"]]
        assert seen == first[:1]
        self.reading = Reading(query, page["more"], seen, set(first), set(first))

    @precondition(lambda self: self.reading is not None and self.reading.more)
    @rule(version=versions)
    def go_on(self, version):  # type: ignore[no-untyped-def]
        """Nothing that was there all the time is missed, and nothing comes twice or out of order."""
        assert self.reading is not None
        reading = self.reading
        page = self.ask("GET", version, path=reading.more).json()
        reading.more = page["more"]
        reading.seen += [one["id"].lower() for one in page["statements"]]
        assert set(reading.seen) <= reading.ever
        assert len(set(reading.seen)) == len(reading.seen)
        places = [self.model.kept[id].stored for id in reading.seen]
        assert places == sorted(places, reverse=not reading.query.ascending)
        assert reading.more or reading.always <= set(reading.seen)


def other_name(name: str) -> str:
    """The parameter that a statement is not found by."""
    return "statementId" if name == "voidedStatementId" else "voidedStatementId"


@pytest.fixture(scope="module")
def served(database_server: PostgresServer) -> Iterator[Served]:
    with (
        migrated_database(database_server) as url,
        serving(url, LRS_PAGE_SIZE=str(PAGE_SIZE)) as server,
        httpx.Client(timeout=30) as client,
    ):
        yield Served(url, server.origin, client)


@pytest.mark.timeout(600)  # a failure is made small before it is shown
@pytest.mark.one_database("embedded")
def test_every_request_gets_the_answer_of_the_model(served: Served) -> None:
    machine = type("Machine", (StatementMachine,), {"served": served})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=7, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow], deadline=None
        ),
    )
