"""Where the processes of a store tell each other of changes, where its settings name a Redis.

The rule of this file: only where they name one is what speaks to Redis loaded, which takes a while.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from lrs.settings import Settings
from streams.bus import Bus

if TYPE_CHECKING:
    from streams.redis_inlet import RedisInlet
    from streams.redis_outlet import RedisOutlet
    from streams.redis_place import RedisPlace


def chosen_redis(settings: Settings) -> "RedisPlace | None":
    """None where the settings name none: then one server's processes tell each other, and no other's."""
    if settings.redis_url is None:
        return None
    from streams.redis_place import RedisPlace

    return RedisPlace(settings.redis_url, settings.redis_prefix)


def redis_inlet(
    place: "RedisPlace", bus: Bus, checkpoint: Callable[[], Awaitable[int]], forget: Callable[[str], None]
) -> "RedisInlet":
    """A reader's end."""
    from streams.redis_inlet import RedisInlet

    return RedisInlet(place, bus, checkpoint, forget)


def redis_outlet(place: "RedisPlace") -> "RedisOutlet":
    """The processor's end."""
    from streams.redis_outlet import RedisOutlet

    return RedisOutlet(place)
