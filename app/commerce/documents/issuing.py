"""Documents are made: the invoice of an order whose buyer asked for one, credit notes, the month's commission.

An invoice is made when the order is paid, or its deposit, which is when the tax falls due (art. 6 DPR 633/72), in the
producer's name and by his written order (art. 21, c. 2, lett. n). Each document is made once for what it is for,
however often asked; what cannot be made yet waits until its data are there (waiting.py). Documents speak Italian.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents import advances, building, parties, queries, sending, series
from app.commerce.documents.building import Given, NoReason
from app.commerce.documents.content import NO_LINE, Content, Line, Mention, Party, Total, frozen, thawed
from app.commerce.documents.models import Document
from app.commerce.orders.deposit_views import DEPOSITED
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.refunds.models import Refund, RefundPart
from app.kernel import clock, formats
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.producers import tax
from app.producers.models import Producer

log = structlog.get_logger()
ITALIAN = "it"
DEPOSIT = "TD02"  # acconto o anticipo su fattura


async def when_paid(db: AsyncSession, group: OrderGroup) -> None:
    """Within the transaction that fulfils a payment."""
    if group.invoice.get("kind"):
        add_job(db, "documents.invoice_group", group_id=group.id)


async def when_taken_on(db: AsyncSession, group: OrderGroup) -> None:
    """Within the transaction that takes an order on: a deposit that has been paid is invoiced by itself."""
    if group.deposit_minor and group.paid_at is None:
        await when_paid(db, group)


async def when_called_off(db: AsyncSession, group: OrderGroup) -> None:
    """Within the transaction that ends a group before it was paid whole."""
    if group.deposit_minor and group.authorized_at is not None and group.invoice.get("kind"):
        add_job(db, "documents.credit_deposits", group_id=group.id)


async def when_refunded(db: AsyncSession, _shop: ShopFacts, refund: Refund) -> None:
    """Within the transaction that decides a refund; its parts are loaded."""
    for part in refund.parts:
        add_job(db, "documents.credit_refund", part_id=part.id)


async def invoice(db: AsyncSession, shop: ShopFacts, order_id: int) -> Document | None:
    """The invoice of a paid order whose buyer wants one; None while it cannot or need not be made.

    Where a deposit was paid, that has an invoice of its own, which the order's takes off. Within a transaction, which
    locks the order.
    """
    order = await queries.locked_order(db, order_id)
    if order is None or not order.group.invoice.get("kind"):
        return None
    paid_at = order.group.paid_at
    if paid_at is None and order.group.state != DEPOSITED:
        return None
    if (known := await queries.invoice_of(db, order_id)) is not None:
        return known
    producer = await queries.producer(db, order.producer_id)
    seller = parties.seller(producer)
    if order.state in queries.NOTHING_LEFT or tax.missing(producer) or seller.regime == tax.EXEMPT:
        return None
    try:
        advance = await _deposit(db, shop, order, seller)
        if paid_at is None:
            return advance
        content = _sale(shop, order, seller, paid_at, advance)
    except NoReason:
        log.warning("documents.no_reason_for_no_vat", order=order_id)
        return None
    return await _make(
        db, shop, content, "invoice", f"order:{order.id}", _day(shop, paid_at),
        producer_id=producer.id, order_id=order.id,
    )  # fmt: skip


async def _deposit(db: AsyncSession, shop: ShopFacts, order: Order, seller: Party) -> Document | None:
    """The invoice of an order's deposit (TD02); None where there is none."""
    paid_at = order.group.authorized_at
    if not order.group.deposit_minor or paid_at is None:
        return None
    if (known := await queries.deposit_invoice_of(db, order.id)) is not None:
        return known
    lines, totals = building.of_deposit(order, seller, locale=ITALIAN)
    content = _written(shop, order, seller, lines, totals, f"acconto pagato il {_said(shop, paid_at)}")
    return await _make(
        db, shop, replace(content, type=DEPOSIT), "deposit_invoice", f"deposit:{order.id}", _day(shop, paid_at),
        producer_id=order.producer_id, order_id=order.id,
    )  # fmt: skip


async def credit_deposit(db: AsyncSession, shop: ShopFacts, order_id: int) -> Document | None:
    """The credit note over the deposit of an order that was called off (art. 26 DPR 633/72).

    None where its deposit was not invoiced, or it goes on. Within a transaction, which locks the order.
    """
    order = await queries.locked_order(db, order_id)
    if order is None or order.group.paid_at is not None or order.group.cancelled_at is None:
        return None
    original = await queries.deposit_invoice_of(db, order_id)
    if original is None:
        return None
    given = [Given(line.position, line.gross_minor) for line in thawed(original.body).lines]
    reference = f"deposit_back:{order.id}"
    return await _credit(db, shop, original, given, reference=reference, at=order.group.cancelled_at)


def _day(shop: ShopFacts, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(shop.time_zone)).date()


def _said(shop: ShopFacts, moment: datetime) -> str:
    return formats.date(_day(shop, moment), ITALIAN)


def obstacles(order: Order, missing: Sequence[str]) -> list[str]:
    """Why an order's invoice is not made yet, in words. missing: what the producer has not told (tax.missing)."""
    if missing:
        return list(missing)
    if any(not Decimal(row["rate"]) for row in order.vat):
        return [_("il motivo per cui un prodotto è senza IVA: il tuo regime non lo dice")]
    return []


def _sale(shop: ShopFacts, order: Order, seller: Party, paid_at: datetime, advance: Document | None) -> Content:
    lines, totals = building.of_order(order, seller, delivery_word="Consegna", locale=ITALIAN)
    mention = None
    if advance is not None:
        mention, day = Mention(advance.number, advance.date), formats.date(advance.date, ITALIAN)
        lines, totals = advances.taken_off(lines, totals, thawed(advance.body), mention, day)
    content = _written(shop, order, seller, lines, totals, f"pagato il {_said(shop, paid_at)}")
    return replace(content, by_shop_minor=order.shop_funded_minor, advance=mention)


def _written(
    shop: ShopFacts, order: Order, seller: Party, lines: Sequence[Line], totals: Sequence[Total], paid: str
) -> Content:
    """paid: when, in words."""
    stamp = building.stamp_of(totals)
    return Content(
        type="TD01",
        currency=order.group.currency,
        seller=seller,
        buyer=parties.buyer(order.group),
        lines=lines,
        totals=totals,
        notes=[f"Ordine {order.number} sul negozio {shop.name}, {paid}", *_about(order, shop, totals, stamp)],
        order=Mention(order.number, _day(shop, order.group.placed_at)),
        issuer=parties.issuer(shop.legal),
        paid_by="MP08",
        stamp_minor=stamp,
        locale=order.group.locale,
    )


def _about(order: Order, shop: ShopFacts, totals: Sequence[Total], stamp_minor: int) -> list[str]:
    laws = sorted({total.law for total in totals if total.law})
    said = [f"Operazione senza applicazione dell’IVA: {law}" for law in laws]
    if stamp_minor:
        said.append("Imposta di bollo assolta ai sensi del DM 17/6/2014")
    if order.shop_funded_minor:
        share = formats.money(order.shop_funded_minor, order.group.currency, ITALIAN)
        said.append(f"Di cui {share} pagati da {shop.legal.company} per sconti a proprio carico")
    return said


async def credit_refund(db: AsyncSession, shop: ShopFacts, part_id: int) -> Document | None:
    """The credit note that follows a refund's part; None when its order has no invoice. Within a transaction."""
    part = await queries.refund_part(db, part_id)
    if part is None:
        return None
    order = await queries.locked_order(db, part.order_id)
    if order is None:
        return None
    given = _given(order, part)
    if not given:
        return None
    return await credit_note(
        db, shop, order, given, reference=f"refund:{part.id}", at=part.refund.created_at,
        booked={Decimal(row["rate"]): row["vat_minor"] for row in part.vat},
    )  # fmt: skip


def _given(order: Order, part: RefundPart) -> list[Given]:
    """What a refund gives back of each line and of the delivery at each rate, the shop's share of discounts with it."""
    sold = {line.id: line for line in order.lines}
    back = [(sold[line.order_line_id], line.amount_minor + line.shop_funded_minor, line.pieces) for line in part.lines]
    given = [Given(line.position, gross, pieces) for line, gross, pieces in back]
    for row in part.vat:
        goods = sum(gross for line, gross, _pieces in back if Decimal(line.vat_rate) == Decimal(row["rate"]))
        given.append(Given(NO_LINE, row["gross_minor"] - goods, rate=row["rate"]))
    return [each for each in given if each.gross_minor]


async def credit_note(
    db: AsyncSession,
    shop: ShopFacts,
    order: Order,
    parts: Sequence[Given],
    *,
    reference: str,
    at: datetime,
    booked: Mapping[Decimal, int] | None = None,
) -> Document | None:
    """A credit note over parts of an order's invoice; None when it has none. Within a transaction that locks the order.

    reference: what it is for; asking again with it answers with the note that is there. booked: rate → VAT that the
    refund gives back. Raises Inconsistent for more than is left.
    """
    original = await queries.invoice_of(db, order.id)
    if original is None:
        return None
    return await _credit(db, shop, original, parts, reference=reference, at=at, booked=booked)


async def _credit(
    db: AsyncSession,
    shop: ShopFacts,
    original: Document,
    parts: Sequence[Given],
    *,
    reference: str,
    at: datetime,
    booked: Mapping[Decimal, int] | None = None,
) -> Document:
    if (known := await queries.by_reference(db, reference)) is not None:
        return known
    content = building.credit(
        thawed(original.body),
        [thawed(note.body) for note in await queries.credits_of(db, original.id)],
        parts,
        word="Rimborso",
        mention=Mention(original.number, original.date),
        notes=[f"Nota di credito su fattura {original.number} del {formats.date(original.date, ITALIAN)}"],
        booked=booked,
    )
    day = max(at.astimezone(ZoneInfo(shop.time_zone)).date(), original.date)
    return await _make(
        db, shop, content, "credit_note", reference, day,
        producer_id=original.producer_id, order_id=original.order_id, original_id=original.id,
    )  # fmt: skip


async def commission(
    db: AsyncSession, shop: ShopFacts, producer_id: int, month: str, currency: str, net_fees_minor: int
) -> Document | None:
    """The shop's invoice to a producer for a month that is over; a credit note when more was given back than kept.

    None when there is nothing to invoice, or data of either side are missing. Within a transaction.
    """
    reference = fee_reference(producer_id, month, currency)
    if (known := await queries.by_reference(db, reference)) is not None:
        return known
    producer = await queries.producer(db, producer_id)
    seller, customer = parties.the_shop(shop.legal), parties.seller(producer)
    if not net_fees_minor or seller is None or fee_obstacles(shop, producer):
        return None
    first, after = queries.month_of(month)
    named = formats.date(first, ITALIAN, style="MMMM yyyy")
    content = building.commission(
        seller,
        parties.addressed(customer),
        net_fees_minor,
        currency,
        description=f"Commissione sulle vendite di {named} sul negozio {shop.name}",
        notes=["Trattenuta sugli incassi del mese, al netto di quanto restituito con i rimborsi"],
    )
    kind = "commission" if net_fees_minor > 0 else "commission_credit"
    last = after.fromordinal(after.toordinal() - 1)
    return await _make(db, shop, content, kind, reference, last, producer_id=producer_id, period=month)


def fee_reference(producer_id: int, month: str, currency: str) -> str:
    return f"fee:{producer_id}:{month}:{currency}"


def fee_obstacles(shop: ShopFacts, producer: Producer) -> list[str]:
    """Why a commission cannot be invoiced, in words for staff; empty when it can."""
    customer = parties.seller(producer)
    wanted = (
        (parties.the_shop(shop.legal), _("l’indirizzo e la partita IVA del negozio")),
        (customer.vat_number, _("la partita IVA del produttore")),
        (customer.street and customer.postal_code and customer.city, _("l’indirizzo del produttore")),
    )
    return [what for there, what in wanted if not there]


async def _make(
    db: AsyncSession,
    shop: ShopFacts,
    content: Content,
    kind: str,
    reference: str,
    day: date,
    **about: object,
) -> Document:
    """Number it, write it, and get its file ready for the SdI. about: the columns that say what it belongs to."""
    owner = series.THE_SHOP if kind.startswith("commission") else int(str(about["producer_id"]))
    series_id, sequence, number, dated = await series.next_number(db, shop, kind, owner, day)
    document = Document(
        series_id=series_id,
        sequence=sequence,
        number=number,
        date=dated,
        kind=kind,
        state="made",
        reference=reference,
        currency=content.currency,
        net_minor=content.net_minor,
        vat_minor=content.vat_minor,
        total_minor=content.total_minor,
        body=frozen(content),
        made_at=clock.now(),
        **about,
    )
    db.add(document)
    await db.flush()  # its file needs its id
    await sending.prepare(db, shop, document)
    return document
