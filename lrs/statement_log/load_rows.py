"""Statements as rows for COPY: judged by the very code that judges what comes over HTTP, without a database.

The rule of this file: whoever stores the rows fills in position and authority, and nothing else; all that can be worked
out without looking at the log is worked out here, where it can be done in several processes at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final, NamedTuple, cast
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, UnsetType
from pydantic import TypeAdapter, ValidationError

from lrs.database import Pool
from lrs.statement_log.arrays import bigints
from lrs.statement_log.definitions import Definitions, NewDefinition
from lrs.statement_log.recorded import instant
from lrs.statement_log.references import target_of
from lrs.statement_log.safe_bound import EPOCH as OLDEST
from lrs.statement_log.search_keys import authority_terms, elements_of, elements_of_new
from schemas.actor import Authority
from schemas.clauses import Clause
from schemas.errors import StatementRefused, Violation
from schemas.json_text import NotRecordable, read
from schemas.shared_parts import Part
from schemas.statement import NewStatement, read_statements
from schemas.timestamp import Timestamp, instant_of
from schemas.version import XapiVersion

COLUMNS: Final = 'position, authority, tenant, stored, id, "timestamp", keys, payload'
"""Of the log, in the order of the rows here."""
GATE_COLUMNS: Final = "position, tenant, id, stored, digest"

FILL: Final = Struct(">qii")
"""Position, the length of what follows (4), and authority: what is filled in, FILL_AT bytes into a row."""
FILL_AT: Final = 6
GATE_FILL: Final = Struct(">q")
"""Position, FILL_AT bytes into a row of the gate."""

_ROW: Final = Struct(">hi8xi4xiiiqi16s")
_GATE: Final = Struct(">hi8xiii16siqi16s")
_GATE_ID_AT: Final = 26
GATE_LENGTH: Final = _GATE.size
_INSTANT: Final = Struct(">iq")
_LENGTH: Final = Struct(">i")
_NULL: Final = _LENGTH.pack(-1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_REMEMBERED: Final = 20_000

_encode = msgspec.json.Encoder().encode
_validate_stored = TypeAdapter(Timestamp).validator.validate_python
_validate_authority = TypeAdapter(Authority).validator.validate_python


class _Given(msgspec.Struct):
    """What the other LRS has said itself."""

    stored: Raw | UnsetType = UNSET
    authority: Raw | UnsetType = UNSET


_given = msgspec.json.Decoder(_Given).decode


class _Vouching(NamedTuple):
    """The JSON text of an authority, and the keys that it gives."""

    agent: str
    keys: frozenset[bytes]


class Text(NamedTuple):
    """The JSON text of a statement, and the version by whose rules it is judged."""

    text: bytes
    version: XapiVersion


class Chunk(NamedTuple):
    """Statements of one transaction, with the place of each in its file."""

    texts: list[Text]
    places: list[str]


class Refused(NamedTuple):
    """A text that is no statement which can be loaded; number: of the text in its chunk."""

    number: int
    violations: tuple[Violation, ...]


@dataclass(slots=True)
class Rows:
    """The valid statements of a chunk, in its order.

    rows: for COPY; `ends` says where each ends. gate: the same of the id gate, GATE_LENGTH bytes each. stored: in
    microseconds since the year 2000. numbers: of the text in the chunk. authorities: each a place in `agents`, which
    are JSON texts. said: of activities. voids, refers: by place in the other lists.
    """

    rows: bytearray = field(default_factory=bytearray)
    ends: list[int] = field(default_factory=list)
    gate: bytearray = field(default_factory=bytearray)
    stored: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    authorities: list[int] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    said: list[tuple[NewDefinition, ...]] = field(default_factory=list)
    voids: dict[int, UUID] = field(default_factory=dict)
    refers: dict[int, UUID] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    def id_at(self, place: int) -> UUID:
        """The id of a statement."""
        begin = place * GATE_LENGTH + _GATE_ID_AT
        return UUID(bytes=bytes(self.gate[begin : begin + 16]))

    def digest_at(self, place: int) -> bytes:
        """The digest of a statement."""
        end = (place + 1) * GATE_LENGTH
        return bytes(self.gate[end - 16 : end])

    def stored_at(self, place: int) -> datetime:
        """When a statement was stored."""
        return moment(self.stored[place])


def microseconds(instant: datetime) -> int:
    """An instant as `Rows.stored` has it."""
    return (instant - _EPOCH) // _MICROSECOND


def moment(since: int) -> datetime:
    """The instant of which there are so many microseconds."""
    return _EPOCH + since * _MICROSECOND


class Judge:
    """Turns texts into rows; remembers what statements have in common.

    default: the JSON text of the Agent that vouches where a statement names none; None: such a statement is refused.
    """

    def __init__(self, tenant: int, salt: bytes, default: str | None) -> None:
        self._tenant, self._salt = tenant, salt
        self._vouching: dict[bytes, _Vouching] = {}
        self._said: dict[tuple[Part, ...], tuple[NewDefinition, ...]] = {}
        self._definitions = Definitions(cast(Pool, None))  # it is asked what statements say, not what the log holds
        self._default = None if default is None else self._vouched_by(default.encode())

    def rows(self, texts: Sequence[Text]) -> Rows:
        """The rows of a chunk."""
        found = Rows()
        agents: dict[str, int] = {}
        for number, (text, version) in enumerate(texts):
            try:
                one, stored, vouching = self._short_way(text, version) or self._long_way(text, version)
                if stored < OLDEST:  # the log is read from there on
                    rule = f"must not lie before {OLDEST:%Y}"
                    raise StatementRefused([Violation("stored", rule, Clause.STORED.named(version), instant(stored))])
            except StatementRefused as refused:
                found.refused.append(Refused(number, refused.violations))
                continue
            self._add(found, one, microseconds(stored), vouching)
            found.numbers.append(number)
            found.authorities.append(agents.setdefault(vouching.agent, len(agents)))
        found.agents = list(agents)
        return found

    def _short_way(self, text: bytes, version: XapiVersion) -> tuple[NewStatement, datetime, _Vouching] | None:
        """With stored and authority cut out of the text, which need not be written anew then; None: the long way."""
        try:
            given = _given(text)
            if given.stored is UNSET or given.authority is UNSET:
                return None
            stored = _validate_stored(msgspec.json.decode(given.stored))
            agent = bytes(given.authority)
            if b"\\" in agent:
                return None  # it may be another text than that of its value
            vouching = self._vouched_by(agent)
            rest = text.replace(b',"stored":%b' % bytes(given.stored), b"", 1)
            rest = rest.replace(b',"authority":%b' % bytes(given.authority), b"", 1)
            left = _given(rest)
            if left.stored is not UNSET or left.authority is not UNSET:
                return None  # not what was cut out
            (one,) = read_statements(rest, version, single=True)
        except (msgspec.DecodeError, NotRecordable, ValidationError, StatementRefused):
            return None
        return one, instant_of(stored), vouching

    def _long_way(self, text: bytes, version: XapiVersion) -> tuple[NewStatement, datetime, _Vouching]:
        """Raises StatementRefused."""
        (one,) = read_statements(text, version, single=True)
        if "stored" not in one.value:
            rule = "must be there: history is loaded as it was stored"
            raise StatementRefused([Violation("stored", rule, Clause.STORED.named(version), "nothing")])
        vouching = self._default
        if "authority" in one.value:
            vouching = self._vouched_by(_encode(one.value["authority"]))
        if vouching is None:
            rule = "must be there, or one be given for all that have none"
            raise StatementRefused([Violation("authority", rule, Clause.AUTHORITY.named(version), "nothing")])
        return one, instant_of(one.value["stored"]), vouching

    def _add(self, found: Rows, one: NewStatement, stored: int, vouching: _Vouching) -> None:
        identity = one.id.bytes
        keys = bigints([*(elements_of_new(one, self._salt) | vouching.keys)]).data
        index, rows = len(found.ends), found.rows
        rows += _ROW.pack(8, 8, 4, 4, self._tenant, 8, stored, 16, identity)
        rows += _NULL if one.timestamp is None else _INSTANT.pack(8, microseconds(one.timestamp))
        rows += _LENGTH.pack(len(keys)) + keys + _LENGTH.pack(len(one.payload)) + one.payload
        found.ends.append(len(rows))
        found.gate += _GATE.pack(5, 8, 4, self._tenant, 16, identity, 8, stored, 16, one.digest)
        found.stored.append(stored)
        found.said.append(self._said_by(one))
        if one.voids is not None:
            found.voids[index] = one.voids
        target = target_of(one.value)
        if target is not None:
            found.refers[index] = target

    def _vouched_by(self, text: bytes) -> _Vouching:
        """Raises ValidationError, and NotRecordable."""
        vouching = self._vouching.get(text)
        if vouching is None:
            agent = _validate_authority(read(text))
            keys = frozenset(elements_of(authority_terms(agent), self._salt))
            if len(self._vouching) >= _REMEMBERED:
                self._vouching.clear()
            vouching = self._vouching[text] = _Vouching(_encode(agent).decode(), keys)
        return vouching

    def _said_by(self, one: NewStatement) -> tuple[NewDefinition, ...]:
        """What it says of activities; of the same parts worked out once."""
        parts = one.parts[2:]
        said = self._said.get(parts) if parts else None
        if said is None:
            said = self._definitions.new_in(self._tenant, one)
            if parts:
                if len(self._said) >= _REMEMBERED:
                    self._said.clear()
                self._said[parts] = said
        return said
