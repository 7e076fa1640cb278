"""Which shop answers on a host, and its facts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import ColumnElement, select
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
    return await _one(db, Shop.id == shop_id)


async def shop_by_slug(db: AsyncSession, slug: str) -> ShopFacts | None:
    return await _one(db, Shop.slug == slug)


async def shop_ids(db: AsyncSession) -> list[int]:
    return list(await db.scalars(select(Shop.id).order_by(Shop.id)))


async def _one(db: AsyncSession, which: ColumnElement[bool]) -> ShopFacts | None:
    host = select(ShopHost.host).where(ShopHost.shop_id == Shop.id).order_by(ShopHost.id).limit(1)
    row = (await db.execute(select(Shop, host.scalar_subquery()).where(which))).first()
    return _facts(row[0], row[1] or "localhost") if row else None


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
        self._shop_of: dict[str, int] = {}  # by host
        self._default: int | None = None
        self._facts: dict[int, ShopFacts] = {}  # of the shops that somebody has asked for
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def find(self, host: str) -> ShopFacts | None:
        """The shop of a host name (lower case, no port); None if unknown."""
        facts = self._known(host)
        if facts is None:
            async with self._reading:  # one for all who have come meanwhile: connections are few
                if self._is_stale():
                    moment = clock.now().timestamp()
                    await self._read_hosts()
                    self._read_at = moment
                shop_id = self._id(host)
                if shop_id is not None and shop_id not in self._facts:
                    await self._read_shop(shop_id)
                facts = self._known(host)
        return facts

    def forget(self) -> None:
        """Read anew at the next request."""
        self._read_at = None

    def _known(self, host: str) -> ShopFacts | None:
        shop_id = None if self._is_stale() else self._id(host)
        return None if shop_id is None else self._facts.get(shop_id)

    def _id(self, host: str) -> int | None:
        return self._shop_of.get(host) or (None if self.strict else self._default)

    def _is_stale(self) -> bool:
        return self._read_at is None or not 0 <= clock.now().timestamp() - self._read_at < KEPT_SECONDS

    async def _read_hosts(self) -> None:
        """All host names in one statement, so that one that nobody owns costs nothing."""
        async with self.database.session(None) as db:
            rows = (await db.execute(select(ShopHost.host, ShopHost.shop_id, ShopHost.is_default))).all()
            named = (await db.execute(select(Shop.slug, Shop.id))).all() if self.extra_hosts else []
        self._shop_of = {host: shop_id for host, shop_id, _ in rows}
        slugs = {row.slug: row.id for row in named}
        self._shop_of |= {host: slugs[slug] for host, slug in self.extra_hosts.items() if slug in slugs}
        self._default = next((shop_id for _, shop_id, is_default in rows if is_default), None)
        self._facts = {}

    async def _read_shop(self, shop_id: int) -> None:
        async with self.database.session(shop_id) as db:
            facts = await shop_by_id(db, shop_id)
            if facts is not None:
                self._facts[shop_id] = replace(facts, nav=await self.nav(db))
