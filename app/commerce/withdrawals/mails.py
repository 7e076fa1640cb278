"""Mails about withdrawals, each in its reader's language. Within a transaction; each is written once."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import buying
from app.commerce.credit.models import CreditPurchase
from app.commerce.orders import links
from app.commerce.orders import queries as orders
from app.commerce.orders.mails import Office
from app.commerce.orders.models import OrderGroup
from app.commerce.withdrawals import purchases, queries, views, wording
from app.kernel import clock
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing


def path(number: str, key: str, rest: str = "") -> str:
    """Where an order is withdrawn from. key: of the order's private link, or "". rest: e.g. the statement's key."""
    return f"/ordini/{number}/recesso" + (f"/{rest}" if rest else "") + (f"?chiave={key}" if key else "")


async def acknowledge(db: AsyncSession, office: Office, statement_id: int) -> None:
    """The acknowledgement on a durable medium: the whole statement, with date and time (art. 54-bis).

    To the address that the statement names; where that is not the order's, the order's gets a copy.
    """
    row = await queries.statement_by_id(db, statement_id)
    group = await orders.with_orders(db, row.group_id)
    if row.submitted_at is None:
        return
    with writing(office.shop, row.locale):
        moment = wording.moment(row.submitted_at, office.shop.time_zone)
        recipients = [row.email] + ([group.email] if group.email.lower() != row.email.lower() else [])
        for place, recipient in enumerate(recipients):
            await _write(
                db,
                office,
                group,
                "acknowledgement",
                reference=f"{group.number}:{row.id}" + (f":{place}" if place else ""),
                recipient=recipient,
                locale=row.locale,
                subject=_("Recesso ricevuto, ordine %(number)s", number=group.number),
                moment=moment,
                statement=row.text.splitlines(),
                withdrawals=[views.withdrawal_view(office.shop, w, group, row) for w in row.withdrawals],
                link=_link(office, group, row.key, row.locale),
            )


async def announce(db: AsyncSession, office: Office, withdrawal_id: int, *, proof: bool = False) -> None:
    """To the producer's own address, and to everybody at his desk. proof: the goods are on their way back."""
    row = await queries.by_id(db, withdrawal_id)
    group = row.order.group
    readers = await orders.readers_at(db, [row.producer_id])
    for reader in readers.get(row.producer_id, []):
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        with writing(office.shop, locale):
            fresh = _("Recesso dall’ordine %(number)s", number=row.order.number)
            coming = _("I prodotti dell’ordine %(number)s tornano da te", number=row.order.number)
            await _write(
                db,
                office,
                group,
                "desk",
                reference=f"{row.number}:{reader.user_id or 0}" + (":proof" if proof else ""),
                recipient=reader.email,
                locale=locale,
                subject=coming if proof else fresh,
                withdrawal=views.withdrawal_view(office.shop, row, group, row.statement),
                link=address(office.settings, office.shop, f"/banco/recessi/{row.number}", locale),
            )


async def tell_refused(db: AsyncSession, office: Office, withdrawal_id: int) -> None:
    """Why the producer says no, and where to turn."""
    row = await queries.by_id(db, withdrawal_id)
    group, locale = row.order.group, row.statement.locale
    with writing(office.shop, locale):
        await _write(
            db,
            office,
            group,
            "refused",
            reference=row.number,
            recipient=row.statement.email,
            locale=locale,
            subject=_("Recesso non accettato, ordine %(number)s", number=row.order.number),
            withdrawal=views.withdrawal_view(office.shop, row, group, row.statement),
            help=address(office.settings, office.shop, "/reclami", locale),
            link=_link(office, group, row.statement.key, locale),
        )


async def send_link(db: AsyncSession, office: Office, group_id: int) -> None:
    """The way to withdraw for a guest who gave number and address; one an hour at most."""
    group = await orders.with_orders(db, group_id)
    with writing(office.shop, group.locale):
        await _write(
            db,
            office,
            group,
            "link",
            reference=f"{group.number}:{clock.now():%Y%m%d%H}",
            recipient=group.email,
            locale=group.locale,
            subject=_("Recedere dall’ordine %(number)s", number=group.number),
            number=group.number,
            link=_link(office, group, "", group.locale),
        )


async def send_purchase_link(db: AsyncSession, office: Office, purchase_id: int) -> None:
    """The same for who bought a gift card or a top-up."""
    purchase = await db.get_one(CreditPurchase, purchase_id)
    key = buying.token(office.settings.secret_key, purchase)
    with writing(office.shop, purchase.locale):
        await mail.write_page(
            db,
            office.shop,
            "withdrawal_link",
            kind="withdrawal.link",
            reference=f"{purchase.number}:{clock.now():%Y%m%d%H}",
            recipient=purchase.email,
            locale=purchase.locale,
            subject=_("Recedere dall’acquisto %(number)s", number=purchase.number),
            number=purchase.number,
            link=address(office.settings, office.shop, purchases.path(purchase.number, key), purchase.locale),
        )


def _link(office: Office, group: OrderGroup, statement_key: str, locale: str) -> str:
    key = links.token(office.settings.secret_key, group)
    return address(office.settings, office.shop, path(group.number, key, statement_key), locale)


async def _write(
    db: AsyncSession,
    office: Office,
    group: OrderGroup,
    kind: str,
    *,
    reference: str,
    recipient: str,
    locale: str,
    subject: str,
    **context: Any,
) -> None:
    """kind: of mail/withdrawal_<kind>.html and .txt. Inside `writing`."""
    await mail.write_page(
        db,
        office.shop,
        f"withdrawal_{kind}",
        kind=f"withdrawal.{kind}",
        reference=reference,
        recipient=recipient,
        locale=locale,
        subject=subject,
        group_id=group.id,
        **context,
    )
