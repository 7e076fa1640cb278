"""How much a request may bring, by path: what its handler says (`request_max_body_size`), else the same for all.

The edge refuses what announces itself as larger; the framework counts what comes in, announced or not.
"""

import re
from collections.abc import Iterable

from litestar.routes import BaseRoute, HTTPRoute

MOST_BODY = 12_000_000  # bytes


class BodyLimits:
    """The limits of all routes; those that take more than most are kept."""

    def __init__(self, routes: Iterable[BaseRoute] = ()) -> None:
        self._larger: list[tuple[re.Pattern[str], int]] = []
        for route in routes:
            if not isinstance(route, HTTPRoute):
                continue
            most = max(handler.resolve_request_max_body_size() or 0 for handler in route.route_handlers)
            if most > MOST_BODY:
                parts = [r"[^/]+" if "{" in part else re.escape(part) for part in route.path.split("/")]
                self._larger.append((re.compile("/".join(parts)), most))

    def of(self, path: str) -> int:
        """Bytes that a request to this path (without language prefix) may bring."""
        return next((most for pattern, most in self._larger if pattern.fullmatch(path)), MOST_BODY)
