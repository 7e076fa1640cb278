"""A producer's money to take away: the statement as a table and as a sheet, and his sales as a table."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.commerce.documents.sheets import Column, Sheet
from app.commerce.payouts import words
from app.commerce.payouts.overview import Row
from app.commerce.payouts.sales import Bucket
from app.commerce.payouts.statement import Statement
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.web import tables


def statement_table(it: Statement, shop: ShopFacts) -> bytes:
    """One row per line; the first and the last say the balances. Moments are those of the shop's clock."""
    amount, zone, (first, last) = tables.amount, ZoneInfo(shop.time_zone), days(it, shop)
    rows: list[Sequence[object]] = [
        [first.isoformat(), _("Saldo iniziale"), "", "", amount(it.opening_minor, it.currency)]
    ]
    for line in it.lines:
        at = line.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        moved, left = amount(line.amount_minor, it.currency), amount(line.balance_minor, it.currency)
        rows.append([at, line.what, line.order, moved, left])
    rows.append([last.isoformat(), _("Saldo finale"), "", "", amount(it.closing_minor, it.currency)])
    return tables.table([_("Data"), _("Che cosa"), _("Ordine"), _("Importo"), _("Saldo")], rows)


def overview_table(found: Sequence[Row], currency: str) -> bytes:
    """Where each producer's money is, for staff."""
    heads = [_("Produttore"), _("Dovuto"), _("Non ancora mandato"), _("In viaggio"), _("Da compensare")]
    last = [_("Ultimo versamento"), _("Partito il"), _("Stato"), _("Motivo")]
    rows: list[Sequence[object]] = []
    for row in found:
        amounts = (row.owed_minor, row.unsent_minor, row.moving_minor, row.debt_minor)
        newest: Sequence[object] = ("", "", "", "")
        if row.last:
            minor, state = tables.amount(row.last.amount_minor, row.last.currency), words.payout(row.last.state)[0]
            newest = (minor, row.last.created_at.date().isoformat(), state, words.failure(row.last.failure))
        rows.append([row.producer, *(tables.amount(each, currency) for each in amounts), *newest])
    return tables.table([*heads, *last], rows)


def sales_table(found: Sequence[Bucket], currency: str) -> bytes:
    heads = [_("Dal"), _("Ordini"), _("Prodotti"), _("Consegna"), _("Trattenuta")]
    heads += [_("Rimborsi e contestazioni"), _("A te")]
    rows = []
    for bucket in found:
        amounts = (
            bucket.goods_minor,
            bucket.delivery_minor,
            -bucket.fee_minor,
            -bucket.back_minor,
            bucket.net_minor,
        )
        rows.append([bucket.first.isoformat(), bucket.orders, *(tables.amount(minor, currency) for minor in amounts)])
    return tables.table(heads, rows)


def statement_sheet(shop: ShopFacts, producer: str, it: Statement, *, now: datetime) -> bytes:
    """The statement as PDF, each line with its reasons; where there are more than it has been given, their sums."""
    locale, zone = current_locale(), ZoneInfo(shop.time_zone)
    title = _("Estratto conto di %(name)s", name=producer)
    sheet = Sheet(title, locale=locale, author=shop.name, made_at=now)
    sheet.title_of(title, period(it, shop, locale))
    sheet.paragraph(
        _("Quello che %(shop)s ti deve per i tuoi ordini, riga per riga: un più è a tuo favore.", shop=shop.name)
    )
    columns = [
        Column(_("Che cosa"), 0.42),
        Column(_("Giorno"), 0.2),
        Column(_("Importo"), 0.19, is_number=True),
        Column(_("Saldo"), 0.19, is_number=True),
    ]

    def money(minor: int) -> str:
        return formats.money(minor, it.currency, locale)

    first = [_("Saldo iniziale"), formats.date(it.since, locale, zone), "", money(it.opening_minor)]
    rows, asides = [first], [""]
    for line in it.lines:
        what = f"{line.what} {line.order}".strip()
        rows.append([what, formats.date(line.at, locale, zone), money(line.amount_minor), money(line.balance_minor)])
        asides.append(" · ".join(f"{reason} {money(minor)}" for reason, minor in line.parts))
    sheet.gap(2)
    if it.is_whole:
        sheet.grid(columns, rows, asides)
    else:  # every line takes a hundredth of a second to draw
        told = _("Le righe sono %(count)s: le trovi tutte nel CSV. Qui ci sono le somme.", count=it.count)
        sheet.paragraph(told)
        sheet.sums([(_("Saldo iniziale"), money(it.opening_minor))], last_bold=False)
    sheet.sums([*((what, money(minor)) for what, minor in it.totals), (_("Saldo finale"), money(it.closing_minor))])
    if it.payouts:
        sheet.heading(_("Versamenti sulla tua banca"))
        banked = [Column(_("Giorno"), 0.4), Column(_("Come sta"), 0.35), Column(_("Importo"), 0.25, is_number=True)]
        sheet.grid(
            banked,
            [
                [formats.date(paid.created_at, locale, zone), words.payout(paid.state)[0], money(paid.amount_minor)]
                for paid in reversed(it.payouts)
            ],
        )
    return sheet.bytes()


def period(it: Statement, shop: ShopFacts, locale: str) -> str:
    """Its first and last day in words."""
    first, last = (formats.date(day, locale) for day in days(it, shop))
    return _("Dal %(first)s al %(last)s", first=first, last=last)


def days(it: Statement, shop: ShopFacts) -> tuple[date, date]:
    """Its first and last day in the shop's time."""
    zone = ZoneInfo(shop.time_zone)
    return it.since.astimezone(zone).date(), (it.until.astimezone(zone) - timedelta(days=1)).date()


def months(it: Statement, shop: ShopFacts) -> list[tuple[date, date]]:
    """The months that it touches, each by its first and last day within it; none where it is one."""
    first, last = days(it, shop)
    found = []
    while first <= last:
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append((first, min(last, after - timedelta(days=1))))
        first = after
    return found if len(found) > 1 else []
