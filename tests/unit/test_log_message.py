"""Messages carry events whole, and a learner's shard is where Kafka's own partitioner would put it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2
from hypothesis import given
from hypothesis import strategies as st

from projections.fact import derived
from schemas.log_event import ControlEvent, StatementEvent
from streams.log_message import Whole, decoded, encoded, key_of, key_of_person, message_of, shard_of

MOMENTS = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
POSITIONS = st.integers(0, 2**63 - 1)
STATEMENTS = st.builds(
    StatementEvent,
    position=POSITIONS,
    tenant=st.integers(1, 2**31 - 1),
    id=st.uuids(),
    stored=MOMENTS,
    timestamp=st.none() | MOMENTS,
    payload=st.text(),
    voided_position=st.none() | POSITIONS,
    voids_position=st.none() | POSITIONS,
)
CONTROLS = st.builds(
    ControlEvent,
    position=POSITIONS,
    tenant=st.integers(1, 2**31 - 1),
    recorded=MOMENTS,
    kind=st.text(),
    payload=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text()),
)


def did(actor: str, *, number: int = 1, more: str = "") -> StatementEvent:
    payload = f'{{"actor":{actor},"verb":{{"id":"http://x.example/v"}},"object":{{"id":"x:y"}}{more}}}'
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return StatementEvent(number, 1, UUID(int=number), moment, None, payload, None, None)


@given(event=STATEMENTS | CONTROLS, previous=POSITIONS)
def test_an_event_comes_out_as_it_went_in(event: StatementEvent | ControlEvent, previous: int) -> None:
    message = decoded(encoded(message_of(event, previous)))
    assert not isinstance(message, Whole)
    assert (message.event, message.previous, message.position) == (event, previous, event.position)


def test_the_text_of_a_statement_is_not_touched() -> None:
    event = did('{"mbox":"mailto:a@x.example"}', more=',"result":{"extensions":{"x:y":1e400,"x:z":1.10}}')
    message = decoded(encoded(message_of(event, 0)))
    assert not isinstance(message, Whole)
    assert message.event == event
    assert key_of(event) == key_of(did('{"mbox":"mailto:a@x.example"}'))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_that_of_kafka(text: bytes, value: int) -> None:
    """The values are those of Kafka's own UtilsTest."""
    assert murmur2(text) - value in (0, 2**32)
    assert shard_of(text, 7) == (value & 0x7FFFFFFF) % 7


@given(key=st.binary(min_size=20, max_size=20), shards=st.integers(1, 64))
def test_a_shard_is_the_partition_of_the_key(key: bytes, shards: int) -> None:
    partitions = list(range(shards))
    assert shard_of(key, shards) == DefaultPartitioner()(key, partitions, partitions)


def test_a_learner_is_who_the_facts_say() -> None:
    event = did('{"name":"Ann","account":{"homePage":"http://x.example","name":"ann"}}')
    found = derived(event.position, event.id, event.stored, event.timestamp, event.payload)
    assert found is not None
    assert found.fact.person is not None
    assert key_of(event) == key_of_person(1, found.fact.person)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"mbox":"mailto:a@x.example"}', '{"name":"A","mbox":"mailto:a@X.example"}'),
        (f'{{"mbox_sha1sum":"{"ab" * 20}"}}', f'{{"objectType":"Agent","mbox_sha1sum":"{"AB" * 20}"}}'),
    ],
)
def test_the_same_person_in_other_words_has_the_same_key(one: str, other: str) -> None:
    assert key_of(did(one)) == key_of(did(other, number=2))


def test_tenants_and_persons_are_apart() -> None:
    assert len({key_of(did(f'{{"mbox":"mailto:{name}@x.example"}}')) for name in "abc"}) == 3
    assert key_of_person(1, b"p" * 16) != key_of_person(2, b"p" * 16)


@pytest.mark.parametrize(
    "group",
    [
        '{"objectType":"Group","mbox":"mailto:a@x.example"}',
        '{"objectType":"Group","member":[{"mbox":"mailto:a@x.example"}]}',
    ],
)
def test_who_is_no_learner_is_spread_by_statement(group: str) -> None:
    assert key_of(did(group)) != key_of(did(group, number=2))
    assert key_of(did(group)) != key_of(did('{"mbox":"mailto:a@x.example"}'))
