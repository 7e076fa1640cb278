"""Discounts as basket and checkout show them: each by name, what is still missing, and what a code has become."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.commerce.cart.basket import BasketLine, Picture
from app.commerce.cart.discounts import Discounts
from app.commerce.promotions import announcing, models, words
from app.commerce.promotions.engine import Applied, Verdict
from app.commerce.promotions.sale import No
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language

_NEARLY = frozenset({"minimum", "minimum_of_these", "pieces"})
_OF_GUESTS = frozenset({"not_first", "used_by_you"})  # nobody knew before the address was typed


@dataclass(frozen=True)
class Taken:
    """One promotion by name. note: a condition that nobody can know yet. personal: on what it is based. Or ""."""

    title: str
    goods_minor: int
    delivery_minor: int
    is_gift: bool
    code: str | None
    note: str
    personal: str = ""


@dataclass(frozen=True)
class GiftView:
    name: str
    url: str
    format: str
    image: Picture | None
    quantity: int
    total_minor: int


@dataclass(frozen=True)
class CodeView:
    """typed: what stands in the field. is_kept: it goes with the cart. error: why it does not. note: why not yet."""

    typed: str
    is_kept: bool
    error: str | None
    note: str | None

    @property
    def is_open(self) -> bool:
        return bool(self.typed or self.error)


@dataclass(frozen=True)
class DiscountsView:
    """nearly: (name, what would help) of promotions that apply by themselves, but not yet."""

    taken: Sequence[Taken]
    nearly: Sequence[tuple[str, str]]
    code: CodeView
    goods_minor: int
    delivery_minor: int


def view(shop: ShopFacts, found: Discounts, *, typed: str = "", error: str | None = None) -> DiscountsView:
    """typed, error: a code that was just refused."""
    taken = [
        _taken(found, each.applied, announcing.notice(each.offer)) for each in found.outcome.verdicts if each.applied
    ]
    return DiscountsView(
        taken,
        [
            (words.title(verdict.offer.promotion), _why(verdict, verdict.no, shop))
            for verdict in found.outcome.verdicts
            if verdict.no and _is_near(found, verdict, verdict.no)
        ],
        CodeView(typed, False, error, None) if error else _code(shop, found),
        sum(each.goods_minor for each in taken if not each.is_gift),
        sum(each.delivery_minor for each in taken),
    )


def refusal(shop: ShopFacts, found: Discounts) -> str | None:
    """Why the code is of no use to this shopper, whatever is put in; None if it is, or may become so."""
    verdict = found.of_code
    if verdict is None:
        return _("Questo codice non esiste: controlla le lettere e i numeri.")
    return _why(verdict, verdict.no, shop) if verdict.no and verdict.no.why in words.FINAL else None


def _why(verdict: Verdict, no: No, shop: ShopFacts) -> str:
    return words.why(no, shop, verdict.offer.promotion.kind)


def gifts_of(found: Discounts, seller_id: int) -> list[GiftView]:
    return [_gift(line) for line in found.gifts if line.seller.id == seller_id]


def _is_near(found: Discounts, verdict: Verdict, no: No) -> bool:
    if verdict.offer.promotion.needs_code:
        return False
    is_news = no.why in _OF_GUESTS and found.buyer.key is not None and not found.buyer.has_account
    return no.why in _NEARLY or is_news


def _taken(found: Discounts, applied: Applied, personal: str) -> Taken:
    is_guess = applied.promotion.customers == models.FIRST and found.buyer.key is None
    return Taken(
        words.title(applied.promotion),
        applied.goods_minor,
        applied.delivery_minor,
        applied.gift is not None,
        applied.code,
        _("se è il tuo primo ordine") if is_guess else "",
        personal,
    )


def _code(shop: ShopFacts, found: Discounts) -> CodeView:
    if not found.code:
        return CodeView("", False, None, None)
    verdict = found.of_code
    if verdict is None:
        return CodeView(found.code, True, None, _("Questo codice non c’è più."))
    note = _why(verdict, verdict.no, shop) if verdict.no else None
    return CodeView(verdict.offer.code or found.code, True, None, note)


def _gift(line: BasketLine) -> GiftView:
    name = in_language(line.name, current_locale())
    return GiftView(name, f"/prodotti/{line.slug}", line.shape, line.image, line.quantity, line.total_minor)
