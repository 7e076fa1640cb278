"""What the law wants said of a promotion in a basket: of one for everybody, the lowest price beside the price that it
makes; of a price for one person, on what it is based (law.md L5, L6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import prices, reductions
from app.catalog.models import Product
from app.catalog.reductions import Campaign
from app.commerce.promotions import models, windows
from app.commerce.promotions.engine import Offer, Outcome
from app.commerce.promotions.sale import Item
from app.kernel.i18n import gettext as _

PUBLIC, CODE, PERSONAL = "public", "code", "personal"
_MAKES_PRICES = frozenset({models.PERCENT, models.FIXED})  # the others promise something for more pieces, or a delivery


@dataclass(frozen=True)
class Discounted:
    """A line of a basket. item: as the engine knows it. window_minor: what one piece costs in the window."""

    item: Item
    variant_id: int
    window_minor: int
    perishable: bool


@dataclass(frozen=True)
class CodePrice:
    """What a piece costs with all that everybody may have, rounded up, and what that is measured by.

    kind: as of reductions.Announcement; "" where the lowest price was not above it: then nothing is struck out.
    reference_minor: None where there is nothing to measure by.
    with_code: one of them is a code; else they apply by themselves.
    """

    price_minor: int
    kind: str
    reference_minor: int | None
    days: int | None
    with_code: bool = True


def scope(offer: Offer) -> str:
    """Whom it is offered to: everybody by itself, everybody with a code, or somebody alone."""
    is_single = offer.promotion.needs_code and offer.uses.code_limit == 1
    if is_single or offer.promotion.customers == models.GROUP:
        return PERSONAL
    return CODE if offer.promotion.needs_code else PUBLIC


def notice(offer: Offer) -> str:
    """The sentence on a personalised price; "" for what everybody gets."""
    is_personal = scope(offer) == PERSONAL
    in_group = offer.promotion.customers == models.GROUP
    basis = _("il gruppo di clienti di cui fai parte") if in_group else _("il codice che abbiamo dato solo a te")
    campaign = Campaign(reductions.SALE, 0, scope(offer), is_personal, basis if is_personal else "")
    return reductions.personal_notice(campaign) or ""


async def code_prices(db: AsyncSession, outcome: Outcome, lines: Sequence[Discounted]) -> dict[int, CodePrice]:
    """By line: where a promotion for everybody, with a code or without, makes its price. No statement without one,
    else three.
    """
    made = [(verdict.offer, verdict.applied) for verdict in outcome.verdicts if verdict.applied]
    public = [pair for pair in made if scope(pair[0]) != PERSONAL and pair[0].promotion.kind in _MAKES_PRICES]
    lines = [line for line in lines if any(line.item.key in applied.lines for _offer, applied in public)]
    if not lines:
        return {}
    starts = [windows.begins(offer.promotion) for offer, _applied in public]
    rivals = await windows.since(db, min(starts))
    logs = await prices.logged(db, [line.variant_id for line in lines])
    since = await _on_sale(db, [line.item.product_id for line in lines])
    found = {}
    for line in lines:
        item = line.item
        mine = [(offer, applied) for offer, applied in public if item.key in applied.lines]
        off = sum(applied.lines[item.key] for _offer, applied in mine)
        start = min(windows.begins(offer.promotion) for offer, _applied in mine)
        one = replace(item, quantity=1, price_minor=line.window_minor)
        before = windows.paid(prices.steps(logs.get(line.variant_id, ())), rivals, one, start)
        price = -(-(item.total_minor - off) // item.quantity)
        said = windows.measured(
            before, line.window_minor, price, start, since[item.product_id], perishable=line.perishable
        )  # fmt: skip
        with_code = any(scope(offer) == CODE for offer, _applied in mine)
        found[item.key] = CodePrice(price, said.kind, said.reference_minor, said.days, with_code)
    return found


async def _on_sale(db: AsyncSession, product_ids: Sequence[int]) -> Mapping[int, tuple[datetime | None, datetime]]:
    """(since when the public has seen a price, when it was made) by product."""
    rows = await db.execute(
        select(Product.id, Product.first_published_at, Product.published_at, Product.created_at).where(
            Product.id.in_(product_ids)
        )
    )
    return {id_: (prices.on_sale_since(first, published, made), made) for id_, first, published, made in rows}
