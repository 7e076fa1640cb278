"""The shop in whose name we work and the person who asks, as plain facts that any layer may read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from app.kernel.i18n import current_locale


@dataclass(frozen=True)
class Legal:
    """Who runs the shop (law.md L47). address: as it is read; street to province: the same for its invoices."""

    company: str = ""
    address: str = ""
    vat_number: str = ""
    rea: str = ""
    share_capital: str = ""
    email: str = ""
    phone: str = ""
    pec: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    province: str = ""


@dataclass(frozen=True)
class NavItem:
    """A link of the shop's main navigation. url: without language prefix."""

    url: str
    names: Mapping[str, str]

    @property
    def name(self) -> str:
        return in_language(self.names, current_locale())


@dataclass(frozen=True)
class ShopFacts:
    """A shop as loaded from its row. fee_rate: percent of the goods. locales[0] is the one without a prefix."""

    id: int
    slug: str
    name: str
    taglines: Mapping[str, str]
    theme: str
    locales: tuple[str, ...]
    currency: str
    country: str
    time_zone: str
    order_prefix: str
    fee_rate: Decimal
    legal: Legal
    features: Mapping[str, object]
    host: str
    nav: tuple[NavItem, ...] = ()
    pieces: dict[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)  # see pages.kept

    @property
    def tagline(self) -> str:
        return in_language(self.taglines, current_locale())

    @property
    def prices_are_net(self) -> bool:
        """Whether VAT is added to the shop's prices, rather than in them (producers/vat/modes.py)."""
        return self.features.get("prices") == "net"

    def href(self, path: str, locale: str) -> str:
        """A path of ours in a language: the first of `locales` has no prefix."""
        return path if locale == self.locales[0] else f"/{locale}{path if path != '/' else ''}"

    @property
    def search_hint(self) -> str:
        """Examples for the search box, from the shop's features: locale → text."""
        hints = self.features.get("search_hint")
        return in_language(hints, current_locale()) if isinstance(hints, Mapping) else ""


@dataclass(frozen=True)
class Person:
    """Who is signed in. producer_id: the producer at whose desk the person works, if any. unread: notifications."""

    id: int
    name: str
    email: str
    role: str
    locale: str
    session_id: int
    producer_id: int | None = None
    producer_role: str | None = None
    unread: int = 0


def in_language(texts: Mapping[str, str], locale: str) -> str:
    """A text in the reader's language, else in Italian, else whatever there is; "" for nothing."""
    return texts.get(locale) or texts.get("it") or next(iter(texts.values()), "")
