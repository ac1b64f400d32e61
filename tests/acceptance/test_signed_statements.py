"""A statement is taken with a signature that holds, and refused with one that does not.

Clauses are those of xAPI 1.0.3 Data 2.6.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import MOST_BYTES
from tests.acceptance.endpoint import Endpoint, Json, new_statement, paths, violations
from tests.acceptance.mixed_bodies import SIGNATURE, URL, attachment, contents_of, mixed, send
from tests.signatures import certificate, key, signed

pytestmark = pytest.mark.one_database("embedded")


def with_signature(statement: Json, content: bytes, **changes: Any) -> Json:
    """The statement with its signature described."""
    changes = {"usageType": SIGNATURE, "contentType": "application/octet-stream", **changes}
    return {**statement, "attachments": [attachment(content, **changes)]}


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_signed_statements(endpoint: Endpoint, algorithm: str, version: str) -> None:
    short, long = ({"result": {"duration": f"P1DT12H36M0.12{digits}S"}} for digits in ("", "37"))
    statement = new_statement(timestamp="2013-05-18T05:32:34.804Z", **short)
    content = signed(statement, algorithm, x5c=[certificate(), certificate("issuer")])
    answer = send(endpoint, mixed(with_signature({**statement, **long}, content), content), version=version)
    assert answer.status_code == 200, answer.text
    assert contents_of(endpoint.get(statementId=statement["id"], attachments="true")) == [content]


NOT_SIGNED: dict[str, tuple[Callable[[Json], bytes], str]] = {
    "another statement": (
        lambda one: signed({**one, "verb": {"id": "http://example.com/verbs/undid"}}),
        "it comes with",
    ),
    "another id": (lambda one: signed({**one, "id": new_statement()["id"]}), "it comes with"),
    "no JSON": (lambda one: signed(json.dumps(one).replace('"', "'", 1).encode()), "valid statement"),
    "no statement": (lambda one: signed({**one, "actor": {}}), "valid statement"),
    "a secret": (lambda one: signed(one, "HS256"), "RS256, RS384, RS512"),
    "no JWS": (lambda one: json.dumps(one).encode(), "compact form"),
    "nothing": (lambda _: b"", "compact form"),
    "another key": (lambda one: signed(one, by=key("stranger"), x5c=[certificate()]), "first certificate"),
    "no certificate": (lambda one: signed(one, x5c=["AAAA"]), "X.509"),
    "too much": (lambda one: signed({**one, "context": {"platform": "p" * MOST_BYTES}}), f"at most {MOST_BYTES} bytes"),
}


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("name", NOT_SIGNED)
def test_signatures_that_are_none(endpoint: Endpoint, name: str, version: str) -> None:
    make, said = NOT_SIGNED[name]
    statement = new_statement()
    content = make(statement)
    batch = [new_statement(), with_signature(statement, content)]
    (fault,) = violations(send(endpoint, mixed(batch, content), version=version))
    assert fault["path"] == "[1].attachments[0]"
    assert said in fault["rule"]
    assert fault["clause"] == {"1.0.3": "xAPI 1.0.3 Data 2.6", "2.0.0": "xAPI 2.0.0 4.2.6"}[version]
    assert not any(endpoint.is_there(one["id"]) for one in batch)


def test_a_signature_of_another_type(endpoint: Endpoint) -> None:
    statement = new_statement()
    content = signed(statement)
    other = with_signature(statement, content, contentType="text/plain; charset=ascii")
    assert paths(send(endpoint, mixed(other, content))) == ["attachments[0].contentType"]
    other["attachments"][0]["fileUrl"] = URL
    assert paths(endpoint.send(other)) == ["attachments[0].contentType"]
    assert not endpoint.is_there(statement["id"])


def test_a_signature_that_only_has_a_url(endpoint: Endpoint) -> None:
    statement = new_statement()
    endpoint.post(with_signature(statement, signed(statement), fileUrl=URL))
    assert endpoint.is_there(statement["id"])


def test_one_signature_of_two_statements(endpoint: Endpoint) -> None:
    statement = new_statement()
    content = signed(statement)
    batch = [with_signature(statement, content), with_signature(new_statement(), content)]
    assert paths(send(endpoint, mixed(batch, content))) == ["[1].attachments[0]"]
    assert not endpoint.is_there(statement["id"])
