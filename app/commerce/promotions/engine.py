"""What promotions come to on one basket, and why the others do not apply. Pure. Source: docs/algorithms/promotions.md.

Amounts are minor units, VAT included. A piece of the basket has a key of its own; a gift's key is minus its promotion.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from app.commerce.promotions import limits
from app.commerce.promotions.kinds import gift_refusal, given
from app.commerce.promotions.models import Promotion
from app.commerce.promotions.sale import Gift, Given, No, Sale, Uses
from app.kernel.money import allocate


@dataclass(frozen=True)
class Offer:
    """A promotion that might apply. code: the typed code that belongs to it, if it needs one. gift: what it gives."""

    promotion: Promotion
    uses: Uses = field(default_factory=Uses)
    code: str | None = None
    gift: Gift | None = None


@dataclass(frozen=True)
class Applied:
    """What one promotion takes off. lines: by key; delivery: by producer. shop_…: what of each the shop pays."""

    promotion: Promotion
    code: str | None
    lines: Mapping[int, int]
    delivery: Mapping[int, int]
    shop_lines: Mapping[int, int]
    shop_delivery: Mapping[int, int]
    gift: Gift | None = None

    @property
    def goods_minor(self) -> int:
        return sum(self.lines.values())

    @property
    def delivery_minor(self) -> int:
        return sum(self.delivery.values())

    @property
    def total_minor(self) -> int:
        return self.goods_minor + self.delivery_minor

    @property
    def shop_minor(self) -> int:
        return sum(self.shop_lines.values()) + sum(self.shop_delivery.values())


@dataclass(frozen=True)
class Verdict:
    """What became of an offer: applied, or why not."""

    offer: Offer
    applied: Applied | None
    no: No | None


@dataclass(frozen=True)
class Outcome:
    """Verdicts in the order of application, those that do not apply after them."""

    verdicts: Sequence[Verdict] = ()

    @cached_property
    def applied(self) -> list[Applied]:
        return [verdict.applied for verdict in self.verdicts if verdict.applied]

    @property
    def total_minor(self) -> int:
        return sum(applied.total_minor for applied in self.applied)

    def line(self, key: int) -> tuple[int, int]:
        """(discount, what of it the shop pays) on one piece of the basket."""
        return self._sum(((a.lines, a.shop_lines) for a in self.applied), key)

    def delivery(self, producer_id: int) -> tuple[int, int]:
        """The same on the delivery of one producer's parcel."""
        return self._sum(((a.delivery, a.shop_delivery) for a in self.applied), producer_id)

    @staticmethod
    def _sum(parts: Iterable[tuple[Mapping[int, int], Mapping[int, int]]], key: int) -> tuple[int, int]:
        found = [(all_.get(key, 0), shop.get(key, 0)) for all_, shop in parts]
        return sum(part[0] for part in found), sum(part[1] for part in found)


NOTHING = Outcome()


def judge(offers: Sequence[Offer], sale: Sale, at: datetime) -> Outcome:
    """Every offer's verdict. In each lane one applies, the others in turn on what is left; or one exclusive alone.

    The same basket and the same offers, in whatever order, always come to the same.
    """
    refused: list[Verdict] = []
    able: list[tuple[Offer, int]] = []  # with what each gives alone
    for offer in sorted(offers, key=lambda offer: offer.promotion.id):
        no = _refusal(offer, sale, at)
        if no is None:
            alone = _give(offer, sale, {}, {})
            if isinstance(alone, Applied):
                able.append((offer, alone.total_minor))
                continue
            no = alone
        refused.append(Verdict(offer, None, no))
    winners, beaten = _one_per_lane([each for each in able if not each[0].promotion.is_exclusive])
    together = _in_turn(winners, sale)
    best = max((each for each in able if each[0].promotion.is_exclusive), key=_better, default=None)
    if best is not None and best[1] > sum(v.applied.total_minor for v in together if v.applied):
        alone_wins = _in_turn([best[0]], sale)
        lost = [offer for offer, _value in able if offer is not best[0]]
        return Outcome([*alone_wins, *(_beaten(offer, best[0]) for offer in lost), *refused])
    exclusive = [_beaten(offer, winners[0]) for offer, _value in able if offer.promotion.is_exclusive]
    return Outcome([*together, *(_beaten(offer, by) for offer, by in beaten), *exclusive, *refused])


def _refusal(offer: Offer, sale: Sale, at: datetime) -> No | None:
    promotion = offer.promotion
    if promotion.needs_code and offer.code is None:
        return No("needs_code")
    if (state := promotion.state(at)) != "running":
        return No(state, at=promotion.starts_at if state == "planned" else promotion.ends_at)
    return limits.refusal(promotion, offer.uses, sale.buyer) or gift_refusal(promotion, offer.gift, sale)


def _better(each: tuple[Offer, int]) -> tuple[int, int, int]:
    """For the buyer; then the higher priority; then the older."""
    offer, value = each
    return value, offer.promotion.priority, -offer.promotion.id


def _one_per_lane(able: Sequence[tuple[Offer, int]]) -> tuple[list[Offer], list[tuple[Offer, Offer]]]:
    """(the winner of each lane in the order of application, each loser with its winner)."""
    lanes: dict[tuple[str, int], list[tuple[Offer, int]]] = {}
    for each in able:
        promotion = each[0].promotion
        lanes.setdefault((promotion.lane, promotion.producer_id or 0), []).append(each)
    winners, beaten = [], []
    for of_lane in lanes.values():
        best = max(of_lane, key=lambda each: (each[0].promotion.priority, *_better(each)))[0]
        winners.append(best)
        beaten += [(offer, best) for offer, _value in of_lane if offer is not best]
    return sorted(winners, key=lambda offer: (-offer.promotion.priority, offer.promotion.id)), beaten


def _in_turn(offers: Sequence[Offer], sale: Sale) -> list[Verdict]:
    """Each on what those before it have left."""
    verdicts: list[Verdict] = []
    off_lines: dict[int, int] = {}
    off_delivery: dict[int, int] = {}
    for offer in offers:
        found = _give(offer, sale, off_lines, off_delivery)
        if isinstance(found, Applied):
            for key, part in found.lines.items():
                off_lines[key] = off_lines.get(key, 0) + part
            for producer_id, part in found.delivery.items():
                off_delivery[producer_id] = off_delivery.get(producer_id, 0) + part
            verdicts.append(Verdict(offer, found, None))
        else:
            verdicts.append(Verdict(offer, None, found))
    return verdicts


def _give(offer: Offer, sale: Sale, off_lines: Mapping[int, int], off_delivery: Mapping[int, int]) -> Applied | No:
    """One promotion on what is left of the basket after others."""
    found = given(offer.promotion, offer.gift, sale, off_lines, off_delivery)
    if isinstance(found, No):
        return found
    shop_lines, shop_delivery = _shop_part(found, offer, sale)
    gift = offer.gift if found.has_gift else None
    return Applied(offer.promotion, offer.code, found.lines, found.delivery, shop_lines, shop_delivery, gift)


def _shop_part(found: Given, offer: Offer, sale: Sale) -> tuple[dict[int, int], dict[int, int]]:
    """Who pays: split once per producer, then over his lines and his delivery; the odd cent by largest remainder."""
    lines: dict[int, int] = {}
    delivery: dict[int, int] = {}
    share = offer.promotion.shop_share
    owner = {item.key: item.producer_id for item in sale.items}
    if offer.gift is not None:
        owner[-offer.promotion.id] = offer.gift.producer_id
    for producer_id in sorted({*(owner[key] for key in found.lines), *found.delivery}):
        keys = [key for key in found.lines if owner[key] == producer_id]
        parts = [*(found.lines[key] for key in keys), found.delivery.get(producer_id, 0)]
        shop = allocate(allocate(sum(parts), [share, 100 - share])[0], parts)
        lines |= dict(zip(keys, shop[:-1], strict=True))
        delivery[producer_id] = shop[-1]
    return lines, {producer_id: part for producer_id, part in delivery.items() if part}


def _beaten(offer: Offer, by: Offer) -> Verdict:
    return Verdict(offer, None, No("beaten", by=by.promotion))
