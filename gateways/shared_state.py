"""What our processes share about the vendors: access tokens, call budgets, blocks. In Redis when it is there.

With Redis away each process goes on by itself in its memory: a token is fetched once per process instead of once per
house, and every process keeps the whole budget. That is safe for minutes, which is how long Redis may be away.
"""

import functools
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from gateways.rules import Budget

logger = logging.getLogger(__name__)
T = TypeVar("T")

SILENCE_SECONDS = 2.0  # after a failure Redis is left alone this long, so that nobody waits for it again and again
POLL_SECONDS = 0.02

# One round trip: is the API blocked, and does every bucket hold a token? Takes one from each, or from none.
_ADMIT = """
local blocked = redis.call('PTTL', KEYS[1])
if blocked > 0 then return {1, blocked} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local levels, wait = {}, 0
for i = 2, #KEYS do
  local capacity, rate = tonumber(ARGV[2 * i - 3]), tonumber(ARGV[2 * i - 2])
  local row = redis.call('HMGET', KEYS[i], 'level', 'at')
  local level = capacity
  if row[1] then level = math.min(capacity, tonumber(row[1]) + math.max(0, now - tonumber(row[2])) / 1000 * rate) end
  levels[i] = level
  if level < 1 then wait = math.max(wait, math.ceil((1 - level) / rate * 1000)) end
end
if wait > 0 then return {2, wait} end
for i = 2, #KEYS do
  local capacity, rate = tonumber(ARGV[2 * i - 3]), tonumber(ARGV[2 * i - 2])
  redis.call('HSET', KEYS[i], 'level', tostring(levels[i] - 1), 'at', tostring(now))
  redis.call('PEXPIRE', KEYS[i], math.ceil(capacity / rate * 1000) + 1000)
end
return {0, 0}
"""
_COMPARE_AND_DELETE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


MOST_LOOKED_AT = 500  # names a page looks at


def _plain(key: bytes | str) -> str:
    return key.decode() if isinstance(key, bytes) else key


class Busy(Exception):
    """Another holder kept a lock for longer than we were willing to wait."""


@dataclass(frozen=True)
class Verdict:
    """May a call leave now? `blocked`: the vendor shut us out; otherwise our own budget is used up. Wait `seconds`."""

    allowed: bool
    blocked: bool = False
    seconds: float = 0.0


class _Memory:
    """The same four things in one process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._values: dict[str, tuple[bytes, float]] = {}
        self._levels: dict[str, tuple[float, float]] = {}

    def read(self, key: str) -> bytes | None:
        value, until = self._values.get(key, (b"", 0.0))
        return value if time.monotonic() < until else None

    def write(self, key: str, value: bytes, seconds: float) -> None:
        with self._guard:
            self._values[key] = (value, time.monotonic() + seconds)

    def forget(self, key: str) -> None:
        with self._guard:
            self._values.pop(key, None)

    def count(self, key: str, seconds: float) -> int:
        number = int(self.read(key) or b"0") + 1
        self.write(key, str(number).encode(), seconds)
        return number

    def seconds_left(self, key: str) -> float:
        return max(0.0, self._values.get(key, (b"", 0.0))[1] - time.monotonic())

    def admit(self, block: str, keyed: list[tuple[str, Budget]]) -> Verdict:
        if left := self.seconds_left(block):
            return Verdict(False, blocked=True, seconds=left)
        with self._guard:
            now = time.monotonic()
            levels = {key: self._level(key, budget, now) for key, budget in keyed}
            waits = [(1 - levels[key]) / budget.per_second for key, budget in keyed if levels[key] < 1]
            if waits:
                return Verdict(False, seconds=max(waits))
            self._levels.update({key: (level - 1, now) for key, level in levels.items()})
        return Verdict(True)

    def _level(self, key: str, budget: Budget, now: float) -> float:
        level, at = self._levels.get(key, (budget.capacity, now))
        return min(budget.capacity, level + (now - at) * budget.per_second)


class SharedState:
    """Values with an end, locks, budgets and blocks, by name."""

    def __init__(self, redis_url: str, prefix: str) -> None:
        self._redis: Redis = Redis.from_url(redis_url, socket_timeout=1.0, socket_connect_timeout=0.5)
        self._prefix = f"{prefix}:gateways:"
        self._memory = _Memory()
        self._locks: dict[str, threading.Lock] = {}
        self._locks_guard = threading.Lock()
        self._silent_until = 0.0

    def read(self, name: str) -> bytes | None:
        """The value of that name, or None when it is missing or its time is over."""
        key = self._key(name)
        found: bytes | None = self._ask(lambda redis: redis.get(key), lambda: self._memory.read(key))
        return found

    def write(self, name: str, value: bytes, seconds: float) -> None:
        """Keep a value for so long; in memory too, for the time when Redis is away."""
        key = self._key(name)
        self._memory.write(key, value, seconds)
        self._ask(lambda redis: redis.set(key, value, px=max(1, int(seconds * 1000))), lambda: None)

    def forget(self, name: str) -> None:
        """Drop a value."""
        key = self._key(name)
        self._memory.forget(key)
        self._ask(lambda redis: redis.delete(key), lambda: 0)

    def forget_all(self) -> None:
        """Drop everything this house keeps here."""
        self._memory = _Memory()

        def in_redis(redis: Redis) -> None:
            if keys := list(redis.scan_iter(f"{self._prefix}*", count=1000)):
                redis.delete(*keys)

        self._ask(in_redis, lambda: None)

    def count(self, name: str, seconds: float) -> int:
        """Add one to a counter that is forgotten after so long without a count; the new number."""
        key = self._key(name)

        def in_redis(redis: Redis) -> int:
            pipeline = redis.pipeline()
            pipeline.incr(key)
            pipeline.pexpire(key, int(seconds * 1000))
            return int(pipeline.execute()[0])

        return self._ask(in_redis, lambda: self._memory.count(key, seconds))

    def block(self, name: str, seconds: float) -> None:
        """Let no call of that name through for so long."""
        self.write(f"block:{name}", b"1", seconds)

    def admit(self, block: str, budgets: Sequence[Budget], scope: str) -> Verdict:
        """Take one token from each of the scope's budgets, or none: may the call leave now?"""
        keyed = [(self._key(f"budget:{scope}:{budget.name}"), budget) for budget in budgets]
        block_key = self._key(f"block:{block}")
        numbers = [number for budget in budgets for number in (budget.capacity, budget.per_second)]

        def in_redis(redis: Redis) -> Verdict:
            kind, milliseconds = redis.eval(_ADMIT, 1 + len(keyed), block_key, *(key for key, _ in keyed), *numbers)
            return Verdict(kind == 0, blocked=kind == 1, seconds=milliseconds / 1000)

        return self._ask(in_redis, lambda: self._memory.admit(block_key, keyed))

    def levels(self) -> dict[str, tuple[float, float]]:
        """What every bucket was left with: name (scope:bucket) -> (level, seconds since). Full buckets are not kept; empty
        without Redis."""

        def in_redis(redis: Redis) -> dict[str, tuple[float, float]]:
            keys = sorted(redis.scan_iter(f"{self._key('budget:')}*", count=1000))[:MOST_LOOKED_AT]
            pipeline = redis.pipeline()
            for key in keys:
                pipeline.hmget(key, "level", "at")
            pipeline.time()
            *rows, (seconds, micros) = pipeline.execute()
            now = seconds + micros / 1e6
            return {
                _plain(key).removeprefix(self._key("budget:")): (float(level), max(0.0, now - float(at) / 1000))
                for key, (level, at) in zip(keys, rows, strict=True) if level is not None
            }  # fmt: skip

        return self._ask(in_redis, dict)

    def lives(self, start: str) -> dict[str, float]:
        """The seconds that are left to every value whose name begins like this; empty without Redis."""

        def in_redis(redis: Redis) -> dict[str, float]:
            keys = sorted(redis.scan_iter(f"{self._key(start)}*", count=1000))[:MOST_LOOKED_AT]
            pipeline = redis.pipeline()
            for key in keys:
                pipeline.pttl(key)
            return {
                _plain(key).removeprefix(self._prefix): left / 1000 for key, left in zip(keys, pipeline.execute(), strict=True)
            }

        return self._ask(in_redis, dict)

    @contextmanager
    def exclusive(self, name: str, *, seconds: float, wait: float) -> Iterator[None]:
        """Hold a lock among all our processes, for at most `seconds`; raises Busy after waiting `wait` seconds."""
        deadline = time.monotonic() + wait
        local = self._local_lock(name)
        if not local.acquire(timeout=wait):
            raise Busy(name)
        try:
            owner = self._acquire(self._key(f"lock:{name}"), seconds, deadline)
            try:
                yield
            finally:
                self._release(self._key(f"lock:{name}"), owner)
        finally:
            local.release()

    def _acquire(self, key: str, seconds: float, deadline: float) -> str:
        owner = secrets.token_hex(16)
        while not self._ask(lambda redis: bool(redis.set(key, owner, nx=True, px=int(seconds * 1000))), lambda: True):
            if time.monotonic() >= deadline:
                raise Busy(key)
            time.sleep(POLL_SECONDS)
        return owner

    def _release(self, key: str, owner: str) -> None:
        self._ask(lambda redis: redis.eval(_COMPARE_AND_DELETE, 1, key, owner), lambda: 0)

    def _local_lock(self, name: str) -> threading.Lock:
        with self._locks_guard:
            return self._locks.setdefault(name, threading.Lock())

    def _key(self, name: str) -> str:
        return self._prefix + name

    def _ask(self, with_redis: Callable[[Any], T], without: Callable[[], T]) -> T:
        if time.monotonic() >= self._silent_until:
            try:
                return with_redis(self._redis)
            except (RedisError, OSError) as error:
                self._silent_until = time.monotonic() + SILENCE_SECONDS
                logger.warning("gateways go on without Redis: %s", type(error).__name__)
        return without()


def shared_state() -> SharedState:
    """The house's shared state, at settings.REDIS_URL."""
    return _shared_state(settings.REDIS_URL, settings.CACHES["default"]["KEY_PREFIX"])


@functools.cache
def _shared_state(redis_url: str, prefix: str) -> SharedState:
    return SharedState(redis_url, prefix)
