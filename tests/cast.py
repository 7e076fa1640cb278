"""The cast and its props: the same people and goods in every test, and a browser without JavaScript to act with."""

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urljoin

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode
from sqlalchemy import select

from app.catalog import index
from app.catalog.models import Category, Product, StockItem, StockMovement, Variant
from app.delivery.models import Zone, ZoneRange
from app.identity.models import User, UserSession
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.producers.models import Certificate, Producer, ProducerMember
from app.shops.models import Shop, ShopHost
from app.web.edge import Edge

_numbers = itertools.count(1)

GOODS = (
    # sku, producer, name, price, vat, net, unit, stock, facts
    ("olio", "frantoio", "Olio extravergine", 1900, "4", 500, "ml", 12, {}),
    ("aceto", "frantoio", "Aceto balsamico", 1250, "10", 250, "ml", 5, {}),
    ("squacquerone", "caseificio", "Squacquerone di Romagna", 490, "4", 300, "g", 20, {"ship_temp": "refrigerato"}),
    ("formaggio", "caseificio", "Formaggio di fossa", 2250, "4", 700, "g", 2, {"ship_temp": "refrigerato"}),
    ("sangiovese", "cantina", "Romagna Sangiovese", 1180, "22", 750, "ml", 40, {"min_age": 18, "alcohol_abv": "13.5"}),
    ("esaurito", "cantina", "Vino esaurito", 990, "22", 750, "ml", 0, {"min_age": 18, "alcohol_abv": "12.0"}),
)
PEOPLE = (
    # email, name, role, producer, producer role
    ("bruno@frantoio.example", "Bruno Olivi", "producer", "frantoio", "owner"),
    ("bice@frantoio.example", "Bice Olivi", "producer", "frantoio", "member"),
    ("carlo@caseificio.example", "Carlo Latte", "producer", "caseificio", "owner"),
    ("enzo@cantina.example", "Enzo Vigna", "producer", "cantina", "owner"),
    ("dora@tavola.example", "Dora Banco", "staff", None, None),
    ("ada@tavola.example", "Ada Capo", "admin", None, None),
    ("anna@posta.example", "Anna Neri", "consumer", None, None),
)


@dataclass
class TestShop:
    """One tenant on the stage. Ids by the short names used in GOODS."""

    __test__ = False

    app: Edge
    database: Database
    id: int
    slug: str
    host: str
    variants: dict[str, int] = field(default_factory=dict)
    stock_items: dict[str, int] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)
    producers: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)

    def browser(self, **headers: str) -> "Browser":
        return Browser(self, headers)

    async def available(self, sku: str) -> int:
        """Pieces that may still be bought."""
        async with self.database.session(self.id) as db:
            item = await db.scalar(select(StockItem).where(StockItem.id == self.stock_items[sku]))
            assert item is not None
            return item.available

    async def reindex(self) -> None:
        """After a test has written products past the verbs: what lists and searches read."""
        async with self.database.session(self.id) as db, transaction(db):
            await index.refresh(db, list(await db.scalars(select(Product.id))))

    async def run_jobs(self) -> int:
        """Do all background work that is due."""
        return int(await self.app.app.state.runner.run_until_idle())  # type: ignore[attr-defined]


class Answer:
    """A response as a person meets it."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status_code = response.status_code
        self.headers = response.headers
        self.text = response.text
        self.url = str(response.url)
        self.html = LexborHTMLParser(response.text)

    def all(self, selector: str) -> list[LexborNode]:
        return self.html.css(selector)

    def one(self, selector: str) -> LexborNode:
        """The one element that matches; fails when there are none or several."""
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} elements match {selector} in {self.text[:2000]}"
        return found[0]

    def says(self, sentence: str) -> bool:
        """Is the sentence on the page, whatever its markup and spacing?"""
        text = " ".join((self.html.body.text(separator=" ") if self.html.body else self.text).split())
        return sentence in text or sentence in self.text


class Browser:
    """A browser with JavaScript off: follows links, fills in forms, keeps cookies. `swap` acts as htmx would."""

    def __init__(self, shop: TestShop, headers: dict[str, str]) -> None:
        self.shop = shop
        self.base = f"http://{shop.host}"
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=shop.app), base_url=self.base, headers=headers, follow_redirects=False
        )
        self.page: Answer | None = None

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def get(self, path: str, **headers: str) -> Answer:
        self.page = Answer(await self.client.get(path, headers=headers))
        return self.page

    async def follow(self, answer: Answer) -> Answer:
        """Where a 303 points to."""
        assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:1500]}"
        return await self.get(urljoin(self.base, answer.headers["location"]))

    async def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> Answer:
        """Send a form as a browser does, from the same site. The answer is not followed."""
        sent = {"Origin": self.base, "Sec-Fetch-Site": "same-origin", **headers}
        self.page = Answer(await self.client.post(path, data=data or {}, headers=sent))
        return self.page

    async def swap(self, path: str, data: dict[str, Any] | None = None, target: str = "main") -> Answer:
        """Send a form as htmx does."""
        return await self.post(
            path, data, **{"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": f"div#{target}"}
        )

    async def send(self, selector: str, **values: Any) -> Answer:
        """Fill in and send a form of the present page, with its hidden and preset fields."""
        assert self.page is not None
        form = self.page.one(selector)
        data: dict[str, Any] = {}
        for control in form.css("input, select, textarea"):
            name, kind = control.attributes.get("name"), control.attributes.get("type")
            if not name or (kind in {"checkbox", "radio"} and "checked" not in control.attributes):
                continue
            if control.tag == "select":
                chosen = control.css_first("option[selected]") or control.css_first("option")
                data[name] = (chosen.attributes.get("value") or "") if chosen else ""
            elif control.tag == "textarea":
                data[name] = control.text()
            else:
                data[name] = control.attributes.get("value") or ""
        return await self.post(form.attributes["action"] or "", {**data, **values})

    async def sign_in(self, email: str) -> None:
        """Be signed in as one of PEOPLE, past the log-in page (which has tests of its own)."""
        token = ids.token()
        async with self.shop.database.session(self.shop.id) as db, transaction(db):
            user = await db.scalar(select(User).where(User.email == email))
            assert user is not None
            now = clock.now()
            db.add(
                UserSession(
                    user_id=user.id,
                    token_hash=ids.token_hash(token),
                    device="test",
                    created_at=now,
                    seen_at=now,
                    expires_at=now + timedelta(days=1),
                    idle_minutes=None,
                )
            )
        self.client.cookies.set("session", token, domain=self.shop.host)


async def make_shop(app: Edge, database: Database) -> TestShop:
    """A new tenant with its cast, goods and zones."""
    number = next(_numbers)
    slug = f"prova{number}-{ids.token()[:6].lower().replace('_', 'x').replace('-', 'x')}"
    host = f"{slug}.test"
    async with database.session(None) as db, transaction(db):
        row = Shop(
            slug=slug,
            name="Tavola Prova",
            tagline={"it": "Dai produttori, a casa sua"},
            theme="tavola",
            locales=["it", "en", "de", "fr"],
            currency="EUR",
            order_prefix="TP",
            legal={"company": "Tavola Prova soc. coop.", "vat_number": "99999019997", "rea": "FC-900000"},
            features={},
        )
        db.add(row)
        await db.flush()
        db.add(ShopHost(shop_id=row.id, host=host))
    shop = TestShop(app, database, row.id, slug, host)
    app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    async with database.session(shop.id) as db, transaction(db):
        await _add_producers(db, shop)
        await _add_goods(db, shop)
        await index.refresh(db, shop.products.values())
        await _add_zones(db)
    return shop


async def _add_producers(db: Any, shop: TestShop) -> None:
    now = clock.now()
    for slug, name, city, province, cap in (
        ("frantoio", "Frantoio Olivi", "Brisighella", "RA", "48013"),
        ("caseificio", "Caseificio Latte", "Cesena", "FC", "47521"),
        ("cantina", "Cantina Vigna", "Bertinoro", "FC", "47032"),
    ):
        producer = Producer(
            slug=slug,
            name=name,
            story={"it": f"{name}, da sempre."},
            street="Via Roma 1",
            city=city,
            province=province,
            postal_code=cap,
            email=f"info@{slug}.example",
            phone="+390541555010",
            founded=1960,
            legal={"company": f"{name} s.a.", "vat_number": "99999019997", "rea": "FC-900001", "is_small": True},
            pickup=slug == "frantoio",
            stripe_account=f"acct_test_{shop.id}_{slug}",
            created_at=now,
        )
        db.add(producer)
        await db.flush()
        shop.producers[slug] = producer.id
        if slug == "caseificio":
            db.add(_certificate(producer.id))
    for email, name, role, producer_slug, producer_role in PEOPLE:
        user = User(email=email, name=name, role=role, locale="it", created_at=now, verified_at=now)
        db.add(user)
        await db.flush()
        shop.users[email] = user.id
        if producer_slug:
            db.add(ProducerMember(producer_id=shop.producers[producer_slug], user_id=user.id, role=producer_role))


def _certificate(producer_id: int) -> Certificate:
    """The dairy may call its squacquerone DOP."""
    return Certificate(
        producer_id=producer_id,
        designation="Squacquerone di Romagna",
        mark="DOP",
        body="Organismo di prova",
        number="1",
        valid_until=date(2099, 12, 31),
    )


async def _add_goods(db: Any, shop: TestShop) -> None:
    now = clock.now()
    category = Category(slug="dispensa", group="dispensa", name={"it": "Dispensa"}, intro={"it": ""}, position=1)
    db.add(category)
    await db.flush()
    for position, (sku, producer, name, price, vat, net, unit, stock, facts) in enumerate(GOODS):
        item = StockItem(on_hand=stock, reserved=0, low_at=3)
        product = Product(
            slug=sku,
            producer_id=shop.producers[producer],
            category_id=category.id,
            name={"it": name, "en": f"{name} (en)"},
            sort_name=name.lower(),
            description={"it": f"{name}, buono."},
            designation="DOP" if sku == "squacquerone" else None,
            food={**_label(name), "ship_temp": "ambiente", "withdrawal": "", **facts},
            search_text=f"{name.lower()} {producer} dispensa",
            published_at=now,
            is_complete=True,
            created_at=now,
            updated_at=now,
        )
        db.add_all([item, product])
        await db.flush()
        if stock:
            db.add(
                StockMovement(
                    stock_item_id=item.id, kind="initial", on_hand_change=stock, reserved_change=0, reference="", at=now
                )
            )
        variant = Variant(
            product_id=product.id,
            stock_item_id=item.id,
            sku=sku.upper(),
            position=position,
            format={"it": "confezione"},
            net_amount=net,
            net_unit=unit,
            weight_g=net,
            price_minor=price,
            vat_rate=vat,
        )
        db.add(variant)
        await db.flush()
        shop.products[sku], shop.variants[sku], shop.stock_items[sku] = product.id, variant.id, item.id
        shop.slugs[sku] = product.slug


def _label(name: str) -> dict[str, Any]:
    """What the gate wants said of a food before it is sold (app/catalog/gate.py)."""
    texts = {"ingredients": name.lower(), "storage": "Al fresco", "origin": "Italia"}
    said = {particular: {"it": text} for particular, text in texts.items()}
    return {"allergens": [], "date_type": "nessuna", **said}


async def _add_zones(db: Any) -> None:
    """Z1 Romagna; Z4 the rest of Italy; Z5 islands (nothing fresh); Z8 Germany (no fresh, no alcohol)."""
    for code, fee, free, fresh, alcohol, ranges in (
        ("Z1", 590, 4900, True, True, [("IT", "47000", "48999", 5)]),
        ("Z4", 990, 7900, True, True, [("IT", "", "zzzzzzzzzz", 0)]),
        ("Z5", 1490, 9900, False, True, [("IT", "90000", "98999", 5)]),
        ("Z8", 2490, 14900, False, False, [("DE", "", "zzzzzzzzzz", 0)]),
    ):
        text = {"it": code}
        zone = Zone(
            code=code,
            name=text,
            carrier=text,
            cold_chain=text,
            departures=[0, 1, 2, 3, 4],
            lead_days_min=1,
            lead_days_max=2,
            fee_minor=fee,
            free_over_minor=free,
            fresh_ok=fresh,
            alcohol_ok=alcohol,
            is_served=True,
        )
        db.add(zone)
        await db.flush()
        for country, first, last, priority in ranges:
            db.add(ZoneRange(zone_id=zone.id, country=country, first=first, last=last, priority=priority))
