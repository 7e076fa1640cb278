"""Which shop answers on a host, and its facts."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.db import Database
from app.kernel.tenancy import Legal, NavItem, ShopFacts
from app.shops.models import Shop, ShopHost

KEPT_SECONDS = 30
LoadNav = Callable[[AsyncSession], Awaitable[tuple[NavItem, ...]]]


def _facts(shop: Shop, host: str) -> ShopFacts:
    return ShopFacts(
        id=shop.id,
        slug=shop.slug,
        name=shop.name,
        taglines=shop.tagline,
        theme=shop.theme,
        locales=tuple(shop.locales),
        currency=shop.currency,
        country=shop.country,
        time_zone=shop.time_zone,
        order_prefix=shop.order_prefix,
        fee_rate=Decimal(shop.fee_rate),
        legal=Legal(**shop.legal),
        features=shop.features,
        host=host,
    )


async def all_shops(db: AsyncSession) -> list[tuple[ShopFacts, list[str], bool]]:
    """Every shop with its hosts (the canonical one first) and whether it answers on hosts that nobody owns."""
    hosts: dict[int, list[ShopHost]] = {}
    for host in await db.scalars(select(ShopHost).order_by(ShopHost.id)):
        hosts.setdefault(host.shop_id, []).append(host)
    found = []
    for shop in await db.scalars(select(Shop).order_by(Shop.id)):
        own = hosts.get(shop.id, [])
        names = [h.host for h in own]
        found.append((_facts(shop, names[0] if names else "localhost"), names, any(h.is_default for h in own)))
    return found


async def shop_by_id(db: AsyncSession, shop_id: int) -> ShopFacts | None:
    return next((facts for facts, _, _ in await all_shops(db) if facts.id == shop_id), None)


async def shop_by_slug(db: AsyncSession, slug: str) -> ShopFacts | None:
    return next((facts for facts, _, _ in await all_shops(db) if facts.slug == slug), None)


class Directory:
    """Host → shop, kept for half a minute: shops change rarely, and every request asks."""

    def __init__(self, database: Database, *, strict: bool, extra_hosts: dict[str, str], nav: LoadNav) -> None:
        """strict: a host that no shop owns is refused. extra_hosts: host → slug, from the settings.

        nav: reads the main navigation of the session's shop.
        """
        self.database = database
        self.strict = strict
        self.extra_hosts = extra_hosts
        self.nav = nav
        self._by_host: dict[str, ShopFacts] = {}
        self._default: ShopFacts | None = None
        self._read_at: float | None = None

    async def find(self, host: str) -> ShopFacts | None:
        """The shop of a host name (lower case, no port); None if unknown."""
        moment = clock.now().timestamp()
        if self._read_at is None or not 0 <= moment - self._read_at < KEPT_SECONDS:
            await self._read()
            self._read_at = moment
        return self._by_host.get(host) or (None if self.strict else self._default)

    def forget(self) -> None:
        """Read anew at the next request."""
        self._read_at = None

    async def _read(self) -> None:
        async with self.database.session(None) as db:
            shops = [(await self._with_nav(facts), names, default) for facts, names, default in await all_shops(db)]
        self._by_host = {name: facts for facts, names, _ in shops for name in names}
        slugs = {facts.slug: facts for facts, _, _ in shops}
        self._by_host |= {host: slugs[slug] for host, slug in self.extra_hosts.items() if slug in slugs}
        self._default = next((facts for facts, _, is_default in shops if is_default), None)

    async def _with_nav(self, facts: ShopFacts) -> ShopFacts:
        async with self.database.session(facts.id) as db:
            return replace(facts, nav=await self.nav(db))
