"""Which signatures are well formed, and of which statement they are (1.0.3 Data 2.6)."""

import hashlib
import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.signature import Malformed, read_signature
from tests.signatures import certificate, key, signed
from tests.unit.schemas.statement_parts import V1, V2, read, statement

ID, OTHER_ID = "33cff416-e331-4c9d-969e-5373a1756120", "33cff416-e331-4c9d-969e-5373a1756121"
AT = "2013-04-01T12:00:00Z"
EXAMPLE = Path(__file__).with_name("example_of_the_specification.jws").read_bytes()
SIGNATURE = [
    {
        "usageType": "http://adlnet.gov/expapi/attachments/signature",
        "display": {"en-US": "Signature"},
        "contentType": "application/octet-stream",
        "length": 4235,
        "sha2": "672fa5fa658017f1b72d65036f13379c6ab05d4ab3b6664908d8acf0b6a0c634",
    }
]


def refusal(content: bytes) -> str:
    """The rule that a signature breaks."""
    with pytest.raises(Malformed) as refused:
        read_signature(content, V1)
    assert refused.value.rule.startswith("must ")
    assert len(refused.value.found) <= 100
    return refused.value.rule


def part(value: Any) -> str:
    """A part of a JWS, made by hand."""
    return urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_example_of_the_specification() -> None:
    assert hashlib.sha256(EXAMPLE).hexdigest() == SIGNATURE[0]["sha2"]
    sent = {
        "version": "1.0.0",
        "id": ID,
        "actor": {"mbox": "mailto:example@example.com", "name": "Example Learner", "objectType": "Agent"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced", "display": {"en-US": "experienced"}},
        "object": {"id": "https://www.youtube.com/watch?v=xh4kIiH3Sm8", "objectType": "Activity"},
        "timestamp": AT,
        "attachments": SIGNATURE,
    }
    assert read_signature(EXAMPLE, V1).is_of(read(sent))
    assert not read_signature(EXAMPLE, V1).is_of(read({**sent, "id": OTHER_ID}))
    assert not read_signature(EXAMPLE, V1).is_of(read({**sent, "timestamp": "2013-04-01T12:00:01Z"}))


@pytest.mark.parametrize("bits", [0x01, 0x80])
@pytest.mark.parametrize("place", [10, 3_000, 4_050, 4_200])
def test_a_changed_example(place: int, bits: int) -> None:
    changed = bytearray(EXAMPLE)
    changed[place] ^= bits
    assert refusal(bytes(changed))


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
@pytest.mark.parametrize("certified", [(), ("signer",), ("signer", "issuer")])
def test_what_is_signed_well(algorithm: str, certified: tuple[str, ...]) -> None:
    sent = statement(id=ID, timestamp=AT)
    headers = {"x5c": list(map(certificate, certified))} if certified else {}
    assert read_signature(signed(sent, algorithm, **headers), V1).is_of(read(sent))


@pytest.mark.parametrize(
    ("in_signature", "as_sent"),
    [
        (statement(), statement(id=ID, timestamp=AT, version="1.0.0")),
        (statement(id=ID, timestamp=AT), statement(id=ID.upper(), timestamp="2013-04-01T14:00:00.000+02:00")),
        (statement(id=ID, timestamp=AT), statement(id=ID)),
        (statement(id=ID), statement(id=ID, attachments=SIGNATURE)),
        (statement(id=ID, result={"duration": "PT1.129S"}), statement(id=ID, result={"duration": "PT1.12S"})),
    ],
)
def test_the_same_statement(in_signature: Any, as_sent: Any) -> None:
    for version in (V1, V2):
        assert read_signature(signed(in_signature), version).is_of(read(as_sent, version))


@pytest.mark.parametrize(
    "as_sent",
    [
        statement(id=OTHER_ID, timestamp=AT, result={"duration": "PT1.12S"}),
        statement(id=ID, timestamp="2013-04-01T12:00:01Z", result={"duration": "PT1.12S"}),
        statement(id=ID, timestamp=AT, result={"duration": "PT1.13S"}),
        statement(id=ID, timestamp=AT),
        statement(id=ID, timestamp=AT, result={"duration": "PT1.12S"}, actor={"mbox": "mailto:bob@example.com"}),
    ],
)
def test_another_statement(as_sent: Any) -> None:
    in_signature = statement(id=ID, timestamp=AT, result={"duration": "PT1.129S"})
    assert not read_signature(signed(in_signature), V2).is_of(read(as_sent, V2))


@pytest.mark.parametrize("algorithm", ["HS256", "PS256", "none"])
def test_other_algorithms(algorithm: str) -> None:
    made = ".".join([part({"alg": algorithm}), part(statement()), part(b"signature")]).encode()
    assert refusal(made) == "must be signed by RS256, RS384, RS512"


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"'", b"[]", b"null", json.dumps([statement()]).encode(), b"\xff", b"[" * 5000, b'{"actor":"\\u0000"}'],
)
def test_payloads_that_are_no_statement(payload: bytes) -> None:
    assert refusal(signed(payload)) in (
        "must sign a valid statement",
        "must be a JWS in compact form, three times base64url",  # where nothing is signed
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"..",
        b"a.b.c",
        EXAMPLE + b"\n",
        b" " + EXAMPLE,
        EXAMPLE + b"==",
        EXAMPLE.rpartition(b".")[0],
        EXAMPLE + b".a",
        b'{"payload":"","signatures":[]}',
        f"{part([])}.{part(statement())}.{part(b's')}".encode(),
        f"{part({'alg': 'RS256', 'crit': ['b64'], 'b64': False})}.{part(statement())}.{part(b's')}".encode(),
        f"{part({'alg': 'RS256', 'crit': 'x5c'})}.{part(statement())}.{part(b's')}".encode(),
        f"{part(b'[' * 100_000)}.{part(statement())}.{part(b's')}".encode(),
        b"\xff\xfe\0" * 100,
    ],
)
def test_what_is_no_jws(content: bytes) -> None:
    assert "compact form" in refusal(content)


@pytest.mark.parametrize("algorithm", [None, 1, [], {}, "", "rs256", "RS1"])
def test_algorithms_that_are_none(algorithm: Any) -> None:
    assert refusal(f"{part({'alg': algorithm})}.{part(statement())}.{part(b's')}".encode())


def of_version_8() -> str:
    """A certificate of a version that there is not (RFC 5280, 4.1: it says one less)."""
    version = b"\xa0\x03\x02\x01"
    made = b64decode(certificate())
    assert version + b"\x02" in made
    return b64encode(made.replace(version + b"\x02", version + b"\x07", 1)).decode()


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        (None, "array of certificates"),
        ("text", "array of certificates"),
        ([], "array of certificates"),
        ([1], "array of certificates"),
        (["signer", None], "array of certificates"),
        (["?"], "X.509"),
        (["AAAA"], "X.509"),
        (["cut off"], "X.509"),
        (["of version 8"], "X.509"),
        (["signer", "stranger"], "followed by the one that certifies"),
        (["elliptic"], "RSA key"),
        (["stranger"], "with the key of the first"),
        (["issuer", "signer"], "followed by the one that certifies"),
    ],
)
def test_certificates(chain: Any, said: str) -> None:
    known = {name: certificate(name) for name in ("signer", "issuer", "stranger")}
    known |= {"elliptic": certificate(curve=True), "cut off": certificate()[:-8], "of version 8": of_version_8()}
    if isinstance(chain, list):
        chain = [known.get(one, one) for one in chain]
    assert said in refusal(signed(statement(), x5c=chain))


def test_a_key_that_is_not_the_one_certified() -> None:
    assert "with the key of the first" in refusal(signed(statement(), by=key("stranger"), x5c=[certificate()]))


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=20))
def test_any_bytes_are_refused(header: bytes, payload: bytes, signature: bytes) -> None:
    assert refusal(header + payload)
    assert refusal(".".join(map(part, (header, payload, signature))).encode())


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=2))


@given(st.dictionaries(st.sampled_from(["typ", "kid", "crit", "b64", "x5c", "jwk", "x5u", "cty"]), JSON))
def test_any_header_is_read_or_refused(more: dict[str, Any]) -> None:
    content = f"{part({'alg': 'RS256', **more})}.{part(statement(id=ID))}.{part(b's')}".encode()
    if more.keys() & {"x5c"}:
        assert refusal(content)
        return
    with suppress(Malformed):
        assert read_signature(content, V1).is_of(read(statement(id=ID)))
