"""Whether a consumer is deaf. A quiet store, a relay that is away and a dead consumer look alike to it.

The rule of this file: silence counts from when something last came, or from when a relay was last seen not to be at
work: whoever was cut off together with the relay has as long as anybody to find the way back.
"""

from streams.kafka_relay import QUIET_SECONDS

DEAF_SECONDS = 3 * QUIET_SECONDS
AWAY_SECONDS = 2 * QUIET_SECONDS


class Listening:
    """Of one consumer; `now` is of any clock that goes on."""

    def __init__(self, now: float) -> None:
        self._since = now

    def hears(self, now: float) -> None:
        """Something has come, or could not have come until now."""
        self._since = now

    def wonders(self, now: float) -> bool:
        """Whether something should have come by now, if a relay is at work."""
        return now - self._since > QUIET_SECONDS

    def is_deaf(self, now: float, relayed: float | None) -> bool:
        """relayed: how many seconds ago a relay has said that it is at work; None where it never did."""
        if relayed is None or relayed >= AWAY_SECONDS:
            self._since = now
        return now - self._since > DEAF_SECONDS
