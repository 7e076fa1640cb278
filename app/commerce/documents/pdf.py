"""Documents as sheets to keep or print, in the reader's language: the courtesy copy of an invoice, the confirmation of
an order with the words of the contract, and the slip that goes into a parcel."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from app.commerce.documents.content import Content, Line, Party
from app.commerce.documents.sheets import Column, Sheet
from app.commerce.documents.words import name_of
from app.commerce.orders.desk import DeskOrder
from app.commerce.orders.views import GroupView, LineView, ParcelView, VatRow
from app.identity import addresses
from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts

Section = tuple[str, Sequence[str]]


def invoice(shop: ShopFacts, content: Content, *, kind: str, number: str, day: date, made_at: datetime) -> bytes:
    """The courtesy copy: the document itself is the file that went to the SdI."""
    locale, title = current_locale(), f"{name_of(kind)} {number}"
    sheet = Sheet(title, locale=locale, author=shop.name, made_at=made_at)
    sheet.title_of(title, formats.date(day, locale))
    sheet.side_by_side(
        [(_("Chi vende"), _party(content.seller)), (_("Intestata a"), _party(content.buyer))],
    )
    if content.original:
        sheet.paragraph(
            _(
                "Rettifica la fattura %(number)s del %(day)s.",
                number=content.original.number,
                day=formats.date(content.original.date, locale),
            )
        )
    if content.order:
        sheet.paragraph(_("Ordine %(number)s", number=content.order.number))
    _invoice_lines(sheet, content)
    for note in content.notes:
        sheet.paragraph(note, small=True, muted=True)
    sheet.gap(3)
    sheet.paragraph(
        _("Copia di cortesia: il documento valido è la fattura elettronica, trasmessa al Sistema di Interscambio."),
        small=True,
    )
    return sheet.bytes()


def _invoice_lines(sheet: Sheet, content: Content) -> None:
    locale, currency = current_locale(), content.currency
    columns = [
        Column(_("Descrizione"), 0.46),
        Column(_("Pezzi"), 0.1, is_number=True),
        Column(_("IVA"), 0.1, is_number=True),
        Column(_("Imponibile"), 0.17, is_number=True),
        Column(_("Totale"), 0.17, is_number=True),
    ]
    rows = [
        [
            line.description,
            str(line.quantity),
            _rate(line.rate, line.nature),
            formats.money(line.net_minor, currency, locale),
            formats.money(line.gross_minor, currency, locale),
        ]
        for line in content.lines
    ]
    sheet.gap(2)
    sheet.grid(columns, rows, [_pieces(line, currency) for line in content.lines])
    for total in content.totals:
        shown = _rate(total.rate, total.nature)
        net, vat = (formats.money(amount, currency, locale) for amount in (total.net_minor, total.vat_minor))
        sheet.sums([(_("Imponibile %(rate)s", rate=shown), net), (_("IVA %(rate)s", rate=shown), vat)], last_bold=False)
    sheet.sums([(_("Totale"), formats.money(content.total_minor, currency, locale))])
    sheet.gap(3)


def _pieces(line: Line, currency: str) -> str:
    """What one costs, and what was taken off."""
    said = []
    if line.quantity > 1:
        said.append(_("%(price)s l’uno", price=formats.money(line.list_minor, currency, current_locale())))
    if line.discount_minor:
        said.append(_("sconto %(amount)s", amount=formats.money(line.discount_minor, currency, current_locale())))
    return " · ".join(said)


def _rate(rate: str, nature: str) -> str:
    return nature or formats.percent(Decimal(rate), current_locale())


def _party(party: Party) -> list[str]:
    countries = dict(addresses.countries(current_locale()))
    town = f"{party.postal_code} {party.city}" + (f" ({party.province})" if party.province else "")
    facts = [
        (_("Partita IVA"), party.vat_number.strip("0") and party.vat_number),
        (_("Codice fiscale"), party.tax_code),
        (_("Codice destinatario SDI"), party.code.strip("0X") and party.code),
        (_("PEC"), party.pec),
        (_("REA"), party.rea),
    ]
    place = [party.street, town] + ([countries.get(party.country, party.country)] if party.country != "IT" else [])
    return [party.name, *place, *(f"{label} {text}" for label, text in facts if text)]


def confirmation(shop: ShopFacts, order: GroupView, contract: Sequence[Section], *, now: datetime) -> bytes:
    """What was ordered, from whom and on what terms (law.md L23). Not a fiscal document, and it says so."""
    locale = current_locale()
    title = _("Conferma dell’ordine %(number)s", number=order.number)
    sheet = Sheet(title, locale=locale, author=shop.name, made_at=now)
    placed = _("Ordinato il %(day)s.", day=formats.date(order.placed_at, locale))
    paid = _("Pagato il %(day)s.", day=formats.date(order.paid_at, locale)) if order.paid_at else ""
    sheet.title_of(title, f"{placed} {paid}".strip())
    sheet.side_by_side(
        [
            (_("Dove arriva"), [order.name, *order.address, order.phone]),
            (_("Gestisce il negozio"), [shop.legal.company, shop.legal.address, shop.legal.email, shop.legal.phone]),
        ]
    )
    for parcel in order.parcels:
        _parcel(sheet, parcel, order.currency)
    sheet.heading(_("In tutto"))
    _totals(sheet, order)
    sheet.paragraph(_("È una ricevuta di cortesia, non un documento fiscale."), small=True, muted=True)
    for heading, paragraphs in contract:
        sheet.heading(heading)
        for text in paragraphs:
            sheet.paragraph(text, small=True)
            sheet.gap(0.8)
    return sheet.bytes()


def _parcel(sheet: Sheet, parcel: ParcelView, currency: str) -> None:
    locale = current_locale()
    sheet.heading(parcel.seller)
    facts = " · ".join(f"{label} {fact}" for label, fact in parcel.seller_facts)
    sheet.paragraph(_("Vende e spedisce %(company)s, che risponde dei prodotti.", company=parcel.company), small=True)
    sheet.paragraph(facts, small=True, muted=True)
    sheet.gap(2)
    columns = [
        Column(_("Prodotto"), 0.52),
        Column(_("Pezzi"), 0.1, is_number=True),
        Column(_("Prezzo"), 0.14, is_number=True),
        Column(_("IVA"), 0.1, is_number=True),
        Column(_("Totale"), 0.14, is_number=True),
    ]
    rows = [
        [
            _goods(line),
            str(line.quantity),
            formats.money(line.price_minor, currency, locale),
            formats.percent(line.vat_rate, locale),
            formats.money(line.total_minor, currency, locale),
        ]
        for line in parcel.lines
    ]
    sheet.grid(columns, rows, [_terms(line, currency) for line in parcel.lines])
    delivery = formats.money(parcel.delivery_minor, currency, locale) if parcel.delivery_minor else _("gratis")
    sheet.sums(
        [
            (_("Consegna"), delivery),
            (_("Totale di %(name)s", name=parcel.seller), formats.money(parcel.total_minor, currency, locale)),
        ]
    )


def _goods(line: LineView) -> str:
    return f"{line.name}, {line.format}" if line.format else line.name


def _terms(line: LineView, currency: str) -> str:
    """What was taken off the price, and whether it can be given back."""
    off = formats.money(line.discount_minor, currency, current_locale()) if line.discount_minor else ""
    return " · ".join(filter(None, [off and _("sconto %(amount)s", amount=off), line.withdrawal]))


def _totals(sheet: Sheet, order: GroupView) -> None:
    locale, currency = current_locale(), order.currency
    vat: Sequence[VatRow] = order.vat
    sheet.sums(
        [
            (_("Prodotti"), formats.money(order.goods_minor, currency, locale)),
            (_("Consegna"), formats.money(order.delivery_minor, currency, locale)),
            (_("Totale, IVA compresa"), formats.money(order.total_minor, currency, locale)),
        ]
    )
    sheet.sums(
        [
            (
                _("di cui IVA %(rate)s", rate=formats.percent(row.rate, locale)),
                formats.money(row.vat_minor, currency, locale),
            )
            for row in vat
        ],
        last_bold=False,
    )
    if order.shop_funded_minor:
        share = formats.money(order.shop_funded_minor, currency, locale)
        sheet.paragraph(
            _("L’IVA conta anche i %(amount)s di sconto che paga il negozio.", amount=share), small=True, muted=True
        )
    sheet.gap(2)


def slip(shop: ShopFacts, order: DeskOrder, *, now: datetime) -> bytes:
    """What goes into the parcel: what is in it and for whom, without prices."""
    parcel = order.parcel
    title = _("Bolla %(number)s", number=parcel.number)
    sheet = Sheet(title, locale=current_locale(), author=shop.name, made_at=now)
    aside = f"{parcel.how} · {ngettext('%(num)s pezzo', '%(num)s pezzi', order.pieces)}"
    sheet.title_of(title, aside)
    sheet.side_by_side(
        [
            (_("Mittente"), [parcel.seller, *(f"{label} {fact}" for label, fact in parcel.seller_facts)]),
            (_("Destinatario"), [order.name, *order.address, order.phone]),
        ]
    )
    if order.cold_chain:
        sheet.paragraph(_("Catena del freddo: %(how)s", how=order.cold_chain), bold=True)
        sheet.gap(2)
    columns = [
        Column(_("Prodotto"), 0.6),
        Column(_("Codice"), 0.22),
        Column(_("Pezzi"), 0.18, is_number=True),
    ]
    lines = [line for line in order.lines if line.pieces]
    rows = [[_goods(line), line.sku, str(line.pieces)] for line in lines]
    sheet.grid(columns, rows, [_("Tienilo al freddo") if line.is_cold else "" for line in lines])
    if order.note:
        sheet.paragraph(_("Nota: %(note)s", note=order.note))
    sheet.gap(4)
    sheet.paragraph(
        _("Qualcosa non va? Scrivi a %(email)s: rispondiamo noi.", email=shop.legal.email), small=True, muted=True
    )
    return sheet.bytes()
