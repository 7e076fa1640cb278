"""What a refund comes to, to the cent, before anything is written. Pure: facts in, a plan out.

Every line carries the VAT, the fee and the shop's part of its discount that were booked for it. Of each, what has been
given back is always the rounded share of the line's money that has gone back so far; a refund is the step from the one
to the other. So all steps together come to what was booked, whatever they were. Source: docs/algorithms/refunds.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.money import allocate, divided, percent_of

SOURCES, CARD, CREDIT = "sources", "card", "credit"
DESTINATIONS = (SOURCES, CARD, CREDIT)


@dataclass(frozen=True)
class LineFacts:
    """A line as it was booked, and what of it has gone back. gross_minor: what the buyer paid, VAT included.

    sold_g: the weight that it was paid for, grams; 0 for a fixed price.
    """

    id: int
    quantity: int
    gross_minor: int
    vat_rate: Decimal
    vat_minor: int
    fee_minor: int
    shop_funded_minor: int = 0
    refunded_pieces: int = 0
    refunded_minor: int = 0
    sold_g: int = 0

    @property
    def pieces_left(self) -> int:
        return self.quantity - self.refunded_pieces

    @property
    def left_minor(self) -> int:
        return self.gross_minor - self.refunded_minor


@dataclass(frozen=True)
class DeliveryRate:
    """The delivery's part at one VAT rate: what the buyer and the shop paid of it, and what has gone back.

    is_back: of a part that cost the buyer nothing, that it has been undone.
    """

    rate: Decimal
    gross_minor: int
    vat_minor: int
    shop_funded_minor: int = 0
    refunded_minor: int = 0
    is_back: bool = False


@dataclass(frozen=True)
class OrderFacts:
    """One producer's order. delivery: its parts by VAT rate."""

    id: int
    producer_id: int
    lines: Sequence[LineFacts]
    delivery: Sequence[DeliveryRate] = ()

    @property
    def delivery_minor(self) -> int:
        return sum(part.gross_minor for part in self.delivery)

    @property
    def delivery_left_minor(self) -> int:
        return self.delivery_minor - sum(part.refunded_minor for part in self.delivery)

    @property
    def left_minor(self) -> int:
        return sum(line.left_minor for line in self.lines) + self.delivery_left_minor


@dataclass(frozen=True)
class Claim:
    """What is asked back of a line. pieces: that are given back with it (0: the buyer keeps all, and gets money).

    amount_minor: none for what these pieces cost. restock: the pieces can be sold again.
    """

    line_id: int
    pieces: int = 0
    amount_minor: int | None = None
    restock: bool = False


@dataclass(frozen=True)
class Wanted:
    """What is asked back of one order. delivery_minor: of its delivery; whole_delivery: all that is left of it."""

    order_id: int
    claims: Sequence[Claim] = ()
    delivery_minor: int = 0
    whole_delivery: bool = False


@dataclass(frozen=True)
class PlannedLine:
    """A step of one line: money to the buyer, and what follows it."""

    line_id: int
    pieces: int
    amount_minor: int
    vat_minor: int
    fee_minor: int
    shop_funded_minor: int
    restock: bool


@dataclass(frozen=True)
class DeliveryStep:
    """What goes back of the delivery at one VAT rate."""

    rate: Decimal
    amount_minor: int
    vat_minor: int
    shop_funded_minor: int


@dataclass(frozen=True)
class PlannedPart:
    """The part of a refund that one producer's order bears.

    vat: rate → (gross, VAT); as on orders, gross counts what the shop paid of discounts too.
    """

    order_id: int
    producer_id: int
    lines: Sequence[PlannedLine]
    delivery: Sequence[DeliveryStep]
    vat: Mapping[Decimal, tuple[int, int]] = field(default_factory=dict)

    @property
    def goods_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    @property
    def delivery_minor(self) -> int:
        return sum(step.amount_minor for step in self.delivery)

    @property
    def amount_minor(self) -> int:
        """What the buyer gets of it."""
        return self.goods_minor + self.delivery_minor

    @property
    def fee_minor(self) -> int:
        """What the shop gives back of its fee."""
        return sum(line.fee_minor for line in self.lines)

    @property
    def shop_funded_minor(self) -> int:
        """What the shop gets back of the discounts that it paid."""
        goods = sum(line.shop_funded_minor for line in self.lines)
        return goods + sum(step.shop_funded_minor for step in self.delivery)

    @property
    def producer_minor(self) -> int:
        """What the producer gives back: what the sale had brought him."""
        return self.amount_minor + self.shop_funded_minor - self.fee_minor


def everything(order: OrderFacts, *, restock: bool = False, delivery: bool = True) -> Wanted:
    """All that is left of an order."""
    claims = [
        Claim(line.id, line.pieces_left, line.left_minor, restock)
        for line in order.lines
        if line.left_minor or line.pieces_left
    ]
    return Wanted(order.id, claims, whole_delivery=delivery)


def amount(orders: Sequence[OrderFacts], amount_minor: int, *, delivery: bool) -> list[Wanted]:
    """So much money and no pieces, spread over what is left of the lines (and of the deliveries). Raises Refused."""
    places: list[tuple[int, int | None, int]] = [
        (order.id, line.id, line.left_minor) for order in orders for line in order.lines
    ]
    if delivery:
        places += [(order.id, None, order.delivery_left_minor) for order in orders]
    left = sum(rest for _order, _line, rest in places)
    if not 0 < amount_minor <= left:
        raise _too_much() if amount_minor > 0 else Refused(_("Scrivi quanto restituire."), "amount")
    shares = allocate(amount_minor, [rest for _order, _line, rest in places])
    found = []
    for order in orders:
        mine = [
            (line, share) for (order_id, line, _rest), share in zip(places, shares, strict=True) if order_id == order.id
        ]
        claims = [Claim(line, 0, share) for line, share in mine if line is not None and share]
        by_delivery = sum(share for line, share in mine if line is None)
        if claims or by_delivery:
            found.append(Wanted(order.id, claims, delivery_minor=by_delivery))
    return found


def weight_difference(line: LineFacts, sold_g: int, weighed_g: int) -> Claim:
    """The claim for a line of which the buyer has less than he paid for; what went back before counts.

    weighed_g: of all that he keeps. Raises Refused when there is nothing to give back.
    """
    due = divided(line.gross_minor * (sold_g - weighed_g), sold_g) - line.refunded_minor if sold_g else 0
    if weighed_g < 0 or due <= 0:
        raise Refused(_("Il peso non è sotto quello pagato: non c’è niente da restituire."), f"weighed-{line.id}")
    return Claim(line.id, 0, due)


def part(order: OrderFacts, wanted: Wanted) -> PlannedPart:
    """What a claim on one order comes to. Raises Refused for more than is left, or a line of another order."""
    known = {line.id: line for line in order.lines}
    if len({claim.line_id for claim in wanted.claims}) < len(wanted.claims):
        raise Refused(_("La stessa riga è chiesta due volte."))
    lines = []
    for claim in wanted.claims:
        if claim.line_id not in known:
            raise Refused(_("Questa riga non è di quest’ordine."))
        if step := _step(known[claim.line_id], claim):
            lines.append(step)
    asked = order.delivery_left_minor if wanted.whole_delivery else wanted.delivery_minor
    if not 0 <= asked <= order.delivery_left_minor:
        raise _too_much("delivery")
    delivery = _delivery(order, asked, whole=wanted.whole_delivery)
    return PlannedPart(order.id, order.producer_id, lines, delivery, _vat(known, lines, delivery))


def _step(line: LineFacts, claim: Claim) -> PlannedLine | None:
    if not 0 <= claim.pieces <= line.pieces_left:
        raise Refused(
            _("Pezzi di questo prodotto che si possono ancora rimborsare: %(num)s.", num=line.pieces_left), "lines"
        )
    asked = claim.amount_minor if claim.amount_minor is not None else cost_of(line, claim.pieces)
    if not 0 <= asked <= line.left_minor:
        raise _too_much("lines")
    if not asked and not claim.pieces:
        return None
    if line.gross_minor:
        before, after, whole = line.refunded_minor, line.refunded_minor + asked, line.gross_minor
    else:  # the shop has paid all of it: the pieces are the measure
        before, after, whole = line.refunded_pieces, line.refunded_pieces + claim.pieces, line.quantity
    return PlannedLine(
        line.id,
        claim.pieces,
        asked,
        vat_minor=between(line.vat_minor, before, after, whole),
        fee_minor=between(line.fee_minor, before, after, whole),
        shop_funded_minor=between(line.shop_funded_minor, before, after, whole),
        restock=claim.restock and claim.pieces > 0,
    )


def cost_of(line: LineFacts, pieces: int) -> int:
    """What so many further pieces of a line cost the buyer, as far as it has not gone back."""
    if not line.quantity:  # all of it was called off before it was charged
        return 0
    share = between(line.gross_minor, line.refunded_pieces, line.refunded_pieces + pieces, line.quantity)
    return min(share, line.left_minor)


def between(booked_minor: int, before: int, after: int, whole: int) -> int:
    """The part of a booked amount that goes back when `before` of `whole` becomes `after`; whole > 0.

    Steps from 0 to `whole` add up to the booked amount, however many they are, and none is negative.
    """
    return divided(booked_minor * after, whole) - divided(booked_minor * before, whole)


def _delivery(order: OrderFacts, asked: int, *, whole: bool) -> list[DeliveryStep]:
    """Cut over the rates by what is left at each; VAT and the shop's part follow as they do on lines.

    Of a part that cost the buyer nothing, the shop's part goes back with the whole delivery.
    """
    shares = allocate(asked, [of.gross_minor - of.refunded_minor for of in order.delivery]) if order.delivery else []
    steps = []
    for of, share in zip(order.delivery, shares, strict=True):
        if of.gross_minor:
            before, after, of_all = of.refunded_minor, of.refunded_minor + share, of.gross_minor
        else:
            before, after, of_all = int(of.is_back), int(of.is_back or whole), 1
        if after > before:
            vat, funded = (between(booked, before, after, of_all) for booked in (of.vat_minor, of.shop_funded_minor))
            steps.append(DeliveryStep(of.rate, share, vat, funded))
    return steps


def _vat(
    known: Mapping[int, LineFacts], lines: Sequence[PlannedLine], delivery: Sequence[DeliveryStep]
) -> dict[Decimal, tuple[int, int]]:
    found: dict[Decimal, tuple[int, int]] = {}
    steps: list[tuple[Decimal, PlannedLine | DeliveryStep]] = [
        *((known[line.line_id].vat_rate, line) for line in lines),
        *((step.rate, step) for step in delivery),
    ]
    for rate, step in sorted(steps, key=lambda each: each[0]):
        gross, vat = found.get(rate, (0, 0))
        found[rate] = (gross + step.amount_minor + step.shop_funded_minor, vat + step.vat_minor)
    return found


@dataclass(frozen=True)
class Paid:
    """How a group was paid, and what has gone back: by card, to the stored value it came from, and as new credit.

    deposit_minor: of card_minor, what the payment of a deposit took; deposit_refunded_minor: what has gone back to it.
    """

    card_minor: int
    credit_minor: int = 0
    card_refunded_minor: int = 0
    credit_refunded_minor: int = 0
    wallet_refunded_minor: int = 0
    deposit_minor: int = 0
    deposit_refunded_minor: int = 0

    @property
    def left_minor(self) -> int:
        back = self.card_refunded_minor + self.credit_refunded_minor + self.wallet_refunded_minor
        return self.card_minor + self.credit_minor - back


@dataclass(frozen=True)
class Split:
    """Where the money of a refund goes. credit_minor: to the stored value it came from; wallet_minor: card money that
    becomes stored value."""

    card_minor: int
    credit_minor: int
    wallet_minor: int


def split(paid: Paid, amount_minor: int, destination: str, *, card_first: bool) -> Split:
    """Divide a refund over where it goes. Raises Refused for more than was paid, or than the card has paid.

    sources: back to what was used, the last used first (the card; card_first=False turns it round). card: all to the
    card. credit: all as stored value, first what came from there.
    """
    if amount_minor > paid.left_minor:
        raise _too_much()
    card_left = min(paid.card_minor - paid.card_refunded_minor, paid.left_minor)
    credit_left = min(paid.credit_minor - paid.credit_refunded_minor, paid.left_minor)
    if destination == CREDIT:
        back = min(amount_minor, credit_left)
        return Split(0, back, amount_minor - back)
    if destination == CARD or card_first:
        card = min(amount_minor, card_left)
        if destination == CARD and card < amount_minor:
            raise Refused(
                _("Con la carta è stato pagato meno: scegli di restituire anche come credito."), "destination"
            )
    else:
        card = max(0, amount_minor - credit_left)
    credit = min(amount_minor - card, credit_left)
    return Split(card, credit, amount_minor - card - credit)


def beside(paid: Paid, card_minor: int) -> int:
    """What of a card's part goes back to the payment of a deposit: the balance, which came last, goes back first.

    Source: docs/algorithms/deposits.md.
    """
    last = paid.card_minor - paid.deposit_minor - (paid.card_refunded_minor - paid.deposit_refunded_minor)
    return max(0, card_minor - last)


def card_cost(card_minor: int, parts: Sequence[int], rate: Decimal) -> list[int]:
    """The percentage that Stripe keeps of the money that goes back to a card, shared over the parts of a refund."""
    return allocate(percent_of(card_minor, rate), parts) if any(parts) else [0] * len(parts)


def _too_much(field_name: str = "amount") -> Refused:
    return Refused(_("È più di quanto resta da restituire: guarda quanto è già stato rimborsato."), field_name)
