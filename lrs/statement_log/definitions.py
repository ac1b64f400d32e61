"""What the statements say of Activities, merged into one definition of each; the only owner of its table.

The rule of this file: a definition is merged in the transaction that stores its statement, after all else in it, in
one order of activities, so that racing batches cannot deadlock. What this process knows to be merged already is not
looked at again for KNOWN_SECONDS, so statements that say what others said before cost next to nothing. Only where
another process has contradicted it in that time is it taken for the earlier word, though it is said again.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiosql
import msgspec
from psycopg import AsyncConnection

from lrs.database import Pool
from schemas import exact_json
from schemas.definition_merge import merged
from schemas.described import described_in, described_in_context, described_in_object
from schemas.statement import NewStatement

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("definitions.sql"), "psycopg", mandatory_parameters=False)

KNOWN_SECONDS: Final = 60.0
REMEMBERED: Final = 20_000
"""Activities that are remembered at least; twice as many are at most."""
MOST_DIGESTS: Final = 16
"""Definitions of one activity that are remembered."""
LARGEST: Final = 256_000
"""Characters of a merged definition; where it would be longer, the latest counts alone."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_sorted = msgspec.json.Encoder(order="sorted", decimal_format="number").encode
_NOTED: Final = "definitions"
_DESCRIBED: Final = {"object": described_in_object, "contextActivities": described_in_context}

Activity = tuple[int, str]
"""Tenant and id."""


class NewDefinition(NamedTuple):
    """What one statement says of an activity; value: as `schemas.exact_json` reads it."""

    activity: str
    digest: bytes
    value: dict[str, Any]


class Merged(NamedTuple):
    """What is merged into a version of an activity's definition, once the transaction is committed."""

    activity: Activity
    version: int
    digests: frozenset[bytes]


class _Known(NamedTuple):
    version: int
    digests: frozenset[bytes]
    until: float


class Definitions:
    """The definitions of one database."""

    def __init__(self, read: Pool) -> None:
        self._read = read
        self._young: dict[Activity, _Known] = {}
        self._old: dict[Activity, _Known] = {}

    async def merged(self, tenant: int, activities: Collection[str]) -> dict[str, dict[str, Any]]:
        """The definition of each of these activities that has one; as `schemas.exact_json` reads it."""
        if not activities:
            return {}
        values = {"tenant": tenant, "keys": [_key(one) for one in activities]}
        async with self._read.connection() as connection:
            rows = await (await connection.execute(QUERIES.definitions_of.sql, values)).fetchall()
        return {activity: exact_json.read(definition) for activity, definition in rows}

    def new_in(self, tenant: int, statement: NewStatement) -> tuple[NewDefinition, ...]:
        """What the statement says that is not known to be merged."""
        said = _said(statement)
        now = time.monotonic()
        new: set[tuple[str, bytes]] = set()
        for activity, digest in said:
            known = self._young.get((tenant, activity)) or self._old.get((tenant, activity))
            if known is None or digest not in known.digests or known.until <= now:
                new.add((activity, digest))
        if not new:
            return ()
        exact = described_in(_described(statement.payload))
        return tuple(
            NewDefinition(*names, one["definition"]) for names, one in zip(said, exact, strict=True) if names in new
        )

    async def write(
        self, connection: AsyncConnection, said: Iterable[tuple[int, Sequence[NewDefinition]]]
    ) -> list[Merged]:
        """Merge what statements say, in their order, each with its tenant. Call it in their transaction, at its end;
        give what it answers to `remember` after the commit.
        """
        by_activity: dict[Activity, list[NewDefinition]] = {}
        for tenant, definitions in said:
            for one in definitions:
                by_activity.setdefault((tenant, one.activity), []).append(one)
        if not by_activity:
            return []
        offers = {activity: _folded({}, found) for activity, found in by_activity.items()}
        added = await (await connection.execute(QUERIES.offer_definitions.sql, _values(offers))).fetchall()
        done = {activity: (1, value) for activity, value in offers.items()}
        if len(added) < len(offers):
            new = set(added)
            held = {_name(activity): activity for activity in offers if _name(activity) not in new}
            done |= await self._change(connection, {activity: by_activity[activity] for activity in held.values()})
        return [
            Merged(activity, version, _merged_into(value, by_activity[activity]))
            for activity, (version, value) in done.items()
        ]

    async def _change(
        self, connection: AsyncConnection, said: dict[Activity, list[NewDefinition]]
    ) -> dict[Activity, tuple[int, dict[str, Any]]]:
        """Merge into definitions that are there, and locked."""
        held = {_name(activity): activity for activity in said}
        names = {"tenants": [tenant for tenant, _ in held], "keys": [key for _, key in held]}
        rows = await (await connection.execute(QUERIES.held_definitions.sql, names)).fetchall()
        done: dict[Activity, tuple[int, dict[str, Any]]] = {}
        changed: dict[Activity, dict[str, Any]] = {}
        for tenant, key, version, text in rows:
            activity = held[tenant, key]
            older = exact_json.read(text)
            value = _folded(older, said[activity])
            if value != older:
                changed[activity] = value
            done[activity] = (version + (value != older), value)
        if changed:
            await connection.execute(QUERIES.change_definitions.sql, _values(changed))
        return done

    def remember(self, done: Iterable[Merged]) -> None:
        """What is committed need not be merged again."""
        until = time.monotonic() + KNOWN_SECONDS
        for activity, version, digests in done:
            known = self._young.get(activity) or self._old.get(activity)
            if known is not None and known.version > version:
                continue  # a later change was heard of before
            if known is not None and known.version == version and len(known.digests | digests) <= MOST_DIGESTS:
                digests |= known.digests
            if len(self._young) >= REMEMBERED:
                self._old, self._young = self._young, {}
            self._young[activity] = _Known(version, digests, until)


def _said(statement: NewStatement) -> Sequence[tuple[str, bytes]]:
    """Every activity that the statement defines, with a digest of the definition; of shared parts worked out once."""
    if not statement.parts:
        return _digests(described_in(statement.value))
    said: tuple[tuple[str, bytes], ...] = ()
    for part in statement.parts:
        if part.property in _DESCRIBED:
            noted = part.noted.get(_NOTED)
            if noted is None:
                noted = part.noted[_NOTED] = _digests(_DESCRIBED[part.property](part.value))
            said += noted
    return said


def _described(payload: bytes) -> dict[str, Any]:
    """Those properties of a statement in which Activities may be described; the others are not read."""
    members = _members(payload)
    return {name: exact_json.read(bytes(members[name])) for name in ("object", "context") if name in members}


def _digests(activities: Iterable[Any]) -> tuple[tuple[str, bytes], ...]:
    return tuple((one["id"], _hash(_sorted(one["definition"]))) for one in activities)


def _folded(older: dict[str, Any], said: Sequence[NewDefinition]) -> dict[str, Any]:
    value = older
    for index, one in enumerate(said):
        if index == 0 or one.digest != said[index - 1].digest:
            value = merged(value, one.value)
    return value if len(exact_json.encode(value)) <= LARGEST else dict(said[-1].value)


def _merged_into(value: dict[str, Any], said: Sequence[NewDefinition]) -> frozenset[bytes]:
    """Those that would change nothing if they were said again."""
    each = {one.digest: one.value for one in said[-MOST_DIGESTS:]}
    return frozenset(digest for digest, newer in each.items() if merged(value, newer) == value)


def _values(definitions: dict[Activity, dict[str, Any]]) -> dict[str, list[Any]]:
    return {
        "tenants": [tenant for tenant, _ in definitions],
        "keys": [_key(activity) for _, activity in definitions],
        "activities": [activity for _, activity in definitions],
        "definitions": [exact_json.encode(value).decode() for value in definitions.values()],
    }


def _name(activity: Activity) -> tuple[int, bytes]:
    return activity[0], _key(activity[1])


def _key(activity: str) -> bytes:
    return _hash(activity.encode())


def _hash(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).digest()
