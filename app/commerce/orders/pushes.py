"""What browsers are told of orders, each person in their language. Within a transaction; each thing once."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import leaving, news, queries
from app.commerce.orders.mails import Office
from app.commerce.orders.models import Order
from app.identity.push import telling
from app.identity.push.subscriptions import BUYING, SELLING
from app.identity.push.telling import Notice
from app.kernel.i18n import LOCALES, speaking
from app.kernel.i18n import gettext as _
from app.producers.queries import people_at


async def announce(db: AsyncSession, office: Office, group_id: int) -> None:
    """An order has come in: to everybody at the producer's desk."""
    group = await queries.with_orders(db, group_id)
    people = await people_at(db, {order.producer_id for order in group.orders})
    notices = []
    for order in group.orders:
        for user_id, locale in people[order.producer_id]:
            with speaking(locale if locale in LOCALES else LOCALES[0]):
                sentence = _("Ordine nuovo: %(number)s", number=order.number)
            path = f"/banco/ordini/{order.number}"
            notices.append(Notice(user_id, SELLING, f"arrived:{order.number}", locale, sentence, path))
    await telling.tell(db, office.shop, notices)


async def tell_shipped(db: AsyncSession, office: Office, order_id: int) -> None:
    """A parcel is on its way, or stands ready to be fetched."""
    order = await queries.order_of(db, order_id)
    with speaking(order.group.locale):
        said = news.READY if leaving.is_pickup(order) else news.SAID["shipped"]
        await _tell_buyer(db, office, order, "shipped", str(said) % {"number": order.number})


async def tell_delivered(db: AsyncSession, office: Office, order_id: int) -> None:
    """A parcel has arrived. Who has fetched it knows."""
    order = await queries.order_of(db, order_id)
    if leaving.is_pickup(order):
        return
    with speaking(order.group.locale):
        await _tell_buyer(db, office, order, "delivered", str(news.SAID["delivered"]) % {"number": order.number})


async def _tell_buyer(db: AsyncSession, office: Office, order: Order, kind: str, sentence: str) -> None:
    """A guest has no browser that we know."""
    group = order.group
    if group.user_id is not None:
        path, about = f"/ordini/{group.number}", f"{kind}:{order.number}"
        await telling.tell(db, office.shop, [Notice(group.user_id, BUYING, about, group.locale, sentence, path)])
