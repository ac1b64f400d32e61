"""Attachments on the wire: a content that comes with a statement is kept and given back with it, byte for byte.

Clauses are those of xAPI 1.0.3 Communication 1.5.2; what is refused is in test_attachments_refused.py.
"""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from uuid import uuid4

import pytest

from tests.acceptance.conftest import PAGE_SIZE
from tests.acceptance.endpoint import VERSION, Endpoint, Json, new_statement
from tests.acceptance.mixed_bodies import (
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
    parts_of,
    send,
    store,
    with_content,
)

pytestmark = pytest.mark.one_database("embedded")


def new_content(size: int = 100) -> bytes:
    """Bytes that were never sent before; the beginning is unkind to whoever looks for lines or delimiters."""
    return (b"\r\n--\0\xff\r\r\n" + random.randbytes(size))[-size:]


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_what_was_sent_comes_back(endpoint: Endpoint, method: str, version: str) -> None:
    content = new_content()
    statement = with_content(content)
    params = {"statementId": statement["id"]} if method == "PUT" else None
    answer = send(endpoint, mixed(statement, content), method, params=params, version=version)
    assert answer.status_code == (204 if method == "PUT" else 200)

    one = {"statementId": statement["id"]}
    asked = endpoint.ask("GET", params={**one, "attachments": "true"}, version=version)
    plain = endpoint.ask("GET", params=one, version=version)
    described, given = parts_of(asked)
    assert asked.headers[VERSION] == version
    assert asked.headers["Last-Modified"] == plain.headers["Last-Modified"]
    assert described.content == plain.content
    assert given.content == content
    assert given.headers == [
        "Content-Type: text/plain; charset=ascii",
        "Content-Transfer-Encoding: binary",
        f"{HASH}: {statement['attachments'][0]['sha2']}",
    ]
    for params in (one, {**one, "attachments": "false"}):
        assert endpoint.ask("GET", params=params).headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("size", [0, 1, 1_048_575, 1_048_576, 1_048_577, 3_000_000])
def test_contents_of_any_size(endpoint: Endpoint, size: int) -> None:
    content = new_content(size)
    statement = with_content(content)
    store(endpoint, statement, content)
    assert contents_of(endpoint.get(statementId=statement["id"], attachments="true")) == [content]


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("upper", [False, True])
def test_every_hash(endpoint: Endpoint, algorithm: str, upper: bool) -> None:
    content = new_content()
    described = attachment(content, algorithm)
    given = described["sha2"]
    if upper:
        described["sha2"] = given.upper()
    statement = new_statement(attachments=[described])
    body = first(statement) + data(content, X_Experience_API_Hash=given) + END
    assert send(endpoint, body).status_code == 200
    answer = endpoint.get(statementId=statement["id"], attachments="true")
    assert contents_of(answer) == [content]
    assert described["sha2"].encode() in answer.content.partition(f"{HASH}: ".encode())[2]


def test_pages_have_each_content_once(endpoint: Endpoint) -> None:
    shared, own = new_content(), [new_content() for _ in range(PAGE_SIZE + 1)]
    about = {"context": {"registration": str(uuid4())}}
    batch = [with_content(one, shared, **about) for one in own]
    store(endpoint, batch, *own, shared)

    answer = endpoint.get(registration=about["context"]["registration"], attachments="true", ascending="true")
    assert contents_of(answer) == [own[0], shared, *own[1:PAGE_SIZE]]
    more = json.loads(parts_of(answer)[0].content)["more"]
    assert contents_of(endpoint.ask("GET", more)) == [own[-1], shared]
    found = endpoint.found(registration=about["context"]["registration"], ascending="true")
    assert found == [one["id"] for one in batch]


def test_one_part_serves_all_and_a_second_does_no_harm(endpoint: Endpoint) -> None:
    content = new_content()
    batch = [with_content(content), with_content(content, content)]
    body = first(batch) + data(content) + data(content) + END
    assert send(endpoint, body).status_code == 200
    for one in batch:
        assert contents_of(endpoint.get(statementId=one["id"], attachments="true")) == [content]


def test_statements_without_contents(endpoint: Endpoint) -> None:
    elsewhere = attachment(new_content(), fileUrl=URL)
    for version in ("1.0.3", "2.0.0"):
        several: list[Json] = [{}, {"attachments": []}, {"attachments": [elsewhere]}]
        for more in several:
            batch = [new_statement(**more), new_statement()]
            store(endpoint, batch, version=version)
            assert endpoint.post([new_statement(**more)], version=version)
            answer = endpoint.get(statementId=batch[0]["id"], attachments="true")
            assert contents_of(answer) == []
    assert send(endpoint, mixed([])).json() == []
    assert contents_of(endpoint.get(verb="http://example.com/verbs/nobody-did", attachments="true")) == []


def test_a_hash_alone_gives_nobody_a_content(endpoint: Endpoint) -> None:
    content = new_content()
    store(endpoint, with_content(content), content)
    statement = new_statement(attachments=[attachment(content, fileUrl=URL)])
    endpoint.post(statement)
    assert contents_of(endpoint.get(statementId=statement["id"], attachments="true")) == []


def test_a_content_beside_its_url(endpoint: Endpoint) -> None:
    content = new_content()
    statement = new_statement(attachments=[attachment(content, fileUrl=URL), attachment(new_content(), fileUrl=URL)])
    store(endpoint, statement, content)
    assert contents_of(endpoint.get(statementId=statement["id"], attachments="true")) == [content]


def test_attachments_of_a_substatement(endpoint: Endpoint) -> None:
    own, inner = new_content(), new_content()
    within = {"objectType": "SubStatement", **new_statement(attachments=[attachment(inner)])}
    del within["id"]
    statement = with_content(own, object=within)
    store(endpoint, statement, inner, own)
    assert contents_of(endpoint.get(statementId=statement["id"], attachments="true")) == [own, inner]


def test_head_has_the_headers_of_get(endpoint: Endpoint) -> None:
    content = new_content()
    statement = with_content(content)
    store(endpoint, statement, content)
    params = {"statementId": statement["id"], "attachments": "true"}
    got, head = endpoint.ask("GET", params=params), endpoint.ask("HEAD", params=params)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    same = ("Content-Length", "Last-Modified", VERSION)
    assert [head.headers[name] for name in same] == [got.headers[name] for name in same]


def test_a_content_that_is_sent_again(endpoint: Endpoint) -> None:
    content = new_content()
    statement = with_content(content)
    for stored in ("1", "0"):
        assert send(endpoint, mixed(statement, content)).headers["X-LRS-Stored"] == stored
    assert contents_of(endpoint.get(statementId=statement["id"], attachments="true")) == [content]


def test_the_same_contents_at_the_same_time(endpoint: Endpoint) -> None:
    contents = [new_content(1_200_000), new_content()]
    batches = [[with_content(*contents), with_content(*reversed(contents))] for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda batch: send(endpoint, mixed(batch, *random.sample(contents, 2))), batches)
    assert [answer.status_code for answer in answers] == [200] * 6
    for batch in batches:
        assert contents_of(endpoint.get(statementId=batch[0]["id"], attachments="true")) == contents


class Form(NamedTuple):
    """How a body is written."""

    kind: str = MIXED
    before: bytes = b""
    last: bytes = END
    header: str = "{}: {}"
    padding: bytes = b""


FORMS = {
    "begins with a line": Form(before=b"\r\n"),
    "no space after the colon": Form(header="{}:{}"),
    "tab after the colon": Form(header="{}:\t{} "),
    "preamble and epilogue": Form(before=b"This is -- a preamble.\r\n\r\n", last=END + b"and an epilogue"),
    "quoted boundary": Form(MIXED.replace("=", '="') + '"'),
    "capitals": Form(MIXED.replace("multipart/mixed; boundary", "Multipart/Mixed;BOUNDARY")),
    "nothing after the last delimiter": Form(last=END.removesuffix(b"\r\n")),
    "padded delimiters": Form(padding=b" \t"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_clients_write(endpoint: Endpoint, form: Form) -> None:
    content = new_content()
    statement = with_content(content)
    headers = [
        ("content-type", "application/octect-stream"),
        ("CONTENT-TRANSFER-ENCODING", "Binary"),
        ("X-Experience-Api-Hash", statement["attachments"][0]["sha2"]),
    ]
    text = part(json.dumps(statement).encode(), form.header.format("Content-Type", "Application/JSON; charset=UTF-8"))
    second = part(content, *(form.header.format(*header) for header in headers))
    body = form.before + text + second.replace(b"\r\n", form.padding + b"\r\n", 1) + form.last
    assert send(endpoint, body, kind=form.kind, version="1.0.1").status_code == 200
    assert contents_of(endpoint.get(statementId=statement["id"], attachments="true")) == [content]


def test_an_encoding_that_is_not_named_is_binary(endpoint: Endpoint) -> None:
    content = new_content()
    statement = with_content(content)
    lying = data(content, Content_Transfer_Encoding=None, Content_Type=None, Content_Length="1000000000")
    assert send(endpoint, first(statement) + lying + END).status_code == 200
    assert contents_of(endpoint.get(statementId=statement["id"], attachments="true")) == [content]
