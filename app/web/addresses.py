"""Whole addresses of our pages, for mails: there is no request that would say the host."""

from app.kernel.tenancy import ShopFacts
from app.settings import Settings


def site(settings: Settings, shop: ShopFacts) -> str:
    """Scheme and host of a shop, without a slash at the end. On a local machine the port is part of it."""
    if settings.https:
        return f"https://{shop.host}"
    return f"http://{shop.host}:{settings.port}"


def address(settings: Settings, shop: ShopFacts, path: str, locale: str) -> str:
    """The whole address of a path, in a language."""
    return site(settings, shop) + shop.href(path, locale)
