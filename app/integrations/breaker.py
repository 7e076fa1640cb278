"""A circuit breaker: after several failures in a row an outside service is left alone for a while."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Breaker:
    """Counts failures in a row. Once there are `most`, callers give up at once for `seconds`; then one may try."""

    most: int = 5
    seconds: float = 15.0
    moment: Callable[[], float] = time.monotonic
    failures: int = 0
    _closed_until: float = 0.0

    @property
    def is_open(self) -> bool:
        """True while nobody should call. The first to ask after the pause may, and holds the others off meanwhile."""
        if self.failures < self.most:
            return False
        if self.moment() < self._closed_until:
            return True
        self._closed_until = self.moment() + self.seconds
        return False

    def failed(self) -> None:
        self.failures += 1
        self._closed_until = self.moment() + self.seconds

    def worked(self) -> None:
        self.failures = 0
