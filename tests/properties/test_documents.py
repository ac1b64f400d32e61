"""The document resources do what the specification says: any requests, in both versions, with any preconditions, get
the answers of the model in document_model.py; and merging keeps every member as it was written.
"""

import json
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from schemas.document import Document, merged
from schemas.version import XapiVersion
from tests.properties.document_model import Conditions, Kept, Model, parsed
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

JSON = "application/json"
CONTENTS = [b"{}", b'{"a":1.50}', b'{"a":{"b":2},"c":1e400}', b'{"c":[1,2]}', b"[]", b"no JSON", b"", b"\xff\0"]
KINDS = [JSON, JSON, JSON, "application/json;charset=utf-8", "application/octet-stream"]
IDS = ["one", "two", "ünï/&? "]
OWNERS = ["state", "registered state", "activity profile", "agent profile"]

owners = st.sampled_from(OWNERS)
ids = st.sampled_from(IDS)
versions = st.sampled_from(["1.0.3", "2.0.0"])
documents = st.builds(Kept, st.sampled_from(CONTENTS), st.sampled_from(KINDS))
tags = st.lists(st.sampled_from(["current", "current", "*", "another", *CONTENTS]), min_size=1, max_size=2)
wanted = st.none() | st.none() | tags


class DocumentMachine(RuleBasedStateMachine):
    """Requests of one client, about owners whom no other example has."""

    origin: str
    client: httpx.Client

    def __init__(self) -> None:
        super().__init__()
        activity = f"http://example.com/{uuid4()}"
        agent = json.dumps({"account": {"homePage": "http://example.com", "name": str(uuid4())}})
        both = {"activityId": activity, "agent": agent}
        self.params = dict(
            zip(
                OWNERS,
                (both, {**both, "registration": str(uuid4())}, {"activityId": activity}, {"agent": agent}),
                strict=True,
            )
        )
        self.models = {name: Model("state" in name) for name in OWNERS}

    def ask(
        self, method: str, owner: str, version: str, id: str | None, conditions: Conditions, sent: Kept | None = None
    ) -> httpx.Response:
        path = {"activity profile": "activities/profile", "agent profile": "agents/profile"}
        id_name = "profileId" if owner in path else "stateId"
        headers = {"X-Experience-API-Version": version, **conditions.headers()}
        if sent is not None:
            headers["Content-Type"] = sent.kind
        return self.client.request(
            method,
            f"{self.origin}/xapi/{path.get(owner, 'activities/state')}",
            params={**self.params[owner], **({} if id is None else {id_name: id})},
            headers=headers,
            content=None if sent is None else sent.content,
            auth=CREDENTIAL,
        )

    def conditions(
        self, owner: str, id: str, match: list[str | bytes] | None, none: list[str | bytes] | None
    ) -> Conditions:
        """With the tag of what is there now where `current` is wanted."""
        kept = self.models[owner].kept.get(id)

        def tag(name: str | bytes) -> str:
            if name == "current":
                return kept.tag if kept else "nothing"
            return name if isinstance(name, str) else Kept(name, "").tag

        def read(names: list[str | bytes] | None) -> tuple[str, ...] | None:
            return None if names is None else ("*",) if "*" in names else tuple(map(tag, names))

        return Conditions(read(match), read(none))

    @rule(owner=owners, id=ids, version=versions, sent=documents, match=wanted, none=wanted)
    def put(self, owner, id, version, sent, match, none):  # type: ignore[no-untyped-def]
        conditions = self.conditions(owner, id, match, none)
        answer = self.ask("PUT", owner, version, id, conditions, sent)
        assert answer.status_code == self.models[owner].put(version, id, sent, conditions), answer.text
        self.look(owner, id, version)

    @rule(owner=owners, id=ids, version=versions, sent=documents, match=wanted, none=wanted)
    def post(self, owner, id, version, sent, match, none):  # type: ignore[no-untyped-def]
        conditions = self.conditions(owner, id, match, none)
        answer = self.ask("POST", owner, version, id, conditions, sent)
        status, both = self.models[owner].post(id, sent, conditions)
        assert answer.status_code == status, answer.text
        if both is not None:
            content = self.ask("GET", owner, version, id, Conditions()).content
            assert parsed(content) == both
            self.models[owner].store(id, Kept(content, self.models[owner].kept[id].kind))
        self.look(owner, id, version)

    @rule(owner=owners, id=ids, version=versions, match=wanted, none=wanted)
    def delete(self, owner, id, version, match, none):  # type: ignore[no-untyped-def]
        conditions = self.conditions(owner, id, match, none)
        answer = self.ask("DELETE", owner, version, id, conditions)
        assert answer.status_code == self.models[owner].delete(id, conditions), answer.text
        self.look(owner, id, version)

    @rule(owner=st.sampled_from(OWNERS[:2]), version=versions)
    def delete_all(self, owner, version):  # type: ignore[no-untyped-def]
        assert self.ask("DELETE", owner, version, None, Conditions()).status_code == 204
        self.models[owner].kept.clear()

    @rule(owner=owners, id=ids, version=versions, match=wanted, none=wanted)
    def get(self, owner, id, version, match, none):  # type: ignore[no-untyped-def]
        conditions = self.conditions(owner, id, match, none)
        kept = self.models[owner].kept.get(id)
        if kept is None:
            status = 404
        elif not Conditions(match=conditions.match).hold(kept):
            status = 412
        else:
            status = 200 if conditions.hold(kept) else 304
        for method in ("GET", "HEAD"):
            assert self.ask(method, owner, version, id, conditions).status_code == status

    @rule(version=versions)
    def list_all(self, version):  # type: ignore[no-untyped-def]
        for owner, model in self.models.items():
            answer = self.ask("GET", owner, version, None, Conditions())
            assert answer.json() == list(model.kept)

    def look(self, owner: str, id: str, version: str) -> None:
        """What is there is what the model has."""
        answer = self.ask("GET", owner, version, id, Conditions())
        kept = self.models[owner].kept.get(id)
        if kept is None:
            assert answer.status_code == 404
        else:
            assert answer.status_code == 200
            assert (answer.content, answer.headers["Content-Type"]) == (kept.content, kept.kind)
            assert answer.headers["ETag"] == f'"{kept.tag}"'


@pytest.fixture(scope="module")
def origin(database_server: PostgresServer) -> Iterator[str]:
    with migrated_database(database_server) as url, serving(url) as server:
        yield server.origin


@pytest.mark.one_database("embedded")
def test_every_request_gets_the_answer_of_the_model(origin: str) -> None:
    with httpx.Client() as client:
        machine = type("Machine", (DocumentMachine,), {"origin": origin, "client": client})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow], deadline=None
            ),
        )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(max_size=3), json_values, max_size=4)


@given(kept=json_objects, sent=json_objects, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_merging_is_what_dictionaries_do(
    kept: dict[str, object], sent: dict[str, object], ascii_only: bool, indent: int | None
) -> None:
    """With every spelling of JSON; and merging the same again changes nothing."""
    one, other = (Document(JSON, written(value, ascii_only, indent)) for value in (kept, sent))
    both = merged(one, other, XapiVersion.V1_0_3)
    assert parsed(both.content) == parsed(written({**kept, **sent}, ascii_only, indent))
    assert merged(both, other, XapiVersion.V2_0_0) == both


def written(value: dict[str, object], ascii_only: bool, indent: int | None) -> bytes:
    """As JSON."""
    return json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
