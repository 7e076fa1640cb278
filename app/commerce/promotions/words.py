"""What people read of promotions, in their language."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from app.commerce.promotions import models
from app.commerce.promotions.models import Promotion
from app.commerce.promotions.queries import Choices
from app.commerce.promotions.sale import No
from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.tenancy import ShopFacts, in_language

KINDS = {
    models.PERCENT: _l("Sconto in percento"),
    models.FIXED: _l("Importo fisso"),
    models.DELIVERY: _l("Consegna gratis"),
    models.GIFT: _l("Omaggio"),
    models.BUNDLE: _l("Prendi più, paghi meno"),
}
STATES = {
    "planned": (_l("In programma"), "plain"),
    "running": (_l("In corso"), "good"),
    "over": (_l("Finita"), "plain"),
    "stopped": (_l("Fermata"), "bad"),
}
CUSTOMERS = {
    models.ALL: _l("Tutti"),
    models.ACCOUNT: _l("Chi ha un profilo"),
    models.FIRST: _l("Chi compra per la prima volta"),
    models.GROUP: _l("Un gruppo di clienti"),
}
LANES = {
    "goods": _l("Sconto sui prodotti"),
    "delivery": _l("Consegna"),
    "gift": _l("Omaggio"),
    "extra": _l("In più, accanto agli altri"),
}
_PLAIN = {
    "needs_code": _l("Vale con un codice."),
    "stopped": _l("È stata fermata."),
    "used_up": _l("È già stata usata da tutti quelli che potevano."),
    "used_today": _l("Per oggi è finita: torna domani."),
    "used_by_you": _l("L’hai già usata."),
    "code_used": _l("Questo codice è già stato usato."),
    "account": _l("Vale per chi ha un profilo: accedi e la trovi nel carrello."),
    "group_account": _l("È riservata ad alcuni clienti: accedi con il tuo profilo."),
    "group": _l("È riservata ad altri clienti."),
    "not_first": _l("Vale solo per il primo ordine."),
    "no_goods": _l("Non vale per questi prodotti."),
    "place_unknown": _l("Vale sulla consegna: scrivi il CAP per vedere quanto."),
    "delivery_free": _l("La consegna è già gratis."),
    "gift_gone": _l("L’omaggio è finito."),
    "gift_apart": _l("L’omaggio parte solo insieme ad altri prodotti del suo produttore."),
    "gift_barred": _l("L’omaggio non può partire con questo ordine."),
    "nothing_left": _l("Non c’è più niente da scontare."),
}
FINAL = frozenset({"stopped", "over", "used_up", "used_by_you", "code_used", "group", "not_first"})


def title(promotion: Promotion) -> str:
    return in_language(promotion.title, current_locale())


def why(no: No, shop: ShopFacts, kind: str) -> str:
    """Why a promotion of this kind does not apply, and what would help."""
    if no.why in _PLAIN:
        return str(_PLAIN[no.why])
    amount = formats.money(no.missing_minor, shop.currency, current_locale())
    match no.why:
        case "minimum":
            return _missing(kind, amount)
        case "minimum_of_these":
            return _missing_of_these(kind, amount)
        case "pieces":
            return ngettext(
                "Ancora %(num)s pezzo e lo sconto vale.", "Ancora %(num)s pezzi e lo sconto vale.", no.missing_pieces
            )
        case "planned":
            return _("Comincia il %(day)s.", day=_moment(no.at, shop))
        case "over":
            return _("È scaduta il %(day)s.", day=_moment(no.at, shop))
    other = title(no.by) if no.by else ""
    return _("Non si somma: vale già «%(title)s».", title=other)


def _missing(kind: str, amount: str) -> str:
    match kind:
        case models.GIFT:
            return _("Ancora %(amount)s e l’omaggio è tuo.", amount=amount)
        case models.DELIVERY:
            return _("Ancora %(amount)s e la consegna è gratis.", amount=amount)
    return _("Ancora %(amount)s e lo sconto vale.", amount=amount)


def _missing_of_these(kind: str, amount: str) -> str:
    match kind:
        case models.GIFT:
            return _("Ancora %(amount)s tra i prodotti per cui vale, e l’omaggio è tuo.", amount=amount)
        case models.DELIVERY:
            return _("Ancora %(amount)s tra i prodotti per cui vale, e la consegna è gratis.", amount=amount)
    return _("Ancora %(amount)s tra i prodotti per cui vale, e lo sconto c’è.", amount=amount)


def _moment(at: datetime | None, shop: ShopFacts) -> str:
    return formats.datetime(at, current_locale(), ZoneInfo(shop.time_zone)) if at else ""


def gives(promotion: Promotion, currency: str) -> str:
    """What it gives, in a few words: "10%, fino a 20,00 €"."""
    locale = current_locale()
    cap = formats.money(promotion.cap_minor, currency, locale) if promotion.cap_minor is not None else ""
    match promotion.kind:
        case models.FIXED:
            said = formats.money(promotion.amount_minor, currency, locale)
        case models.PERCENT:
            said = formats.percent(Decimal(promotion.percent), locale)
        case models.GIFT:
            return ngettext("%(num)s pezzo in omaggio", "%(num)s pezzi in omaggio", promotion.gift_quantity)
        case models.BUNDLE:
            said = _bundle(promotion)
        case _:
            said = str(KINDS[models.DELIVERY])
    return _("%(what)s, fino a %(cap)s", what=said, cap=cap) if cap else said


def _bundle(promotion: Promotion) -> str:
    size, less = promotion.buy_quantity + promotion.get_quantity, promotion.get_quantity
    if promotion.percent == 100:
        return _("ogni %(size)s pezzi, %(less)s gratis", size=size, less=less)
    percent = formats.percent(Decimal(promotion.percent), current_locale())
    return _("ogni %(size)s pezzi, %(less)s a −%(percent)s", size=size, less=less, percent=percent)


def facts(promotion: Promotion, choices: Choices, shop: ShopFacts) -> list[tuple[str, str]]:
    """Everything that its page says of it, as pairs; empty ones say nothing."""
    money = partial(formats.money, currency=shop.currency, locale=current_locale())
    limits = (
        (promotion.limit_total, _("in tutto")),
        (promotion.limit_buyer, _("a testa")),
        (promotion.limit_day, _("al giorno")),
    )
    until = (
        (_("Dal"), promotion.starts_at),
        (_("Fino al"), promotion.ends_at),
        (_("Fermata il"), promotion.stopped_at),
    )
    return [
        (_("Che cosa dà"), gives(promotion, shop.currency)),
        (_("Che cosa regala"), dict(choices.variants).get(promotion.gift_variant_id or 0, "")),
        (_("Spesa minima"), money(promotion.minimum_minor) if promotion.minimum_minor else ""),
        (_("Solo dei produttori"), _names(promotion.producers, choices.producers)),
        (_("Solo dei reparti"), _names(promotion.categories, choices.categories)),
        (_("Solo per i prodotti"), _names(promotion.products, choices.products)),
        (_("Per chi"), str(CUSTOMERS[promotion.customers])),
        (_("Gruppo"), dict(choices.groups).get(promotion.customer_group_id or 0, "")),
        (_("Quante volte"), ", ".join(f"{limit} {word}" for limit, word in limits if limit is not None)),
        *((label, _moment(at, shop)) for label, at in until),
        (_("Come vale"), _("con un codice") if promotion.needs_code else _("da sola")),
        (_("Corsia"), str(LANES.get(promotion.lane, promotion.lane))),
        (_("Insieme ad altre"), _("mai: o lei o le altre") if promotion.is_exclusive else ""),
        (_("Precedenza"), str(promotion.priority) if promotion.priority else ""),
        (_("Chi paga"), _payer(promotion)),
    ]


def _names(ids: Sequence[int], known: Sequence[tuple[int, str]]) -> str:
    names = dict(known)
    return ", ".join(names.get(id_, f"#{id_}") for id_ in ids)


def _payer(promotion: Promotion) -> str:
    if promotion.shop_share == 100:
        return _("il negozio")
    if promotion.shop_share == 0:
        return _("il produttore")
    share = formats.percent(Decimal(promotion.shop_share), current_locale())
    return _("%(share)s il negozio, il resto il produttore", share=share)
