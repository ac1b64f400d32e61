"""A GET is answered beside the framework, and as the framework's route answers it: to the last header."""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.acceptance.endpoint import THROUGH, VERSION, new_statement, voiding
from tests.acceptance.wire import Wire

VERB = "http://example.com/verbs/read-shortly"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ITS_OWN = {"date", THROUGH.lower()}
"""Headers that say when the answer was made."""


@pytest.fixture(scope="module")
def ids(wire: Wire) -> list[str]:
    """Three statements; another one voids the last."""
    stored = wire.endpoint.post([new_statement(verb={"id": VERB, "display": {"en": "read"}}) for _ in range(3)])
    wire.endpoint.post(voiding(stored[-1]))
    return stored


def both(wire: Wire, params: dict[str, Any], **options: Any) -> tuple[httpx.Response, httpx.Response]:
    """The answer to a GET, and to the POST that stands for it, which the framework's route answers."""
    headers = options.pop("headers", {}) | {"X-Request-ID": "the-same"}
    get = wire.endpoint.ask("GET", params=params, headers=headers, **options)
    headers |= FORM
    form = urlencode(params).encode()
    return get, wire.endpoint.ask("POST", params={"method": "GET"}, content=form, headers=headers, **options)


def marks(answer: httpx.Response) -> dict[str, str]:
    """The headers; only the answer to a GET may come compressed, and says so."""
    found = {name: value for name, value in answer.headers.items() if name not in ITS_OWN}
    varies = [name for name in found.pop("vary", "").split(", ") if name not in ("", "Accept-Encoding")]
    return found | {"vary": ", ".join(varies)}


def same(answers: tuple[httpx.Response, httpx.Response], status: int) -> None:
    """Both are the same answer."""
    shortly, routed = answers
    assert shortly.status_code == routed.status_code == status
    assert shortly.content == routed.content
    told, expected = map(marks, answers)
    assert told == expected
    assert VERSION in shortly.headers


@pytest.mark.parametrize("form", ["exact", "ids", "canonical"])
def test_pages_and_statements(wire: Wire, ids: list[str], form: str) -> None:
    plain = {"Accept-Encoding": "identity"}
    page = both(wire, {"verb": VERB, "limit": 1, "format": form}, headers=plain)
    same(page, 200)
    more = page[0].json()["more"].partition("more=")[2]
    same(both(wire, {"more": more}, headers=plain), 200)
    same(both(wire, {"verb": VERB, "attachments": "false", "ascending": "true"}, headers=plain), 200)
    same(both(wire, {"statementId": ids[0], "format": form}, headers=plain), 200)
    same(both(wire, {"voidedStatementId": ids[-1], "format": form}, headers=plain), 200)


def test_what_is_refused(wire: Wire, ids: list[str]) -> None:
    plain = {"Accept-Encoding": "identity"}
    same(both(wire, {"statementId": ids[-1]}, headers=plain), 404)
    same(both(wire, {"voidedStatementId": ids[0]}, headers=plain), 404)
    same(both(wire, {"nonsense": "1", "limit": "-1"}, headers=plain), 400)
    same(both(wire, {"more": "nonsense"}, headers=plain), 400)
    same(both(wire, {"verb": VERB}, headers=plain, auth=("test-key", "wrong")), 401)
    same(both(wire, {"verb": VERB}, headers=plain, auth=None), 401)
    same(both(wire, {"verb": VERB}, headers={**plain, "X-LRS-Read-After": "nonsense"}), 400)


def test_what_is_known_already(wire: Wire, ids: list[str]) -> None:
    tag = wire.endpoint.get(statementId=ids[0]).headers["ETag"]
    same(both(wire, {"statementId": ids[0]}, headers={"If-None-Match": tag, "Accept-Encoding": "identity"}), 304)
