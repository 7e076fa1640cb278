"""What is said about the cost of a delivery, in the reader's language."""

from app.delivery.quotes import Quote
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _


def surge(quote: Quote, goods_minor: int, currency: str) -> str:
    """Why the delivery of one producer's parcel costs more, or less, than usual; "" when it does not."""
    made, locale = quote.surge, current_locale()
    if made is None or not quote.fee(goods_minor):
        return ""
    said = {
        "day": formats.date(made.day, locale, style="weekday"),
        "part": formats.percent(made.demand * 100, locale),
        "now": formats.money(made.fee_minor, currency, locale),
        "usual": formats.money(made.plain_minor, currency, locale),
    }
    return _(
        "%(day)s il produttore ha già il %(part)s degli ordini che riesce a spedire: "
        "la consegna costa %(now)s invece di %(usual)s.",
        **said,
    )
