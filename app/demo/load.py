"""Load the demonstration shops, once; later starts find them there.

A shop is written in one transaction, its hosts last of all, so that a half-loaded one is never visited and the next
start goes on where this one stopped. Everything follows the order of the tables in app/demo/data: each run is alike.
"""

import csv
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import images
from app.catalog.imports import formats, shelves, writing
from app.catalog.imports.source import Source
from app.catalog.imports.terms import Terms
from app.catalog.models import Category, Image, Product, Variant
from app.delivery.models import Zone, ZoneRange
from app.demo import months, sheets, words
from app.demo.accounts import register
from app.demo.shops import PASSWORD, SHOPS, DemoShop
from app.identity import passwords
from app.identity.models import User
from app.integrations.storage import open_storage
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.i18n import LOCALES
from app.kernel.money import unit_price
from app.producers.models import Producer, ProducerMember
from app.producers.vat import editing as vat
from app.settings import Settings
from app.shops.models import Shop, ShopHost

HERE = Path(__file__).parent
END_OF_CODES = "zzzzzzzzzz"  # the tables write ~; letters sort after digits in every collation
TINTS = {
    **dict.fromkeys(("amber", "cream", "ivory", "rose", "straw", "terracotta", "tomato"), "warm"),
    **dict.fromkeys(("olive", "sage", "stone"), "cool"),
    **dict.fromkeys(("chestnut", "wine"), "dark"),
}
Line = Mapping[str, str]


async def demo(settings: Settings) -> None:
    """Fill an empty database with the demonstration shops; does nothing when they are there."""
    database = Database(settings.database_url)
    try:
        if await fill(database, settings):
            await database.learn_sizes()
    finally:
        await database.close()
    make_pictures(settings)
    await register_accounts(settings)


def welcome(settings: Settings) -> list[str]:
    """What a person at the terminal needs to know: the addresses and the log-ins."""
    home = f"http://localhost:{settings.port}"
    lines = ["", f"  Tavola Romagna  {home}", f"  RachelFoods     http://rachel.localhost:{settings.port}"]
    lines += [f"  Mailbox         {home}/posta", *_bench(settings, home), ""]
    lines += [f"  Sign in at {home}/accedi with the password {PASSWORD}:"]
    for shop in SHOPS:
        lines.append(f"    {shop.facts['name']}")
        lines += [f"      {login.role:<9} {login.email}" for login in shop.logins]
    return [*lines, ""]


def _bench(settings: Settings, home: str) -> list[str]:
    """Where the payment sandbox is told what to do next, if that is what we pay through."""
    return [f"  Test bench      {home}/_stripe/desk"] if settings.stripe.is_sandbox else []


async def fill(database: Database, settings: Settings) -> bool:
    """Write the shops that are not there; whether there were any. One query when they all are."""
    async with database.session(None) as db:
        hosts = set(await db.scalars(select(ShopHost.host)))
    missing = [shop for shop in SHOPS if not hosts.issuperset(shop.hosts)]
    password_hash = await passwords.hashed(PASSWORD) if missing and settings.is_local else None
    for shop in missing:
        await _write(database, shop, password_hash)
        _say(f"{shop.facts['name']}: {len(_table(shop, 'products'))} products")
    return bool(missing)


def make_pictures(settings: Settings) -> int:
    """Make the files of all demonstration pictures that are not in the storage; how many were made."""
    storage = open_storage(settings.storage_url, settings.storage_key_id, settings.storage_secret)
    jobs = [(shop.facts["slug"], stem, _picture(stem)) for shop in SHOPS for stem in _stems(shop)]
    made = 0
    for made, _done in enumerate(images.prepare_many(storage, jobs, processes=min(4, os.cpu_count() or 1)), start=1):
        if made % 20 == 0:
            _say(f"{made} pictures")
    return made


async def register_accounts(settings: Settings) -> None:
    """Open the producers' accounts in the Stripe sandbox, where that is what we pay through."""
    if settings.is_local and settings.stripe.is_sandbox:
        lines = [line for shop in SHOPS for line in _table(shop, "producers")]
        await register(settings, [(line["stripe_account"], line["email"], line["name"]) for line in lines])


async def _write(database: Database, shop: DemoShop, password_hash: str | None) -> None:
    async with database.session(None) as db, transaction(db):
        shop_id = await db.scalar(select(Shop.id).where(Shop.slug == shop.facts["slug"]))
        if shop_id is None:
            hero = {**shop.hero, "image": images.key_of(_picture(shop.hero_picture), shop.hero_picture)}
            features = {"hero": hero, "search_hint": shop.search_hint, "stripe_books": shop.is_default}
            row = Shop(**shop.facts, features=features)
            db.add(row)
            await db.flush()  # what follows is written in its name
            shop_id = row.id
    async with database.session(shop_id) as db:
        if await db.scalar(select(Producer.id).limit(1)) is None:
            async with transaction(db):
                await _furnish(db, shop, password_hash)
    async with database.session(None) as db, transaction(db):
        known = set(await db.scalars(select(ShopHost.host)))
        for host in shop.hosts:
            if host not in known:
                db.add(ShopHost(shop_id=shop_id, host=host, is_default=shop.is_default and host == shop.hosts[0]))


async def _furnish(db: AsyncSession, shop: DemoShop, password_hash: str | None) -> None:
    """Everything inside one shop. Within a transaction."""
    now = clock.now()
    pictures = await _add_pictures(db, shop)
    db.add_all(_producer(line, now) for line in _table(shop, "producers"))
    db.add_all(_category(line, pictures) for line in _table(shop, "categories"))
    _add_zones(db, shop)
    await vat.begin(db, str(shop.facts.get("country", "IT")))
    await db.flush()  # products and people refer to them
    if password_hash is not None:
        await _add_people(db, shop, password_hash, now)
    for batch in formats.batches(Source(_file(shop, "products")), "tavola", Terms()):
        there = await shelves.Shelves.of(db, batch.rows)
        if errors := batch.errors + shelves.judge(batch.rows, there, country="IT"):
            raise ValueError(f"the demonstration data is wrong: {errors[:3]}")
        await writing.apply(db, batch.rows, there)
    await sheets.fill(db, _table(shop, "sheets"), _table(shop, "categories"))
    await _sell_by_weight(db, _table(shop, "weights") if _file(shop, "weights").exists() else [])
    await _ask_deposits(db, _table(shop, "deposits") if _file(shop, "deposits").exists() else [])
    await words.keep(db, _maybe(shop, "tags"), _maybe(shop, "synonyms"))
    offers, searches = (
        [] if not _file(shop, table).exists() else _table(shop, table) for table in ("offers", "searches")
    )
    await months.live_through(db, _table(shop, "producers"), offers, searches)


async def _sell_by_weight(db: AsyncSession, lines: list[Line]) -> None:
    """Goods that are sold by their real weight: their price per kilogram is the one that their price comes to."""
    for line in lines:
        variant = (await db.scalars(select(Variant).where(Variant.sku == line["sku"]))).one()
        variant.weight_tolerance = int(line["tolerance"])
        variant.kg_price_minor = unit_price(variant.price_minor, variant.net_amount, variant.net_unit)[0]


async def _ask_deposits(db: AsyncSession, lines: list[Line]) -> None:
    """Pieces that are ordered with a deposit."""
    for line in lines:
        of_sku = select(Product).join(Variant, Variant.product_id == Product.id).where(Variant.sku == line["sku"])
        (await db.scalars(of_sku)).one().deposit_percent = int(line["percent"])


def _stems(shop: DemoShop) -> list[str]:
    """The pictures that a shop shows, in a steady order."""
    used = [line["image"] for table in ("products", "categories") for line in _table(shop, table)]
    return list(dict.fromkeys([shop.hero_picture, *filter(None, used)]))


async def _add_pictures(db: AsyncSession, shop: DemoShop) -> dict[str, int]:
    """The rows of the shop's pictures, by file stem."""
    index = {line["file"].removesuffix(".jpg"): line for line in _read(HERE / "images" / "index.csv")}
    rows = {}
    for stem in _stems(shop):
        line = index[stem]
        rows[stem] = Image(
            key=images.key_of(_picture(stem), stem),
            width=int(line["width"]),
            height=int(line["height"]),
            alt=_texts(line, "alt"),
            color=TINTS[line["tint"]],
        )
    db.add_all(rows.values())
    await db.flush()  # categories and products refer to them
    return {stem: row.id for stem, row in rows.items()}


def _producer(line: Line, now: datetime) -> Producer:
    return Producer(
        slug=line["slug"],
        name=line["name"],
        story=_texts(line, "story"),
        street=line["address"],
        city=line["comune"],
        province=line["provincia"],
        postal_code=line["cap"],
        email=line["email"],
        phone=line["phone"],
        founded=int(line["founded"]),
        legal={
            "company": f"{line['name']} {line['legal_form']}",
            "form": line["legal_form"],
            "vat_number": line["demo_partita_iva"],
            "rea": line["demo_rea"],
            "pec": line["demo_pec"],
            "sdi": line["demo_sdi"],
            "regime": line["vat_regime_note"],
            "invoice_mandate": now.date().isoformat(),
            "health_mark": line["health_mark"],
            "is_small": True,
        },
        pickup=line["pickup"] == "yes",
        stripe_account=line["stripe_account"],
        created_at=now,
    )


def _category(line: Line, pictures: Mapping[str, int]) -> Category:
    return Category(
        slug=line["slug"],
        group=line["group"],
        name=_texts(line, "name"),
        intro=_texts(line, "intro"),
        position=int(line["position"]),
        product_class=line["class"],
        image_id=pictures.get(line["image"]),
    )


def _add_zones(db: AsyncSession, shop: DemoShop) -> None:
    ranges = list(_table(shop, "zone_ranges"))
    for line in _table(shop, "zones"):
        zone = Zone(
            code=line["code"],
            name=_texts(line, "name"),
            carrier=_texts(line, "carrier"),
            cold_chain=_texts(line, "cold_chain"),
            departures=[int(day) for day in line["departures"].split()],
            lead_days_min=int(line["lead_days_min"]),
            lead_days_max=int(line["lead_days_max"]),
            fee_minor=int(line["fee_minor"]),
            free_over_minor=int(line["free_over_minor"]) if line["free_over_minor"] else None,
            fresh_ok=line["fresh_ok"] == "1",
            alcohol_ok=line["alcohol_ok"] == "1",
            is_served=line["is_served"] == "1",
        )
        zone.ranges = [_range(found) for found in ranges if found["zone"] == line["code"]]
        db.add(zone)


def _range(line: Line) -> ZoneRange:
    last = line["last"].replace("~", END_OF_CODES)
    return ZoneRange(country=line["country"], first=line["first"], last=last, priority=int(line["priority"]))


async def _add_people(db: AsyncSession, shop: DemoShop, password_hash: str, now: datetime) -> None:
    desks = dict((await db.execute(select(Producer.slug, Producer.id))).all())
    for login in shop.logins:
        user = User(
            email=login.email,
            name=login.name,
            role=login.role,
            locale=shop.facts["locales"][0],
            password_hash=password_hash,
            created_at=now,
            verified_at=now,
        )
        db.add(user)
        await db.flush()  # the desk refers to the person
        if login.producer:
            db.add(ProducerMember(producer_id=desks[login.producer], user_id=user.id, role="owner"))


def _file(shop: DemoShop, table: str) -> Path:
    return HERE / "data" / shop.folder / f"{table}.csv"


def _table(shop: DemoShop, table: str) -> list[Line]:
    return list(_read(_file(shop, table)))


def _maybe(shop: DemoShop, table: str) -> list[Line]:
    """Nothing where a shop does without."""
    return _table(shop, table) if _file(shop, table).exists() else []


def _read(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _picture(stem: str) -> bytes:
    return (HERE / "images" / f"{stem}.jpg").read_bytes()


def _texts(line: Line, stem: str) -> dict[str, str]:
    return {locale: line[f"{stem}_{locale}"] for locale in LOCALES if line.get(f"{stem}_{locale}")}


def _say(line: str) -> None:
    print(f"  demo: {line}", flush=True)  # noqa: T201  (the person at the terminal waits for it)
