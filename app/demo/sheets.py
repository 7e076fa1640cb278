"""What the law wants said of the demonstration's goods, from sheets.csv and categories.csv; then the gate judges them.

The certificates are invented like their producers: each has one for every mark that its goods bear.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import designations, products
from app.catalog.models import Category, Product
from app.catalog.particulars import NUTRIENTS
from app.kernel import clock
from app.producers.models import Certificate

Line = Mapping[str, str]
BODY = "Organismo di controllo dimostrativo"
COLUMNS = ("product_class", "slug", "origins", *NUTRIENTS)  # the others are particulars, as they are


async def fill(db: AsyncSession, sheets: Iterable[Line], categories: Iterable[Line]) -> None:
    """Complete every product's sheet and sell what passes the gate. Within a transaction."""
    by_slug = {line["slug"]: line for line in sheets}
    packed = {line["slug"]: _packaging(line["packaging"]) for line in categories}
    goods = (await db.execute(select(Product, Category).join(Category, Category.id == Product.category_id))).all()
    certified: set[tuple[int, str, str]] = set()
    for product, category in goods:
        line = by_slug.get(product.slug, {})
        product.product_class = line.get("product_class") or None
        product.packaging = packed[category.slug]
        product.food = {**product.food, **_particulars(line)}
        own = product.product_class or category.product_class
        certified |= {(product.producer_id, *each) for each in _marks(product, own)}
    until = date(clock.now().year + 1, 12, 31)
    for number, (producer_id, name, mark) in enumerate(sorted(certified), start=1):
        db.add(
            Certificate(
                producer_id=producer_id,
                designation=name,
                mark=mark,
                body=BODY,
                number=f"DEMO-{number:03}",
                valid_until=until,
            )
        )
    now = clock.now()
    ids = [product.id for product, _category in goods]
    await products.judge(db, ids, publish=dict.fromkeys(ids, now))


def _packaging(text: str) -> list[dict[str, str]]:
    """ "bottiglia:GL 71|tappo:FOR 51" as parts and codes."""
    pairs = (pair.partition(":") for pair in text.split("|") if pair)
    return [{"part": part, "code": code} for part, _colon, code in pairs]


def _particulars(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = {name: value for name, value in line.items() if value and name not in COLUMNS}
    if line.get("origins"):
        said["origins"] = [line["origins"].rsplit(" ", 1)]
    if line.get("kj"):
        said["nutrition"] = {key: line[key] for key in NUTRIENTS}
    return said


def _marks(product: Product, product_class: str) -> Iterable[tuple[str, str]]:
    """(designation, mark) that a product bears."""
    if product.designation not in designations.EUROPEAN:
        return []
    meant = product.food.get("designation_name")
    if meant:
        return [(meant, product.designation)]
    named = designations.named_in(product.name["it"], product_class)
    return [(each.name, each.mark) for each in named if each.mark == product.designation]
