"""Columns of many rows as PostgreSQL reads arrays: binary, and put together in one go.

The rule of this file: nothing is escaped, quoted or parsed on the way to the database. The driver writes arrays element
by element; for hundreds of rows of ten columns that costs more than all else that is done with a statement there.
The format is that of array_send in PostgreSQL's source (src/backend/utils/adt/arrayfuncs.c).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct, pack
from uuid import UUID

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_INTEGER, _BIGINT, _BYTEA, _TEXT, _INSTANT, _UUID = 23, 20, 17, 25, 1184, 2950
_ARRAYS = {_INTEGER: 1007, _BIGINT: 1016, _BYTEA: 1001, _TEXT: 1009, _INSTANT: 1185, _UUID: 2951}
"""The type of the array of each type, by their numbers in pg_type."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NULL = b"\xff\xff\xff\xff"
_length = Struct(">i").pack
_integer = Struct(">ii").pack
_bigint = Struct(">iq").pack
_OF_INSTANT, _OF_UUID = _length(8), _length(16)


class _Column:
    """One array, written already."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class Integers(_Column):
    """integer[]"""


class Bigints(_Column):
    """bigint[]"""


class Bytes(_Column):
    """bytea[]"""


class Texts(_Column):
    """text[]"""


class Instants(_Column):
    """timestamptz[]"""


class Uuids(_Column):
    """uuid[]"""


_TYPES: dict[type[_Column], int] = {
    Integers: _INTEGER,
    Bigints: _BIGINT,
    Bytes: _BYTEA,
    Texts: _TEXT,
    Instants: _INSTANT,
    Uuids: _UUID,
}


def integers(values: Sequence[int]) -> Integers:
    """Of 32 bits."""
    return Integers(_array(_INTEGER, len(values), b"".join([_integer(4, value) for value in values])))


def bigint(value: int) -> bytes:
    """One element of `bigints`."""
    return _bigint(8, value)


def bigints(elements: Sequence[bytes]) -> Bigints:
    """Of elements that `bigint` has written."""
    return Bigints(_array(_BIGINT, len(elements), b"".join(elements)))


def byteas(values: Sequence[bytes]) -> Bytes:
    """Of bytes."""
    return Bytes(_array(_BYTEA, len(values), _of_bytes(values)))


def texts(values: Sequence[bytes]) -> Texts:
    """Of texts in UTF-8, without U+0000."""
    return Texts(_array(_TEXT, len(values), _of_bytes(values)))


def instants(values: Sequence[datetime | None]) -> Instants:
    """Of instants."""
    return Instants(
        _array(
            _INSTANT,
            len(values),
            b"".join([_NULL if value is None else _bigint(8, (value - _EPOCH) // _MICROSECOND) for value in values]),
        )
    )


def uuids(values: Sequence[UUID | None]) -> Uuids:
    """Of UUIDs."""
    return Uuids(
        _array(
            _UUID,
            len(values),
            b"".join([_NULL if value is None else _OF_UUID + value.bytes for value in values]),
        )
    )


def _of_bytes(values: Iterable[bytes]) -> bytes:
    parts: list[bytes] = []
    for value in values:
        parts += (_length(len(value)), value)
    return b"".join(parts)


def _array(element: int, count: int, data: bytes) -> bytes:
    """One dimension from 1 on; whether there is a null is for the reader to see."""
    if not count:
        return pack(">iii", 0, 0, element)
    return pack(">iiiii", 1, 1, element, count, 1) + data


class _Dumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Column) -> Buffer:
        return obj.data


for _kind, _element in _TYPES.items():
    psycopg.adapters.register_dumper(_kind, type(f"{_kind.__name__}Dumper", (_Dumper,), {"oid": _ARRAYS[_element]}))
