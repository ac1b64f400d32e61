"""Where the processes of a store tell each other of changes, where its settings name a Redis."""

from lrs.settings import Settings
from streams.redis_place import RedisPlace


def chosen_redis(settings: Settings) -> RedisPlace | None:
    """None where the settings name none: then one server's processes tell each other, and no other's."""
    return None if settings.redis_url is None else RedisPlace(settings.redis_url, settings.redis_prefix)
