"""A producer's stock and products."""

from typing import Any

ROUTES: list[Any] = []
