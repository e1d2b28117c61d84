"""A Redis cache that may be away: the product goes on without it, a little slower."""

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; a lost server counts as a miss instead of an error. Nothing that matters lives here."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except (RedisError, OSError) as error:
            return self._away(error, default)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        try:
            return super().get_many(keys, version)
        except (RedisError, OSError) as error:
            found: dict[Any, Any] = self._away(error, {})
            return found

    def set(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> None:
        try:
            super().set(key, value, timeout if timeout is not None else 300, version)
        except (RedisError, OSError) as error:
            self._away(error, None)

    def add(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        try:
            return bool(super().add(key, value, timeout if timeout is not None else 300, version))
        except (RedisError, OSError) as error:
            return bool(self._away(error, True))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        try:
            return int(super().incr(key, delta, version))
        except (RedisError, OSError) as error:
            return int(self._away(error, delta))

    def delete(self, key: Any, version: int | None = None) -> bool:
        try:
            return bool(super().delete(key, version))
        except (RedisError, OSError) as error:
            return bool(self._away(error, False))

    @staticmethod
    def _away(error: Exception, instead: Any) -> Any:
        logger.warning("cache is away: %s", type(error).__name__)
        return instead
