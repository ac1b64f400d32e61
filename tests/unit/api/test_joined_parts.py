"""Where a delimiter may lack its line break is found however a body is cut, and nothing of the body is lost."""

import re

from hypothesis import given
from hypothesis import strategies as st

from lrs.api.joined_parts import MOST, JoinedParts

TEXTS = [b"--B\r\n", b"\r\n", b"\r", b"\n", b"-", b"--", b"B", b"--B--", b"text"]


def cut(chunks: list[bytes]) -> list[bytes]:
    """The pieces of a body that comes in these chunks, each beginning with a delimiter but the first."""
    parts = JoinedParts(b"B")
    pieces = [b""]
    for chunk in chunks:
        first, *others = parts.cut(chunk)
        pieces[-1] += first
        pieces += others
    pieces[-1] += parts.rest()
    return pieces


@given(st.lists(st.sampled_from(TEXTS), max_size=30), st.data())
def test_it_is_the_same_however_a_body_is_cut(texts: list[bytes], data: st.DataObject) -> None:
    body = b"".join(texts)
    ends = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    chunks = [body[start:end] for start, end in zip([0, *ends], [*ends, len(body)], strict=True)]
    pieces = cut(chunks)
    assert b"".join(pieces) == body
    places = [found.start() for found in re.finditer(rb"(?<!\r\n)--B\r\n", body) if found.start()]
    assert [sum(map(len, pieces[:number])) for number in range(1, len(pieces))] == places


def test_a_body_full_of_them_is_not_cut_to_the_end() -> None:
    body = b"x" + b"--B\r\nx" * (2 * MOST)
    pieces = cut([body[start : start + 1_000] for start in range(0, len(body), 1_000)])
    assert b"".join(pieces) == body
    assert len(pieces) == MOST + 1
