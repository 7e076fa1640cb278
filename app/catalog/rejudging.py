"""Every night the gate looks again: rules begin on their day, certificates run out. Producers hear what is off sale."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import products
from app.catalog.facts import Missing
from app.catalog.models import Product
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import SOURCE_LOCALE, ngettext
from app.kernel.i18n import gettext as _
from app.producers.models import Producer
from app.system import audit, mail
from app.system.runner import Work
from app.web.addresses import address
from app.web.pages import render, writing

MOST_TOLD = 20  # products in one mail


async def rejudge(work: Work) -> None:
    """Job: judge everything, each producer's goods and the mail about them in one transaction. Twice is harmless."""
    async with work.session() as db:
        producer_ids = list(await db.scalars(select(Producer.id).order_by(Producer.id)))
    for producer_id in producer_ids:
        async with work.session() as db, transaction(db):
            stopped = await _judge(db, producer_id)
            if stopped:
                await _tell(work, db, producer_id, stopped)


async def _judge(db: AsyncSession, producer_id: int) -> Mapping[int, str]:
    """What of a producer's came off sale just now: product id → its name and what it misses first."""
    goods = await db.execute(
        select(Product.id, Product.name, Product.published_at.is_not(None))
        .where(Product.producer_id == producer_id, Product.deleted_at.is_(None))
        .order_by(Product.id)
    )
    before = {id_: (name["it"], bool(is_sold)) for id_, name, is_sold in goods}
    found: dict[int, str] = {}
    for id_, missing in (await products.judge(db, list(before))).items():
        name, was_sold = before[id_]
        if was_sold and missing:
            found[id_] = f"{name}: {missing[0].sentence}"
            _record(db, id_, missing)
    return found


def _record(db: AsyncSession, product_id: int, missing: Sequence[Missing]) -> None:
    audit.record(
        db,
        action="product.stopped",
        entity="product",
        entity_id=product_id,
        actor_id=None,
        actor_role="system",
        before={"published": True},
        after={"published": False, "missing": [f"{each.rule} {each.field}" for each in missing]},
    )


async def _tell(work: Work, db: AsyncSession, producer_id: int, stopped: Mapping[int, str]) -> None:
    producer = await db.get(Producer, producer_id)
    if producer is None:
        return
    shop, lines = work.own_shop, list(stopped.values())
    with writing(shop, SOURCE_LOCALE):
        subject = ngettext("%(num)s prodotto non è più in vendita", "%(num)s prodotti non sono più in vendita",
                           len(lines))  # fmt: skip
        said = [_("Manca qualcosa che la legge vuole detto prima dell’acquisto:"), *lines[:MOST_TOLD]]
        if len(lines) > MOST_TOLD:
            said.append(_("E altri %(num)s.", num=len(lines) - MOST_TOLD))
        said.append(_("Completa la scheda e rimettili in vendita dal tuo banco."))
        link = (_("Apri i tuoi prodotti"), address(work.settings, shop, "/banco/prodotti", SOURCE_LOCALE))
        await mail.write(
            db,
            kind="product.stopped",
            reference=f"{min(stopped)}:{clock.today(shop.time_zone)}",
            recipient=producer.email,
            locale=SOURCE_LOCALE,
            subject=f"{subject} · {shop.name}",
            text="\n\n".join([*said, f"{link[0]}: {link[1]}", shop.name]),
            html=render(
                "mail/account.html", shop=shop, locale=SOURCE_LOCALE, subject=subject, lines=said, link=link,
                withdrawal_url=None,
            ),
        )  # fmt: skip
