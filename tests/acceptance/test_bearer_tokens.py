"""Bearer tokens of an issuer: those in order are taken for what they say, all others are 401, and none is 500."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx
import jwt
import pytest

from tests.acceptance.endpoint import VERSION, new_statement
from tests.acceptance.tenants import Caller
from tests.acceptance.token_issuer import AUDIENCE, Bearer, TokenIssuer, new_key
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, serving
from tests.services.postgres import PostgresServer

STATEMENTS = "/xapi/statements"


class Place(NamedTuple):
    """A server and the issuer that it takes tokens of."""

    url: str
    origin: str
    client: httpx.Client
    issuer: TokenIssuer

    def caller(self, token: str) -> Caller:
        """Who has a token."""
        return Caller(self.origin, self.client, Bearer(token))


@pytest.fixture(scope="module")
def place(embedded_server: PostgresServer) -> Iterator[Place]:
    with ExitStack() as stack:
        url = stack.enter_context(migrated_database(embedded_server))
        issuer = stack.enter_context(TokenIssuer.running())
        for algorithm in ("RS512", "PS256", "ES256", "EdDSA"):
            issuer.add(algorithm, algorithm)
        origin = stack.enter_context(serving(url, **variables(issuer))).origin
        yield Place(url, origin, stack.enter_context(httpx.Client()), issuer)


def variables(issuer: TokenIssuer) -> dict[str, str]:
    """Settings of a server that takes an issuer's tokens."""
    return {"LRS_OIDC_ISSUER": issuer.url, "LRS_OIDC_AUDIENCE": AUDIENCE}


def encoded(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize("key", ["first", "RS512", "PS256", "ES256", "EdDSA"])
def test_a_token_in_order(place: Place, key: str) -> None:
    ann = place.caller(place.issuer.token("all", key=key))
    statement = new_statement()
    ann.post([statement])
    authority = ann.get(statementId=statement["id"]).json()["authority"]
    assert authority == {  # Data 2.4.9: the consumer's homePage is where its tokens come from
        "objectType": "Group",
        "member": [
            {"objectType": "Agent", "account": {"homePage": f"{place.issuer.url}/token", "name": "app"}},
            {"objectType": "Agent", "account": {"homePage": place.issuer.url, "name": "ann"}},
        ],
    }


@pytest.mark.parametrize(
    ("claims", "home", "name"),
    [
        ({"client_id": None}, "", "ann"),
        ({"sub": "robot", "client_id": "robot"}, "/token", "robot"),
    ],
    ids=["a user alone", "an application alone"],
)
def test_an_authority_of_one(place: Place, claims: dict[str, Any], home: str, name: str) -> None:
    caller = place.caller(place.issuer.token("all", **claims))
    statement = new_statement()
    caller.post([statement])
    authority = caller.get(statementId=statement["id"]).json()["authority"]
    assert authority == {
        "objectType": "Agent",
        "account": {"homePage": place.issuer.url + home, "name": name},
    }


def test_each_pair_reads_its_own(place: Place) -> None:
    """An application alone does not read what its users wrote, nor a user alone what was written through one."""
    scope = "statements/write statements/read/mine"
    tokens = [
        place.issuer.token(scope, sub=sub, client_id=client)
        for sub, client in (("ann", "a"), ("ann", "b"), ("bob", "a"), ("a", "a"), ("ann", None))
    ]
    callers = [place.caller(token) for token in tokens]
    for caller in callers:
        caller.post([new_statement(actor=caller.agent)])
    for caller in callers:
        assert len(caller.found()) >= 1
        seen = [page["actor"].get("name") for page in caller.get().json()["statements"]]
        assert f"Learner {caller.mark}" in seen
        assert not {f"Learner {other.mark}" for other in callers if other is not caller} & set(seen)


@pytest.mark.parametrize(
    ("scope", "reads", "writes"),
    [
        ("statements/write", 403, 200),
        ("openid statements/read email", 200, 403),
        (["statements/write", "all/read"], 200, 200),
        ("all", 200, 200),
        ("", 403, 403),
        (None, 403, 403),
        ("ALL statements/readx", 403, 403),
        ({"all": True}, 403, 403),
        (["all ", 7, None], 403, 403),
    ],
)
def test_scopes_of_the_claim(place: Place, scope: object, reads: int, writes: int) -> None:
    caller = place.caller(place.issuer.token(scope))
    assert caller.get().status_code == reads
    answer = caller.ask("POST", STATEMENTS, json=new_statement())
    assert answer.status_code == writes
    if writes == 403:
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="statements/write"'


def test_an_end_written_as_text_is_no_error_of_ours(place: Place) -> None:
    assert place.caller(place.issuer.token(exp=str(int(time.time()) + 300))).get().status_code in (200, 401)


def test_profile_of_openid_connect_is_not_profile_of_xapi(place: Place) -> None:
    caller = place.caller(place.issuer.token("openid profile email"))
    assert caller.get("/xapi/agents/profile", agent='{"mbox":"mailto:ann@example.com"}').status_code == 403


def refused_tokens(issuer: TokenIssuer) -> dict[str, str]:
    """Tokens that are wrong in one way each."""
    now = int(time.time())
    good = issuer.token()
    header, payload, signature = good.split(".")
    stranger = TokenIssuer(issuer.url)
    critical = {"alg": "RS256", "kid": "first", "crit": ["x"], "x": 1}
    return {
        "expired": issuer.token(exp=now - 60),
        "not yet": issuer.token(nbf=now + 600),
        "of another issuer": issuer.token(iss="https://evil.example"),
        "for somebody else": issuer.token(aud="https://other.example"),
        "for nobody": issuer.token(aud=None),
        "without an end": issuer.token(exp=None),
        "without a user": issuer.token(sub=None),
        "an empty user": issuer.token(sub=" "),
        "a user with NUL": issuer.token(sub="a\0b"),
        "half a surrogate pair": issuer.token(sub="\ud800"),
        "a long user": issuer.token(sub="x" * 256),
        "a client that is no text": issuer.token(client_id={"a": 1}),
        "an end that is no number": issuer.token(exp="soon"),
        "an endless end": issuer.token(exp=float("inf")),
        "an end before all time": issuer.token(exp="-1"),
        "another's signature": stranger.token(),
        "another's payload": f"{header}.{encoded({'sub': 'eve'})}.{signature}",
        "no signature": f"{header}.{payload}.",
        "unsigned": jwt.encode({"sub": "ann", "aud": AUDIENCE, "iss": issuer.url, "exp": now + 60}, "", "none"),
        "a shared secret": jwt.encode({"sub": "ann"}, "public" * 8, "HS256", headers={"kid": "first"}),
        "the issuer's shared secret": jwt.encode({"sub": "ann"}, "secret" * 8, "HS256", headers={"kid": "secret"}),
        "an algorithm the key is not for": jwt.encode(
            {"sub": "ann"}, new_key("ES256"), "ES256", headers={"kid": "first"}
        ),
        "no key of many": jwt.encode({"sub": "ann"}, new_key(), "RS256"),
        "an unknown key": jwt.encode({"sub": "ann"}, new_key(), "RS256", headers={"kid": "nobody's"}),
        "a deep header": f"{encoded(b'[' * 20_000)}.{payload}.{signature}",
        "a header that is a list": f"{encoded([])}.{payload}.{signature}",
        "a key id that is no text": f"{encoded({'alg': 'RS256', 'kid': {}})}.{payload}.{signature}",
        "an algorithm that is no text": f"{encoded({'alg': [], 'kid': 'first'})}.{payload}.{signature}",
        "a critical extension": f"{encoded(critical)}.{payload}.{signature}",
        "two parts": f"{header}.{payload}",
        "no base64": "ä.ö.ü",
        "one letter": "x",
    }


def test_every_other_token_is_refused(place: Place) -> None:
    for name, token in refused_tokens(place.issuer).items():
        authorization = f"Bearer {token}".encode("latin-1", "replace")
        headers = {VERSION.encode(): b"1.0.3", b"Authorization": authorization}
        answer = place.client.get(place.origin + STATEMENTS, headers=headers)
        assert answer.status_code == 401, (name, answer.text)
        assert answer.json()["title"] == "Not signed in"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer "), name


def test_keys_are_not_fetched_for_every_token_that_names_an_unknown_one(place: Place) -> None:
    assert place.caller(place.issuer.token()).get().status_code == 200
    asked = place.issuer.asked
    for _ in range(20):
        stranger = jwt.encode({"sub": "eve"}, new_key("EdDSA"), "EdDSA", headers={"kid": "unknown"})
        assert place.caller(stranger).get().status_code == 401
    assert place.issuer.asked <= asked + 1


def test_an_issuer_that_is_away_is_503_for_new_keys_and_nothing_to_anybody_else(place: Place) -> None:
    token = place.issuer.token()
    assert place.caller(token).get().status_code == 200
    with serving(place.url, **variables(place.issuer)) as new:
        place.issuer.is_away = True
        try:
            assert place.caller(token).get().status_code == 200
            for _ in range(2):
                answer = Caller(new.origin, place.client, Bearer(token)).get()
                assert answer.status_code == 503
                assert answer.json()["title"] == "Issuer unavailable"
                assert int(answer.headers["Retry-After"]) > 0
            for origin in (place.origin, new.origin):
                assert Caller(origin, place.client, CREDENTIAL).get().status_code == 200
        finally:
            place.issuer.is_away = False
