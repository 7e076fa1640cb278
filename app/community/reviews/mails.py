"""Mails to buyers about reviews, each in its reader's language. Within a transaction; written once."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import links
from app.commerce.orders.mails import Office
from app.commerce.orders.models import OrderGroup
from app.community.reviews import queries, views
from app.kernel.i18n import gettext as _
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing


def path(number: str, line_id: int, key: str, deed: str = "") -> str:
    """Where the review of an order line is written. key: of the order's private link, or "". deed: e.g. "/ritiro"."""
    return f"/ordini/{number}/recensioni/{line_id}{deed}" + (f"?chiave={key}" if key else "")


async def invite(db: AsyncSession, office: Office, order_id: int) -> None:
    """What was it like? Once per order."""
    asked = await queries.invitation(db, order_id)
    group, seller = asked.group, str(asked.order.producer.get("name", ""))
    if not asked.lines:
        return
    with writing(office.shop, group.locale):
        await _write(
            db,
            office,
            group,
            "invitation",
            reference=asked.order.number,
            subject=_("Com’era quello che ti ha mandato %(name)s?", name=seller),
            seller=seller,
            lines=[(name, _link(office, group, line_id)) for line_id, name in asked.lines],
            how=address(office.settings, office.shop, "/recensioni/come-funzionano", group.locale),
            silence=_silence(office, group),
        )


async def tell_refused(db: AsyncSession, office: Office, review_id: int, revision: int) -> None:
    """Why a review is not shown; nothing if its author has changed it or taken it back since."""
    known = await queries.author(db, review_id)
    review, group = known.review, known.group
    if review.state != "refused" or review.revision != revision:
        return
    with writing(office.shop, group.locale):
        await _write(
            db,
            office,
            group,
            "refused",
            reference=f"{review_id}:{revision}",
            subject=_("La tua recensione di %(name)s non è pubblicata", name=known.name),
            name=known.name,
            reason=views.reason(review.reason),
            words=review.reason_text,
            link=_link(office, group, review.order_line_id),
        )


def _link(office: Office, group: OrderGroup, line_id: int) -> str:
    key = links.token(office.settings.secret_key, group)
    return address(office.settings, office.shop, path(group.number, line_id, key), group.locale)


def _silence(office: Office, group: OrderGroup) -> str:
    """Where a buyer says that he does not want to be asked; a POST says so without further questions (RFC 8058)."""
    key = links.token(office.settings.secret_key, group)
    return address(office.settings, office.shop, f"/ordini/{group.number}/inviti?chiave={key}", group.locale)


async def _write(
    db: AsyncSession, office: Office, group: OrderGroup, kind: str, *, reference: str, subject: str, **context: Any
) -> None:
    """kind: of mail/review_<kind>.html and .txt. Inside `writing`."""
    await mail.write_page(
        db,
        office.shop,
        f"review_{kind}",
        kind=f"review.{kind}",
        reference=reference,
        recipient=group.email,
        locale=group.locale,
        subject=subject,
        group_id=group.id,
        unsubscribe_url=context.get("silence"),
        **context,
    )
