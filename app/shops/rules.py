"""The rules of money and orders that a shop's admins set. Each is declared here, once: kind, default, bounds, words.

To add one, write its line below, with its group at the end of the file, and read it with `NAME.of(shop)`: its field on
the page, its check and its line in the audit trail are there. What a shop has not said, or has said senselessly, is
as the default says. A rule stands in `Shop.features`, at `place`; the fee's rate in its own column.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from babel.support import LazyProxy

from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.money import exponent, parse_amount
from app.kernel.tenancy import ShopFacts
from app.shops.models import Shop

T = TypeVar("T")
GROSS, NET = "gross", "net"  # of what the shop's percentage is taken: the price with or without its VAT


@dataclass(frozen=True)
class Setting(ABC, Generic[T]):
    """place: where it stands, "refunds.order" for features["refunds"]["order"]."""

    place: str
    default: T
    label: LazyProxy
    hint: LazyProxy

    @property
    def name(self) -> str:
        """Of its field, and in the audit trail."""
        return self.place.replace(".", "_")

    def of(self, shop: ShopFacts | Shop) -> T:
        """What holds in a shop."""
        found = self.sane(self._said(shop))
        return self.default if found is None else found

    def put(self, shop: Shop, value: T) -> None:
        """Have it hold from now on."""
        outer, _dot, inner = self.place.partition(".")
        kept: Any = self.kept(value)
        if inner:
            around = shop.features.get(outer)
            kept = {**(around if isinstance(around, Mapping) else {}), inner: kept}
        shop.features = {**shop.features, outer: kept}

    def _said(self, shop: ShopFacts | Shop) -> object:
        found: object = shop.features
        for name in self.place.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    @abstractmethod
    def sane(self, said: object) -> T | None:
        """A value as it is kept; None for what is missing or senseless."""

    def kept(self, value: T) -> object:
        """As JSON can hold it."""
        return value

    @abstractmethod
    def parsed(self, typed: str, currency: str, /) -> T:
        """What somebody typed. Raises ValueError with a sentence in the reader's language."""

    def typed(self, value: T, _currency: str, /) -> str:
        """As it is put into its field."""
        return str(value)


@dataclass(frozen=True)
class Whole(Setting[int]):
    """A whole number within bounds, e.g. days."""

    least: int
    most: int
    kind = "whole"

    def sane(self, said: object) -> int | None:
        return said if type(said) is int and self.least <= said <= self.most else None

    def parsed(self, typed: str, _currency: str, /) -> int:
        number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 9 else None
        if number is None or not self.least <= number <= self.most:
            raise ValueError(_("Scrivi un numero intero da %(least)s a %(most)s.", least=self.least, most=self.most))
        return number


@dataclass(frozen=True)
class Percent(Setting[Decimal]):
    """A percentage from 0 up, with two decimals at most; kept as text, exactly."""

    most: int
    kind = "percent"

    def sane(self, said: object) -> Decimal | None:
        try:
            rate = Decimal(said) if isinstance(said, str | Decimal) else None
        except InvalidOperation:
            return None
        return rate if rate is not None and rate.is_finite() and 0 <= rate <= self.most else None

    def kept(self, value: Decimal) -> object:
        return str(value)

    def parsed(self, typed: str, _currency: str, /) -> Decimal:
        return percentage(typed, self.most)

    def typed(self, value: Decimal, _currency: str, /) -> str:
        return format(value.normalize(), "f").replace(".", ",")


@dataclass(frozen=True)
class Money(Setting[int]):
    """An amount in minor units, up to so many whole ones."""

    most_units: int
    kind = "money"

    def sane(self, said: object) -> int | None:
        return said if type(said) is int and said >= 0 else None

    def parsed(self, typed: str, currency: str, /) -> int:
        amount, most = parse_amount(typed, currency), self.most_units * 10 ** exponent(currency)
        if amount > most:
            raise ValueError(_("Al massimo %(most)s.", most=formats.money(most, currency, current_locale())))
        return amount

    def typed(self, value: int, currency: str, /) -> str:
        decimals = exponent(currency)
        whole, rest = divmod(value, 10**decimals)
        return f"{whole},{rest:0{decimals}d}" if rest else str(whole)


@dataclass(frozen=True)
class Choice(Setting[str]):
    """One of a few. options: value, in words, and an aside or None."""

    options: Sequence[tuple[str, LazyProxy, LazyProxy | None]]
    kind = "choice"

    def sane(self, said: object) -> str | None:
        return next((value for value, _words, _aside in self.options if value == said), None)

    def parsed(self, typed: str, _currency: str, /) -> str:
        found = self.sane(typed)
        if found is None:
            raise ValueError(_("Scegli una delle possibilità."))
        return found


@dataclass(frozen=True)
class Switch(Setting[bool]):
    kind = "switch"

    def sane(self, said: object) -> bool | None:
        return said if isinstance(said, bool) else None

    def parsed(self, typed: str, _currency: str, /) -> bool:
        return bool(typed)

    def typed(self, value: bool, _currency: str, /) -> str:
        return "1" if value else ""


@dataclass(frozen=True)
class FeeRate(Percent):
    """Kept in the column of its name."""

    def put(self, shop: Shop, value: Decimal) -> None:
        shop.fee_rate = str(value)

    def _said(self, shop: ShopFacts | Shop) -> object:
        return shop.fee_rate


def percentage(typed: str, most: int) -> Decimal:
    """A percentage as people write it: "15", "12,5", "7.35 %". Raises ValueError with a sentence."""
    text = typed.replace(",", ".").removesuffix("%").strip()
    whole, _dot, part = text.partition(".")
    is_number = text.isascii() and whole.isdigit() and (part.isdigit() or not _dot)
    if not is_number or len(whole) > 3 or len(part) > 2 or Decimal(text) > most:
        raise ValueError(_("Scrivi una percentuale da 0 a %(most)s, per esempio 12,5.", most=most))
    return Decimal(text)


MOST_FEE = 50  # percent
MOST_DAYS = 365

FEE_RATE = FeeRate(
    "fee_rate", Decimal(15), _l("Percentuale che trattiene il negozio"),
    _l(
        "Da 0 a 50. Sui prodotti, dopo gli sconti che paga il produttore e prima di quelli che paga il negozio; "
        "la consegna non conta."
    ),
    MOST_FEE,
)  # fmt: skip
FEE_BASES = (
    (GROSS, _l("Sul prezzo con l’IVA"), _l("quello che paga chi compra")),
    (NET, _l("Sul prezzo senza l’IVA"), _l("su 10,40 € con IVA al 4 per cento, si prende su 10 €")),
)
FEE_BASE = Choice("fees.base", GROSS, _l("Su che cosa si prende?"), _l("Vale per chi non ha una base sua."), FEE_BASES)

BUYER_CANCELS = Choice(
    "refunds.buyer_cancels", "confirmed", _l("Fino a quando chi compra può annullare da sé?"),
    _l("Poi può solo chiederlo; il diritto di recesso resta a parte."),
    (
        ("never", _l("Mai"), _l("annullano il produttore o la redazione")),
        ("confirmed", _l("Finché il produttore non conferma"), None),
        ("ready", _l("Finché l’ordine non è in preparazione"), _l("anche dopo la conferma")),
    ),
)  # fmt: skip
REFUND_ORDER = Choice(
    "refunds.order", "card_first", _l("Da dove si comincia a rimborsare?"),
    _l("Quando un ordine è stato pagato un po’ con la carta e un po’ con il credito del negozio."),
    (
        ("card_first", _l("Dalla carta"), _l("l’ultima usata è la prima rimborsata")),
        ("credit_first", _l("Dal credito"), _l("torna subito e non costa niente")),
    ),
)  # fmt: skip
CARD_COST = Percent(
    "refunds.card_cost", Decimal(0), _l("Costo della carta a carico del produttore, sui rimborsi"),
    _l(
        "In percentuale di quello che torna sulla carta: Stripe la sua commissione non la restituisce. "
        "Con 0 la paga il negozio."
    ),
    10,
)  # fmt: skip
PRODUCER_LIMIT = Money(
    "refunds.producer_limit_minor", 10_000, _l("Quanto può rimborsare da solo un produttore, per ordine"),
    _l("Oltre, serve la redazione. Con 0 passa sempre di qui."), 10_000,
)  # fmt: skip
DISPUTE_BEARER = Choice(
    "dispute_bearer", "producer", _l("Chi paga una contestazione persa?"),
    _l("Quando la banca di chi ha comprato si riprende i soldi e ha ragione lei."),
    (
        ("producer", _l("Il produttore"), _l("è lui che vende; la parte trattenuta la rende il negozio")),
        ("shop", _l("Il negozio"), None),
    ),
)  # fmt: skip

ASK_AFTER = Whole(
    "arrivals.ask_after", 5, _l("Giorni prima di chiedere al produttore se un pacco è arrivato"),
    _l("Da quando è partito."), 1, MOST_DAYS,
)  # fmt: skip
PRESUME_AFTER = Whole(
    "arrivals.presume_after", 10, _l("Giorni dopo i quali un pacco si considera arrivato"),
    _l("Se nessuno ha detto niente. Il recesso non si accorcia per questo."), 1, MOST_DAYS,
)  # fmt: skip
FETCHED_AFTER = Whole(
    "arrivals.fetched_after", 30, _l("Giorni dopo i quali un ordine pronto si considera ritirato"),
    _l("Per chi viene a prenderlo dal produttore."), 1, MOST_DAYS,
)  # fmt: skip
REVIEWS_INVITATION = Switch(
    "reviews_invitation", True, _l("Dopo una settimana chiediamo a chi ha comprato com’era"),
    _l("Una mail per ordine, con il collegamento per scrivere la recensione."),
)  # fmt: skip
REVIEWS_AT_ONCE = Switch(
    "reviews_published_at_once", False, _l("Le recensioni si vedono subito"),
    _l("Spento: prima le legge la redazione. La pagina «Come funzionano le recensioni» lo dice."),
)  # fmt: skip
LOW_AT = Whole(
    "stock.low_at", 3, _l("Avvisa il produttore quando restano tanti pezzi, o meno"),
    _l("È il numero da cui parte un prodotto nuovo; ognuno lo cambia nel suo magazzino."), 0, 1000,
)  # fmt: skip

GROUPS: Sequence[tuple[LazyProxy, Sequence[Setting[Any]]]] = (
    (_l("Commissione"), (FEE_RATE, FEE_BASE)),
    (_l("Annullamenti e rimborsi"), (BUYER_CANCELS, REFUND_ORDER, CARD_COST, PRODUCER_LIMIT, DISPUTE_BEARER)),
    (_l("Arrivi"), (ASK_AFTER, PRESUME_AFTER, FETCHED_AFTER)),
    (_l("Dopo l’acquisto"), (REVIEWS_INVITATION, REVIEWS_AT_ONCE)),
    (_l("Magazzino"), (LOW_AT,)),
)
ALL: Sequence[Setting[Any]] = [each for _title, settings in GROUPS for each in settings]
