"""Mails about refunds, each in its reader's language. Within a transaction; written once, however often a job runs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import links
from app.commerce.orders import queries as orders
from app.commerce.orders.mails import Office
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import refusals
from app.commerce.payments.models import Payment
from app.commerce.refunds import queries, views
from app.kernel import formats
from app.kernel.i18n import LOCALES, current_locale
from app.kernel.i18n import gettext as _
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing


async def tell_buyer(db: AsyncSession, office: Office, refund_id: int) -> None:
    """What goes back, how much, where, and when it gets there."""
    await _to_buyer(db, office, refund_id, "refund.decided")


async def tell_rerouted(db: AsyncSession, office: Office, refund_id: int) -> None:
    """The card would not take it: it goes another way now."""
    await _to_buyer(db, office, refund_id, "refund.rerouted")


async def tell_producers(db: AsyncSession, office: Office, refund_id: int) -> None:
    """Each producer at whose cost it is: what of his order goes back, and what that does to his earnings."""
    refund = await queries.with_parts(db, refund_id)
    group = await orders.with_orders(db, refund.group_id)
    known = {order.id: order for order in group.orders}
    readers = await orders.readers_at(db, [part.producer_id for part in refund.parts])
    for part in refund.parts:
        order = known[part.order_id]
        for reader in readers.get(part.producer_id, []):
            locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
            with writing(office.shop, locale):
                await _write(
                    db,
                    office,
                    "refund_producer",
                    kind="refund.producer",
                    reference=f"{refund.number}:{order.number}:{reader.user_id or 0}",
                    recipient=reader.email,
                    locale=locale,
                    group_id=group.id,
                    subject=_("Rimborso sull’ordine %(number)s", number=order.number),
                    context={
                        "refund": views.refund_view(refund, known),
                        "part": views.part_view(part, order),
                        "has_ended": order.state in {"cancelled", "refunded"},
                        "link": address(office.settings, office.shop, f"/banco/ordini/{order.number}", locale),
                    },
                )


async def tell_staff(db: AsyncSession, office: Office, refund_id: int) -> None:
    """A refund has failed: somebody must decide."""
    refund = await queries.with_parts(db, refund_id)
    recipient, locale = office.shop.legal.email, office.shop.locales[0]
    if not recipient:
        return
    with writing(office.shop, locale):
        await _write(
            db,
            office,
            "refund_failed",
            kind="refund.failed",
            reference=f"{refund.number}:{refund.stripe_id or refund.failed_at}"[:120],
            recipient=recipient,
            locale=locale,
            group_id=refund.group_id,
            subject=_("Un rimborso non è riuscito: %(number)s", number=refund.number),
            context={
                "refund": views.refund_view(refund, {}),
                "why": refusals.sentence(refund.failure),
                "link": address(office.settings, office.shop, f"/amministrazione/rimborsi/{refund.number}", locale),
            },
        )


async def tell_paid_twice(db: AsyncSession, office: Office, payment_id: int) -> None:
    """A second payment for the same order goes back whole."""
    payment = await db.get_one(Payment, payment_id)
    group = await orders.with_orders(db, payment.group_id)
    with writing(office.shop, group.locale):
        amount = formats.money(payment.amount_minor, payment.currency, current_locale())
        await _write(
            db,
            office,
            "refund_twice",
            kind="refund.paid_twice",
            reference=f"{group.number}:{payment.id}",
            recipient=group.email,
            locale=group.locale,
            group_id=group.id,
            subject=_("Ti restituiamo il secondo pagamento di %(number)s", number=group.number),
            context={"amount": amount, "link": _link(office, group)},
        )


async def _to_buyer(db: AsyncSession, office: Office, refund_id: int, kind: str) -> None:
    refund = await queries.with_parts(db, refund_id)
    group = await orders.with_orders(db, refund.group_id)
    with writing(office.shop, group.locale):
        amount = formats.money(refund.shown_minor, refund.currency, current_locale())
        subject = (
            _("Ti restituiamo %(amount)s per l’ordine %(number)s", amount=amount, number=group.number)
            if refund.shown_minor
            else _("È cambiato qualcosa nell’ordine %(number)s", number=group.number)
        )
        await _write(
            db,
            office,
            "refund_buyer",
            kind=kind,
            reference=refund.number,
            recipient=group.email,
            locale=group.locale,
            group_id=group.id,
            subject=subject,
            context={
                "refund": views.refund_view(refund, {order.id: order for order in group.orders}),
                "is_rerouted": kind == "refund.rerouted",
                "link": _link(office, group),
            },
        )


def _link(office: Office, group: OrderGroup) -> str:
    key = links.token(office.settings.secret_key, group)
    return address(office.settings, office.shop, f"/ordini/{group.number}?chiave={key}", group.locale)


async def _write(  # noqa: PLR0913  (a mail has that many parts)
    db: AsyncSession,
    office: Office,
    template: str,
    *,
    kind: str,
    reference: str,
    recipient: str,
    locale: str,
    group_id: int,
    subject: str,
    context: Mapping[str, Any],
) -> None:
    """template: of mail/<template>.html and .txt. Inside `writing`."""
    await mail.write_page(
        db,
        office.shop,
        template,
        kind=kind,
        reference=reference,
        recipient=recipient,
        locale=locale,
        subject=subject,
        group_id=group_id,
        **context,
    )
