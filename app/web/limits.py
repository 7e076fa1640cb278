"""Rate limits (capabilities I10): a sliding count per rule and key, in Redis when there is one, else in the process.

Redis that does not answer lets everybody pass: a limit is a comfort, the shop is not.
"""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.kernel.errors import TooMany
from app.settings import LimitSettings
from app.web.visit import Visit

log = structlog.get_logger()
MOST_KEYS = 50_000


@dataclass(frozen=True)
class Limit:
    name: str
    most: int
    seconds: int


class Limiter:
    """Counts per fixed window. `by` of a rule is the client's address, plus the account where it is named."""

    def __init__(self, settings: LimitSettings, redis: Redis | None = None) -> None:
        self.enabled = settings.enabled
        self.redis = redis
        self.rules = {
            "sign_in": Limit("sign_in", settings.sign_in_per_15_min, 900),
            "payment": Limit("payment", settings.payment_per_min, 60),
            "careful": Limit("careful", settings.careful_per_min, 60),
            "overall": Limit("overall", settings.overall_per_min, 60),
        }
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    async def check(self, name: str, visit: Visit, account: str = "") -> None:
        """Count one request. Raises TooMany when the rule's limit is passed; tells what is left in headers."""
        if not self.enabled:
            return
        rule = self.rules[name]
        window = int(time.time()) // rule.seconds
        key = f"limit:{visit.shop.id}:{name}:{visit.client_ip}:{account}"
        used = await self._count(key, window, rule.seconds)
        reset = (window + 1) * rule.seconds - time.time()
        visit.extra_headers.append(("RateLimit-Policy", f'"{name}";q={rule.most};w={rule.seconds}'))
        left = max(0, rule.most - used)
        visit.extra_headers.append(("RateLimit", f'"{name}";r={left};t={math.ceil(reset)}'))
        if used > rule.most:
            raise TooMany(math.ceil(reset))

    async def _count(self, key: str, window: int, seconds: int) -> int:
        if self.redis is not None:
            try:
                async with self.redis.pipeline(transaction=True) as pipe:
                    pipe.incr(f"{key}:{window}")
                    pipe.expire(f"{key}:{window}", seconds)
                    return int((await pipe.execute())[0])
            except (RedisError, OSError):
                log.warning("limits.redis_unreachable")
                return 0
        before, used = self._counts.pop(key, (window, 0))
        used = used + 1 if before == window else 1
        self._counts[key] = (window, used)
        if len(self._counts) > MOST_KEYS:
            self._counts.popitem(last=False)
        return used
