"""How a cohort's statements reach the server. One rule: each is delivered at least once, some twice.

Devices collect what happened in a sitting and send it in batches of 1 to 50, one device beside another;
some batches are shuffled, some are hours late because the device was offline, and some are sent again
because the answer was lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from lrs.simulation.statements import TimedStatement

LARGEST_BATCH = 50
_SITTING_GAP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request: a POST of the statements, or a PUT of the only one. `at` is when the device sends it
    (UTC).
    """

    at: datetime
    statements: tuple[TimedStatement, ...]
    put: bool = False
    late: bool = False
    again: bool = False


def hold_back(
    statements: Sequence[TimedStatement], *, share: float = 0.12, most: int = 400
) -> tuple[list[TimedStatement], list[TimedStatement]]:
    """The past, and its newest part (`share` of all, `most` statements), which is played while somebody
    looks on.
    """
    live = min(most, round(len(statements) * share))
    cut = len(statements) - live
    return list(statements[:cut]), list(statements[cut:])


def deliveries(
    statements: Sequence[TimedStatement],
    seed: int,
    *,
    late: float = 0.05,
    again: float = 0.03,
    put: float = 0.5,
    shuffled: float = 0.15,
) -> list[Delivery]:
    """The requests in the order in which they are sent. The four are shares: of batches, `put` of the
    batches of one.
    """
    random = Random(f"{seed}/delivery")
    plan: list[Delivery] = []
    for batch in _batches(statements, random):
        sent = batch[-1].at + timedelta(seconds=random.uniform(1, 20))
        is_late = random.random() < late
        if is_late:
            sent += timedelta(hours=random.uniform(2, 20))
        if random.random() < shuffled:
            random.shuffle(batch)
        by_put = len(batch) == 1 and random.random() < put
        plan.append(Delivery(sent, tuple(batch), by_put, is_late))
        if random.random() < again:
            repeated = sent + timedelta(seconds=random.uniform(5, 6 * 3600))
            plan.append(Delivery(repeated, tuple(batch), by_put, is_late, again=True))
    plan.sort(key=lambda delivery: (delivery.at, delivery.statements[0].statement["id"]))
    return plan


def _batches(statements: Sequence[TimedStatement], random: Random) -> Iterator[list[TimedStatement]]:
    """Each learner's statements, cut where a sitting ends and at a chosen size of 1 … LARGEST_BATCH."""
    by_learner: defaultdict[int, list[TimedStatement]] = defaultdict(list)
    for timed in statements:
        by_learner[timed.learner].append(timed)
    for own in by_learner.values():
        batch: list[TimedStatement] = []
        size = _size(random)
        for timed in own:
            if batch and (len(batch) == size or timed.at - batch[-1].at > _SITTING_GAP):
                yield batch
                batch, size = [], _size(random)
            batch.append(timed)
        if batch:
            yield batch


def _size(random: Random) -> int:
    low, high = random.choices(((1, 1), (2, 10), (11, LARGEST_BATCH)), weights=(3, 4, 4))[0]
    return random.randint(low, high)
