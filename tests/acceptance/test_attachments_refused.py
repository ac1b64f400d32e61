"""Whatever is wrong with a body of multipart/mixed is refused with a place and a rule, and nothing of it is stored.

Clauses are those of xAPI 1.0.3 Communication 1.5.2; signatures are in test_signed_statements.py.
"""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import MOST_ATTACHMENT_BYTES, MOST_BYTES
from tests.acceptance.endpoint import Endpoint, Json, in_chunks, new_statement, paths, violations
from tests.acceptance.mixed_bodies import (
    BOUNDARY,
    END,
    HASH,
    MIXED,
    URL,
    attachment,
    contents_of,
    data,
    first,
    mixed,
    part,
    send,
    store,
    with_content,
)

pytestmark = pytest.mark.one_database("embedded")

CONTENT, OTHER, THIRD = b"here is a simple attachment", b"here is another", b"and a third"
Body = Callable[[Json], bytes]
"""What is sent for a statement that describes CONTENT."""


def is_given(endpoint: Endpoint, content: bytes) -> bool:
    """Whether a content is kept: that of a statement that describes it is given once it is there."""
    statement = new_statement(attachments=[attachment(content, fileUrl=URL)])
    endpoint.post(statement)
    return contents_of(endpoint.get(statementId=statement["id"], attachments="true")) != []


REFUSED: dict[str, tuple[Body, list[str]]] = {
    "a part too many": (lambda one: mixed(one, CONTENT, OTHER), [f"parts[2].{HASH}"]),
    "a part too few": (lambda one: mixed(one), ["attachments[0]"]),
    "another part": (lambda one: mixed(one, OTHER), [f"parts[1].{HASH}", "attachments[0]"]),
    "no hash": (
        lambda one: first(one) + data(CONTENT, X_Experience_API_Hash=None) + END,
        [f"parts[1].{HASH}", "attachments[0]"],
    ),
    "a hash that is none": (
        lambda one: first(one) + data(CONTENT, X_Experience_API_Hash="0" * 63) + END,
        [f"parts[1].{HASH}", "attachments[0]"],
    ),
    "a hash of the wrong content": (
        lambda one: first(one) + data(OTHER, X_Experience_API_Hash=one["attachments"][0]["sha2"]) + END,
        ["parts[1]"],
    ),
    "base64": (
        lambda one: first(one) + data(CONTENT, Content_Transfer_Encoding="base64") + END,
        ["parts[1].Content-Transfer-Encoding"],
    ),
    "a header twice": (
        lambda one: first(one) + data(CONTENT).replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain\r\n\r\n") + END,
        [""],
    ),
    "text first": (
        lambda one: mixed(one, CONTENT).replace(b"application/json", b"text/plain"),
        ["parts[0].Content-Type"],
    ),
    "nothing said of the first part": (
        lambda one: part(json.dumps(one).encode()) + data(CONTENT) + END,
        ["parts[0].Content-Type"],
    ),
    "the first part in base64": (
        lambda one: (
            part(json.dumps(one).encode(), "Content-Type: application/json", "Content-Transfer-Encoding: base64")
            + data(CONTENT)
            + END
        ),
        ["parts[0].Content-Transfer-Encoding"],
    ),
    "contents first": (lambda one: data(CONTENT) + first(one) + END, ["parts[0].Content-Type"]),
    "statements in two parts": (
        lambda one: first(one) + first(new_statement()) + data(CONTENT) + END,
        [f"parts[1].{HASH}"],
    ),
    "no delimiter before the first part": (
        lambda one: mixed(one, CONTENT).removeprefix(f"--{BOUNDARY}\r\n".encode()),
        ["parts[0].Content-Type"],
    ),
    "no delimiter before the second part": (
        lambda one: first(one) + data(CONTENT).removeprefix(f"--{BOUNDARY}\r\n".encode()) + END,
        [""],
    ),
    "no delimiter at all": (lambda one: mixed(one, CONTENT).replace(BOUNDARY.encode(), b"another"), [""]),
    "no parts": (lambda _: END, [""]),
    "empty": (lambda _: b"", [""]),
    "JSON alone": (lambda one: json.dumps(one).encode(), [""]),
    "no end": (lambda one: mixed(one, CONTENT).removesuffix(END), [""]),
    "half an end": (lambda one: mixed(one, CONTENT).removesuffix(b"-\r\n"), [""]),
    "a statement that is none": (lambda one: mixed({**one, "verb": {}}, CONTENT), ["verb.id"]),
    "JSON that is none": (lambda one: mixed(json.dumps(one).encode()[:-1], CONTENT), [""]),
    "bytes that are no text": (lambda one: mixed(json.dumps(one).encode() + b"\xff", CONTENT), [""]),
    "lines of one byte": (lambda one: mixed(one, CONTENT).replace(b"\r\n", b"\n"), [""]),
    "one part too many of the same": (
        lambda one: first(one) + data(CONTENT) * 2 + END,
        ["parts[2]"],
    ),
    "many parts too many": (
        lambda one: first(one) + data(OTHER) * 1000 + END,
        [f"parts[{n}].{HASH}" for n in range(1, 21)],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_what_is_refused(endpoint: Endpoint, method: str, name: str) -> None:
    body, places = REFUSED[name]
    statement = with_content(CONTENT)
    params = {"statementId": statement["id"]} if method == "PUT" else None
    answer = send(endpoint, body(statement), method, params=params)
    assert paths(answer) == places
    assert not endpoint.is_there(statement["id"])


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/mixed",
        "multipart/mixed;",
        "multipart/mixed; boundary=",
        "multipart/mixed; boundary=" + "b" * 71,
        f"multipart/form-data; boundary={BOUNDARY}",
        f"multipart/related; boundary={BOUNDARY}",
        "application/octet-stream",
    ],
)
def test_other_content_types(endpoint: Endpoint, kind: str) -> None:
    statement = with_content(CONTENT)
    assert paths(send(endpoint, mixed(statement, CONTENT), kind=kind)) == ["Content-Type"]
    assert not endpoint.is_there(statement["id"])


def test_json_with_attachments_that_have_no_url(endpoint: Endpoint) -> None:
    within = {"objectType": "SubStatement", **with_content(CONTENT)}
    del within["id"]
    batch = [new_statement(), with_content(CONTENT, object=within)]
    batch[1]["attachments"].insert(0, attachment(OTHER, fileUrl=URL))
    places = ["[1].attachments[1]", "[1].object.attachments[0]"]
    assert paths(endpoint.send(batch)) == places
    assert paths(send(endpoint, mixed(batch))) == places
    assert paths(endpoint.send([with_content(CONTENT)])) == ["[0].attachments[0]"]
    assert paths(endpoint.send(with_content(CONTENT))) == ["attachments[0]"]
    assert not any(endpoint.is_there(one["id"]) for one in batch)


def test_json_that_hides_an_attachment(endpoint: Endpoint) -> None:
    """A name may be written with escapes, and is the same name."""
    statement = with_content(CONTENT)
    body = json.dumps(statement).encode().replace(b'"attachments"', rb'"\u0061ttachment\u0073"')
    assert paths(endpoint.send(body)) == ["attachments[0]"]
    assert not endpoint.is_there(statement["id"])


def test_everything_that_is_wrong_is_told(endpoint: Endpoint) -> None:
    statement = with_content(CONTENT, OTHER, THIRD)
    lying = data(THIRD, X_Experience_API_Hash=statement["attachments"][1]["sha2"])
    body = first(statement) + data(b"extra") + lying + END
    assert paths(send(endpoint, body)) == [f"parts[1].{HASH}", "parts[2]", "attachments[0]", "attachments[2]"]


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_refusals_name_the_clause_of_their_version(endpoint: Endpoint, version: str) -> None:
    (one,) = violations(send(endpoint, mixed(with_content(CONTENT)), version=version))
    assert one["clause"] == {"1.0.3": "xAPI 1.0.3 Communication 1.5.2", "2.0.0": "xAPI 2.0.0 4.1.3"}[version]


def test_a_body_that_is_cut_off_anywhere(endpoint: Endpoint) -> None:
    content = random.randbytes(50)
    batch = [with_content(content), new_statement()]
    body = mixed(batch, content)
    for length in range(0, len(body) - 2, 41):
        assert send(endpoint, body[:length]).status_code == 400
    assert not any(endpoint.is_there(one["id"]) for one in batch)


def test_a_refused_request_leaves_no_content_behind(endpoint: Endpoint) -> None:
    known, content = new_statement(), random.randbytes(50)
    endpoint.post(known)
    changed = {**known, "verb": {"id": "http://example.com/verbs/undid"}, "attachments": [attachment(content)]}
    batch = [with_content(content), changed]
    assert send(endpoint, mixed(batch, content)).status_code == 409
    assert not endpoint.is_there(batch[0]["id"])
    assert not is_given(endpoint, content)
    assert contents_of(endpoint.get(statementId=known["id"], attachments="true")) == []

    store(endpoint, batch[0], content)
    assert contents_of(endpoint.get(statementId=batch[0]["id"], attachments="true")) == [content]


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_up_to_the_limit(endpoint: Endpoint, chunked: bool) -> None:
    room = MOST_ATTACHMENT_BYTES - len(mixed(with_content(b"\0" * MOST_ATTACHMENT_BYTES), b""))
    for size, status in ((room, 200), (room + 1, 413)):
        content = random.randbytes(size)
        statement = with_content(content)
        body = mixed(statement, content)
        assert len(body) == MOST_ATTACHMENT_BYTES + (status == 413)
        body_sent: Any = in_chunks(body, 50_000) if chunked else body
        answer = endpoint.ask("POST", content=body_sent, headers={"Content-Type": MIXED})
        assert answer.status_code == status
        assert endpoint.is_there(statement["id"]) is (status == 200)


def test_statements_up_to_the_limit(endpoint: Endpoint) -> None:
    for size, status in ((MOST_BYTES, 200), (MOST_BYTES + 1, 413)):
        statement = new_statement()
        assert send(endpoint, mixed(json.dumps(statement).encode().ljust(size))).status_code == status
        assert endpoint.is_there(statement["id"]) is (status == 200)


def test_a_large_body_is_refused_once_it_is_read(endpoint: Endpoint) -> None:
    content = random.randbytes(3_000_000)
    for body in (mixed({}, content), mixed(new_statement(), content), b"--" + mixed(new_statement(), content)):
        assert violations(send(endpoint, body))
