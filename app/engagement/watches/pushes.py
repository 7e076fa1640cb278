"""What browsers are told of alerts: once, beside the mail. Within a transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.engagement.watches.queries import Due
from app.identity.push import telling
from app.identity.push.subscriptions import BUYING
from app.identity.push.telling import Notice
from app.kernel.i18n import current_locale, speaking
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language


async def tell(db: AsyncSession, shop: ShopFacts, due: Due) -> None:
    """Somebody who asked while signed in. An address alone has no browser that we know."""
    alert = due.alert
    if alert.user_id is None or alert.confirmed_at is None:
        return
    with speaking(alert.locale):
        name = in_language(due.name, current_locale())
        sentence = {
            "restock": _("È tornato: %(name)s", name=name),
            "price": _("Costa meno: %(name)s", name=name),
            "release": _("È in vendita: %(name)s", name=name),
        }[alert.kind]
    reference = f"alert:{alert.key}:{alert.confirmed_at:%Y%m%dT%H%M%S%f}"
    await telling.tell(db, shop, [Notice(alert.user_id, BUYING, reference, alert.locale, sentence, due.url)])
