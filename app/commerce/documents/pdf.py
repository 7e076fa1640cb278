"""Documents as sheets to keep or print, in the reader's language: the courtesy copy of an invoice, the confirmation of
an order with the words of the contract, and the slip that goes into a parcel."""

from datetime import date, datetime
from decimal import Decimal

from app.commerce.documents.content import Content, Line, Party
from app.commerce.documents.sheets import Column, Sheet
from app.commerce.documents.words import name_of
from app.commerce.orders.contracts import Agreed
from app.commerce.orders.slips import Slip
from app.commerce.orders.views import GroupView, LineView, ParcelView
from app.identity import addresses
from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext, speaking
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


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


def confirmation(shop: ShopFacts, agreed: Agreed) -> bytes:
    """What was ordered, from whom and on what terms (law.md L23), as it was agreed, in the language of the order.

    Not a fiscal document, and it says so. The same contract gives the same file, byte for byte.
    """
    with speaking(agreed.locale):
        order, locale = agreed.order, agreed.locale
        title = _("Conferma dell’ordine %(number)s", number=order.number)
        sheet = Sheet(title, locale=locale, author=shop.name, made_at=agreed.made_at)
        sheet.title_of(title, _("Ordinato il %(day)s.", day=formats.date(order.placed_at, locale)))
        sheet.side_by_side(
            [
                (_("Dove arriva"), [order.name, *order.address, order.phone, order.email]),
                (_("Gestisce il negozio"), [line for line in agreed.operator if line]),
            ]
        )
        if order.invoice:
            sheet.paragraph(_("Fattura"), bold=True)
            sheet.paragraph(" · ".join(f"{label} {fact}" for label, fact in order.invoice), small=True)
        for parcel in order.parcels:
            _parcel(sheet, parcel, order.currency)
        sheet.heading(_("In tutto"))
        _totals(sheet, order)
        sheet.paragraph(_("È una ricevuta di cortesia, non un documento fiscale."), small=True, muted=True)
        for heading, paragraphs in agreed.sections:
            sheet.heading(heading)
            for text in paragraphs:
                sheet.paragraph(text, small=True)
                sheet.gap(0.8)
        if agreed.sha256:
            sheet.gap(3)
            sheet.paragraph(_("Impronta del contratto (SHA-256): %(hash)s", hash=agreed.sha256), small=True, muted=True)
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
            "" if line.weight else formats.money(line.price_minor, currency, locale),
            formats.percent(line.vat_rate, locale),
            formats.money(line.total_minor, currency, locale),
        ]
        for line in parcel.lines
    ]
    sheet.grid(columns, rows, [_terms(line, currency) for line in parcel.lines])
    sheet.paragraph(_travels(parcel), small=True)
    delivery = formats.money(parcel.delivery_minor, currency, locale) if parcel.delivery_minor else _("gratis")
    sheet.sums(
        [
            (_("Consegna"), delivery),
            (_("Totale di %(name)s", name=parcel.seller), _at_most(parcel.total_minor, currency, parcel.about_minor)),
        ]
    )


def _travels(parcel: ParcelView) -> str:
    """How it comes, and by when."""
    said = [parcel.how, parcel.arrival and _("arriva %(when)s", when=parcel.arrival)]
    if parcel.cold_chain:
        said.append(_("Catena del freddo: %(how)s", how=parcel.cold_chain))
    if parcel.travels_with and parcel.heavier:
        said += [_("Viaggia con l’ordine %(number)s", number=parcel.travels_with), parcel.heavier]
    elif parcel.travels_with:
        said.append(_("Viaggia con l’ordine %(number)s, senza altra consegna.", number=parcel.travels_with))
    return " · ".join(filter(None, said))


def _goods(line: LineView) -> str:
    return f"{line.name}, {line.format}" if line.format else line.name


def _terms(line: LineView, currency: str) -> str:
    """What its pieces weigh, what was taken off the price, and whether it can be given back."""
    off = formats.money(line.discount_minor, currency, current_locale()) if line.discount_minor else ""
    most = _("al massimo") if line.is_about else ""
    return " · ".join(filter(None, [line.weight, most, off and _("sconto %(amount)s", amount=off), line.withdrawal]))


def _at_most(minor: int, currency: str, about_minor: int | None) -> str:
    """A sum; of goods by weight, the most that it can become."""
    amount = formats.money(minor, currency, current_locale())
    return amount if about_minor is None else f"{_('al massimo')} {amount}"


def _totals(sheet: Sheet, order: GroupView) -> None:
    locale, currency = current_locale(), order.currency

    def money(minor: int) -> str:
        return formats.money(minor, currency, locale)

    word = _("IVA %(rate)s") if order.is_net else _("di cui IVA %(rate)s")
    taxes = [(word % {"rate": formats.percent(row.rate, locale)}, money(row.vat_minor)) for row in order.vat]
    sheet.sums(
        [
            (_("Prodotti"), money(order.goods_minor)),
            (_("Consegna"), money(order.delivery_minor)),
            *(taxes if order.is_net else []),
            (_("Totale, IVA compresa"), _at_most(order.total_minor, currency, order.about_minor)),
        ]
    )
    rest = []
    if order.deposit:
        rest += [
            (_("Acconto, pagato con l’ordine"), money(order.deposit.deposit_minor)),
            (_("Saldo, quando è pronto"), money(order.deposit.balance_minor)),
        ]
    if order.credit_minor:
        rest.append((_("con credito o buono"), money(order.credit_minor)))
    if order.about_minor is None and not order.is_net:  # by weight, the tax follows what is charged
        rest += taxes
    sheet.sums(rest, last_bold=False)
    if order.shop_funded_minor:
        share = money(order.shop_funded_minor)
        sheet.paragraph(
            _("L’IVA conta anche lo sconto di %(amount)s che paga il negozio.", amount=share), small=True, muted=True
        )
    sheet.gap(2)


def slip(shop: ShopFacts, shown: Slip, *, now: datetime) -> bytes:
    """What goes into the parcel: what is in it and for whom, without prices."""
    order, parcel = shown.order, shown.order.parcel
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
    for sentence in shown.handing_over:
        sheet.paragraph(sentence, bold=True)
    columns = [
        Column(_("Prodotto"), 0.6),
        Column(_("Codice"), 0.22),
        Column(_("Pezzi"), 0.18, is_number=True),
    ]
    lines = [line for line in order.lines if line.pieces]
    rows = [[_goods(line), line.sku, str(line.pieces)] for line in lines]
    sheet.grid(columns, rows, [_beside(line, shown) for line in lines])
    if order.note:
        sheet.paragraph(_("Nota: %(note)s", note=order.note))
    sheet.gap(4)
    sheet.paragraph(
        _("Qualcosa non va? Scrivi a %(email)s: rispondiamo noi.", email=shop.legal.email), small=True, muted=True
    )
    return sheet.bytes()


def _beside(line: LineView, shown: Slip) -> str:
    """What is to be minded of a product in the box, and the bins for its packs."""
    cold = _("Tienilo al freddo") if line.is_cold else ""
    return " · ".join(filter(None, [cold, shown.packs.get(line.sku, "")]))
