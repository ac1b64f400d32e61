"""What is written as multipart/mixed is read again, in whatever chunks it comes; what is cut off never is."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lrs.api.multipart_mixed import (
    END_OF_PART,
    Data,
    MultipartReader,
    NotMultipart,
    PartBegins,
    PartEnds,
    boundary_of,
    closing_delimiter,
    delimiter,
)

Part = tuple[dict[str, str], bytes]

BOUNDARIES = st.text("abcABC0123'()+_,-./:=? ", min_size=1, max_size=70).filter(lambda text: not text.endswith(" "))
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20).map(str.strip)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=4)


def contents(boundary: str) -> SearchStrategy[bytes]:
    """Any bytes, mostly such that look like the end of a part; but nothing that is one."""
    fragments = [b"\r", b"\n", b"\r\n", b"-", b"--", boundary[:-1].encode(), b"\r\n--" + boundary[:-1].encode(), b"\0"]
    pieces = st.lists(st.sampled_from(fragments) | st.binary(max_size=20), max_size=8)
    return pieces.map(b"".join).filter(lambda made: b"\r\n--" + boundary.encode() not in b"\r\n" + made)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, list[Part], bytes]:
    """A boundary, parts, and how they are written."""
    boundary = draw(BOUNDARIES)
    parts = draw(st.lists(st.tuples(HEADERS, contents(boundary)), min_size=1, max_size=4))
    written = [delimiter(boundary, headers.items()) + content + END_OF_PART for headers, content in parts]
    return boundary, parts, b"".join(written) + closing_delimiter(boundary)


def read(boundary: str, body: bytes, cuts: list[int]) -> list[Part]:
    """The parts of a body that comes in chunks which end at these places."""
    reader = MultipartReader(boundary.encode())
    parts: list[Part] = []
    inside = False
    for start, end in pairwise([0, *sorted(cuts), len(body)]):
        for event in reader.feed(body[start:end]):
            match event:
                case PartBegins(headers):
                    assert not inside
                    inside = True
                    parts.append((dict(headers), b""))
                case Data(content):
                    assert inside
                    parts[-1] = (parts[-1][0], parts[-1][1] + content)
                case PartEnds():
                    assert inside
                    inside = False
    reader.close()
    assert not inside
    return parts


@given(bodies(), st.data())
def test_what_is_written_is_read(made: tuple[str, list[Part], bytes], data: st.DataObject) -> None:
    boundary, parts, body = made
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=8))
    assert read(boundary, body, cuts) == parts


@given(bodies())
def test_byte_by_byte(made: tuple[str, list[Part], bytes]) -> None:
    boundary, parts, body = made
    assert read(boundary, body, list(range(len(body)))) == parts


@given(bodies(), st.data())
def test_what_lies_around_the_parts_is_none(made: tuple[str, list[Part], bytes], data: st.DataObject) -> None:
    boundary, parts, body = made
    preamble = data.draw(
        st.sampled_from([b"\r\n", b"\r\n\r\n", b"To whom it may concern: --\r\n", b"\0\xff-\r\n--\r\n"])
    )
    epilogue = data.draw(st.sampled_from([b"", b"\r\n", b"--", b"\r\n--" + boundary.encode() + b"\r\n\r\n", b"\xff"]))
    whole = preamble + body + epilogue
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=8))
    assert read(boundary, whole, cuts) == parts


@given(bodies(), st.data())
def test_a_body_that_is_cut_off_is_refused(made: tuple[str, list[Part], bytes], data: st.DataObject) -> None:
    boundary, _, body = made
    whole = len(body) - len(b"\r\n")  # the line behind the last delimiter need not end
    cuts = data.draw(st.lists(st.integers(0, whole), max_size=4))
    for length in range(whole):
        with pytest.raises(NotMultipart):
            read(boundary, body[:length], [cut for cut in cuts if cut < length])


@given(st.binary(max_size=200), BOUNDARIES, st.data())
def test_any_bytes_are_read_or_refused(noise: bytes, boundary: str, data: st.DataObject) -> None:
    body = data.draw(st.sampled_from([b"", b"--" + boundary.encode() + b"\r\n"])) + noise
    with suppress(NotMultipart):
        assert read(boundary, body, data.draw(st.lists(st.integers(0, len(body)), max_size=3)))


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/mixed; boundary=-------314159265358979323846", "-------314159265358979323846"),
        ('multipart/mixed; boundary="abcABC0123\'()+_,-./:=?"', "abcABC0123'()+_,-./:=?"),
        ("multipart/mixed; boundary=abcABC0123'()+_,-./:=?", "abcABC0123'()+_,-./:=?"),
        ("Multipart/Mixed;charset=UTF-8;BOUNDARY=x", "x"),
        ('multipart/mixed; boundary="with a space"', "with a space"),
    ],
)
def test_the_boundary_that_a_content_type_names(content_type: str, boundary: str) -> None:
    assert boundary_of(content_type) == boundary.encode()


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed",
        "multipart/mixed;",
        "multipart/mixed; boundary",
        "multipart/mixed; boundary=",
        'multipart/mixed; boundary=""',
        "multipart/mixed; boundary*=utf-8''%E2%82%AC",
        "multipart/mixed; boundary=\xe4",
        "multipart/mixed; boundary=" + "b" * 71,
        'multipart/mixed; boundary="b "',
    ],
)
def test_no_boundary(content_type: str) -> None:
    with pytest.raises(NotMultipart, match="must name a boundary"):
        boundary_of(content_type)


@pytest.mark.parametrize(
    "headers",
    [
        b"X: 1\r\nx: 2\r\n",
        b"No colon\r\n",
        b": nameless\r\n",
        b"X: 1\n",
        b" folded: 1\r\n",
        b"X: " + b"1" * 8_001 + b"\r\n",
        b"".join(b"X%d: 1\r\n" % number for number in range(21)),
    ],
    ids=lambda headers: headers[:12].decode(),
)
def test_headers_of_a_part_that_are_none(headers: bytes) -> None:
    with pytest.raises(NotMultipart):
        read("b", b"--b\r\n" + headers + b"\r\ncontent\r\n--b--", [])
