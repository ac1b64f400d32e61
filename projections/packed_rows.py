"""Columns on their way to PostgreSQL: arrays in its binary form, packed by the column.

A read model's rows go as one array a column, thousands of values each: packing them here costs a fifth of what
adapting them one by one does. The names in them (128 bits) are plain `bytes`, which Python compares and hashes at the
speed of C; PostgreSQL sorts `uuid` the same way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from struct import Struct, pack
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection, ProgrammingError, pq
from psycopg.adapt import Dumper, PyFormat
from psycopg.rows import TupleRow
from psycopg.types.string import ByteaBinaryLoader

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DAY = _EPOCH.toordinal()
_HEAD = Struct(">iiiii").pack
_LENGTH = Struct(">i").pack
_INTEGER = Struct(">ii").pack
_BIGINT = Struct(">iq").pack
_DOUBLE = Struct(">id").pack
_NAME_LENGTH = _LENGTH(16)
_NULL = _LENGTH(-1)
_TRUE, _FALSE = _LENGTH(1) + b"\x01", _LENGTH(1) + b"\x00"


class Array:
    """A parameter that is packed already; its class tells which type of PostgreSQL it has."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class _Type(NamedTuple):
    """pack: one value; pack_all: many, none of them null."""

    element: int
    array: int
    pack: Callable[[Any], bytes]
    packed: type[Array]
    pack_all: Callable[[Sequence[Any]], bytes]


def _type(
    name: str,
    element: int,
    array: int,
    pack: Callable[[Any], bytes],
    pack_all: Callable[[Sequence[Any]], bytes] | None = None,
) -> _Type:
    packed = type(f"{name}[]", (Array,), {"__slots__": ()})
    return _Type(element, array, pack, packed, pack_all or (lambda values: b"".join(map(pack, values))))


def _numbers(code: str, length: int) -> Callable[[Sequence[Any]], bytes]:
    """Packs a column of numbers at once: half the price of one by one."""

    def pack_all(values: Sequence[Any]) -> bytes:
        parts = [length] * (2 * len(values))
        parts[1::2] = values
        return pack(f">{f'i{code}' * len(values)}", *parts)

    return pack_all


_pack_bigints = _numbers("q", 8)


def _name(value: bytes | UUID) -> bytes:
    return _NAME_LENGTH + (value if value.__class__ is bytes else value.bytes)  # type: ignore[union-attr]


def _text(value: str) -> bytes:
    data = value.encode()
    return _LENGTH(len(data)) + data


def _microseconds(value: datetime) -> int:
    since = value - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _instant(value: datetime) -> bytes:
    return _BIGINT(8, _microseconds(value))


def _instants(values: Sequence[datetime]) -> bytes:
    return _pack_bigints([_microseconds(value) for value in values])


def _booleans(values: Sequence[bool]) -> bytes:
    return b"".join([_TRUE if value else _FALSE for value in values])


def _date(value: date) -> bytes:
    return _INTEGER(4, value.toordinal() - _FIRST_DAY)


_TYPES = {
    "boolean": _type("boolean", 16, 1000, lambda value: _TRUE if value else _FALSE, _booleans),
    "bigint": _type("bigint", 20, 1016, lambda value: _BIGINT(8, value), _pack_bigints),
    "integer": _type("integer", 23, 1007, lambda value: _INTEGER(4, value), _numbers("i", 4)),
    "text": _type("text", 25, 1009, _text),
    "float8": _type("float8", 701, 1022, lambda value: _DOUBLE(8, value), _numbers("d", 8)),
    "date": _type("date", 1082, 1182, _date),
    "timestamptz": _type("timestamptz", 1184, 1185, _instant, _instants),
    "uuid": _type("uuid", 2950, 2951, _name),
}


def array(type_: str, values: Sequence[Any]) -> Array:
    """The values as an array of this type of PostgreSQL; a `uuid` may come as its 16 bytes."""
    element, _, pack, packed, pack_all = _TYPES[type_]
    head = _HEAD(1, 1, element, len(values), 1)
    nulls = values.count(None)
    if nulls == len(values):
        return packed(head + _NULL * len(values))
    if pack is _name:
        with suppress(TypeError):  # at the first that is no bytes
            return packed(head + _NAME_LENGTH + _NAME_LENGTH.join(values))
    if not nulls:
        return packed(head + pack_all(values))
    return packed(head + b"".join([_NULL if value is None else pack(value) for value in values]))


def columns(types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> dict[str, Array]:
    """Rows as one array a column, under the names of `types`."""
    turned = list(zip(*rows, strict=True)) or [()] * len(types)
    return {name: array(type_, values) for (name, type_), values in zip(types.items(), turned, strict=True)}


class _Packed(Dumper):
    """An Array goes as it is."""

    format = pq.Format.BINARY

    def dump(self, obj: Array) -> bytes:
        return obj.data


_DUMPERS = {
    one.packed: type("_Packed", (_Packed,), {"oid": one.array, "__doc__": _Packed.__doc__}) for one in _TYPES.values()
}


async def run(connection: AsyncConnection, query: str, values: Mapping[str, Any] | Sequence[Any]) -> list[TupleRow]:
    """Run one statement, answer its rows; a `uuid` in them is `bytes`."""
    try:
        connection.adapters.get_dumper(_TYPES["uuid"].packed, PyFormat.BINARY)
    except ProgrammingError:
        for kind, dumper in _DUMPERS.items():
            connection.adapters.register_dumper(kind, dumper)
        connection.adapters.register_loader("uuid", ByteaBinaryLoader)
    cursor = await connection.execute(query, values, binary=True)
    return await cursor.fetchall() if cursor.description else []
