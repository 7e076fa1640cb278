"""Is it a person who reads? What is counted asks here: machines are not shoppers."""

import re
from collections.abc import Mapping

_MACHINES = re.compile(
    r"bot|crawl|spider|slurp|preview|fetch|monitor|scan|index|archive|validator|feed|lighthouse|headless|pingdom"
    r"|facebookexternalhit|whatsapp|telegram|curl|wget|python|httpx|aiohttp|okhttp|go-http|java/|libwww|scrapy",
    re.IGNORECASE,
)


def is_person(headers: Mapping[str, str]) -> bool:
    """Does this look like a person's browser? headers: lower-case names."""
    agent = headers.get("user-agent", "")
    return bool(agent) and not _MACHINES.search(agent)


def is_ahead(headers: Mapping[str, str]) -> bool:
    """A browser that reads ahead: nobody has looked yet."""
    return "prefetch" in headers.get("sec-purpose", "") + headers.get("purpose", "")
