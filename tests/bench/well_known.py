"""Ten batches that everybody knows: real statements of Open edX and of Moodle's kind, sharing actors and activities.

They come from the real corpora of the tests; where these are not on the machine there is nothing to measure.
"""

import os
from pathlib import Path

import msgspec

from schemas.errors import StatementRefused
from schemas.statement import read_statements
from schemas.version import XapiVersion
from tests.acceptance.corpora import Sent, statements_of
from tests.bench.statements import BEFORE_ID

BATCHES = 10
BATCH = 50
_OPEN_EDX = 7
"""So many of the batches are of Open edX, in the order in which it wrote them."""
_OTHERS = ("jisc-xapi-recipes", "openfun")
"""Sources of the others: Moodle, Blackboard and what is written in their manner."""


def folder() -> Path | None:
    """Where the corpora are: LRS_SHARED_DATA, or `shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    found = Path(os.environ.get("LRS_SHARED_DATA") or beside) / "statements"
    return found if found.is_dir() else None


def tails(corpora: Path) -> list[bytes]:
    """What follows the id, of the statements of ten batches, one batch after the other."""
    open_edx: list[bytes] = []
    others: list[bytes] = []
    wanted = (_OPEN_EDX * BATCH, (BATCHES - _OPEN_EDX) * BATCH)
    for sent in statements_of(corpora):
        if not sent.file.startswith(("openedx", *_OTHERS)):
            continue
        some, most = (open_edx, wanted[0]) if sent.file.startswith("openedx") else (others, wanted[1])
        if len(some) < most and (tail := _tail(sent)) is not None:
            some.append(tail)
        if (len(open_edx), len(others)) == wanted:
            break
    return open_edx + [others[number % len(others)] for number in range(wanted[1])]


def _tail(sent: Sent) -> bytes | None:
    """None where it cannot be posted as JSON by version 1.0.3."""
    value = {name: part for name, part in sent.value.items() if name != "id"}
    body = BEFORE_ID + b"00000000-0000-4000-8000-000000000000" + b'",' + msgspec.json.encode(value)[1:]
    try:
        read_statements(body, XapiVersion.V1_0_3)
    except StatementRefused:
        return None
    return None if b'"attachments"' in body else body[len(BEFORE_ID) + 36 :]
