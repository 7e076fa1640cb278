"""Tell a producer that something runs short: once for each time it falls to its mark, however often jobs run."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import packs
from app.catalog.models import Product, StockItem, StockMovement, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import SOURCE_LOCALE, ngettext
from app.kernel.i18n import gettext as _
from app.producers.models import Producer
from app.system import live, mail
from app.system.runner import Work
from app.web.addresses import address
from app.web.pages import render, writing

LOOKED_BACK = 1000  # movements; older falls count as one


async def warn_low_stock(work: Work, variant_id: int) -> None:
    """Job: a mail to the producer and a hint to the open desk, if the stock is (still) at the mark or below."""
    async with work.session() as db, transaction(db):
        row = (
            await db.execute(
                select(Variant, Product, StockItem, Producer)
                .join(Product, Product.id == Variant.product_id)
                .join(StockItem, StockItem.id == Variant.stock_item_id)
                .join(Producer, Producer.id == Product.producer_id)
                .where(Variant.id == variant_id)
            )
        ).first()
        if row is None:
            return
        variant, product, item, producer = row
        if item.available > item.low_at:
            return
        reference = f"{item.id}:{await _fall(db, item)}"
        with writing(work.own_shop, SOURCE_LOCALE):
            format_ = packs.name_of(variant)
        name = f"{product.name['it']}, {format_}"
        if await _write(work, db, (name, item.available), producer.email, reference):
            await live.tell(db, f"producer:{producer.id}", "stock-low", sku=variant.sku)


async def _fall(db: AsyncSession, item: StockItem) -> int:
    """The movement with which the stock last came down to its mark; 0 if that is too long ago to tell."""
    moved = await db.execute(
        select(StockMovement.id, StockMovement.on_hand_change - StockMovement.reserved_change)
        .where(StockMovement.stock_item_id == item.id)
        .order_by(StockMovement.id.desc())
        .limit(LOOKED_BACK)
    )
    available = item.available
    for movement_id, change in moved:
        if available - change > item.low_at:
            return int(movement_id)
        available -= change
    return 0


async def _write(work: Work, db: AsyncSession, short: tuple[str, int], recipient: str, reference: str) -> bool:
    """The mail about something short (its name, pieces left); False if this fall has been told already."""
    started, shop = clock.now(), work.own_shop
    with writing(shop, SOURCE_LOCALE):
        name, left = short
        subject = _("Sta finendo: %(name)s", name=name)
        lines = [
            ngettext("Ne resta %(num)s pezzo da vendere.", "Ne restano %(num)s pezzi da vendere.", left),
            _("Quando ne hai altri, aggiorna il magazzino: così chi compra lo sa."),
        ]
        link = (_("Apri il magazzino"), address(work.settings, shop, "/banco/magazzino", SOURCE_LOCALE))
        letter = await mail.write(
            db,
            kind="stock.low",
            reference=reference,
            recipient=recipient,
            locale=SOURCE_LOCALE,
            subject=f"{subject} · {shop.name}",
            text="\n\n".join([*lines, f"{link[0]}: {link[1]}", shop.name]),
            html=render(
                "mail/account.html", shop=shop, locale=SOURCE_LOCALE, subject=subject, lines=lines, link=link,
                withdrawal_url=None,
            ),
        )  # fmt: skip
    return letter.created_at >= started
