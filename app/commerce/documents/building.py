"""The arithmetic of documents: an order's lines with their delivery, a part of them given back, a month's commission.

No database. Every total equals what the order says of it (`Order.vat`). Source: docs/algorithms/documents.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from app.catalog import weight_words
from app.commerce.documents import advances
from app.commerce.documents.content import CREDIT, Content, Line, Mention, Party, Total
from app.commerce.orders import reckoning
from app.commerce.orders.models import Order, OrderLine
from app.kernel.i18n import speaking
from app.kernel.money import add_vat, allocate, divided, split_vat
from app.kernel.tenancy import in_language
from app.producers.tax import REGIMES

STAMP_OVER, STAMP = 7747, 200  # stamp duty on what bears no VAT: 2 € above 77,47 € (DPR 642/72, tariff, art. 13)
COMMISSION_RATE = Decimal(22)


class Inconsistent(ValueError):
    """An order's lines and its totals do not agree, or more is given back than was paid: a bug, and nothing is made."""


class NoReason(ValueError):
    """A line has no VAT, and the seller's regime gives no reason for it."""


@dataclass(frozen=True)
class Given:
    """Part of a line given back, the shop's share of it too. position: of the order line, NO_LINE for the delivery.

    pieces: 0 when it is only money. rate: of the delivery, the part at that rate; "" for all of it.
    """

    position: int
    gross_minor: int
    pieces: int = 0
    rate: str = ""


def of_order(order: Order, seller: Party, *, delivery_word: str, locale: str) -> tuple[list[Line], list[Total]]:
    """(lines, totals per rate): goods as they were sold, then the delivery's part of each rate.

    What the shop pays of a discount is paid for the goods all the same: it is not taken off (docs/algorithms/vat.md).
    The VAT of each rate is the order's own, shared over its lines as when it was placed. Raises Inconsistent, NoReason.
    """
    nature, law = _exemption(seller)
    lines: list[Line] = []
    totals: list[Total] = []
    for row in sorted(order.vat, key=lambda row: Decimal(row["rate"])):
        rate = Decimal(row["rate"])
        goods = [line for line in order.lines if Decimal(line.vat_rate) == rate]
        delivery = row["gross_minor"] - sum(taxed(line) for line in goods)
        if delivery < 0 or row["gross_minor"] != row["net_minor"] + row["vat_minor"]:
            raise Inconsistent(f"order {order.id}, rate {rate}")
        if not rate and not nature:
            raise NoReason(f"order {order.id}")
        reason = "" if rate else nature
        shares = allocate(row["vat_minor"], [*map(taxed, goods), delivery])
        lines += [
            _goods(line, vat, reason, locale, _weights(order, line, locale))
            for line, vat in zip(goods, shares, strict=False)
        ]
        if delivery:
            lines.append(_delivery(delivery_word, delivery, shares[-1], str(row["rate"]), reason))
        totals.append(Total(str(row["rate"]), row["net_minor"], row["vat_minor"], reason, law if reason else ""))
    if sum(total.gross_minor for total in totals) != order.total_minor + order.shop_funded_minor:
        raise Inconsistent(f"order {order.id}: its rates do not add up to its total")
    lines.sort(key=lambda line: (line.kind == "delivery", line.position))
    return lines, totals


def of_deposit(order: Order, seller: Party, *, locale: str) -> tuple[list[Line], list[Total]]:
    """The same of the deposit alone, a line for each piece that it is paid for. Raises Inconsistent, NoReason."""
    nature, law = _exemption(seller)
    lines: list[Line] = []
    totals: list[Total] = []
    for total in advances.by_rate(order):
        if not Decimal(total.rate) and not nature:
            raise NoReason(f"order {order.id}")
        reason = "" if Decimal(total.rate) else nature
        goods = [each for each in order.lines if Decimal(each.vat_rate) == Decimal(total.rate) and advances.share(each)]
        shares = allocate(total.vat_minor, [advances.share(each) for each in goods])
        for each, vat in zip(goods, shares, strict=True):
            gross, piece = advances.share(each), _goods(each, vat, reason, locale, "")
            lines.append(
                replace(
                    piece, description=f"Acconto: {piece.description}", quantity=1, list_minor=gross, discount_minor=0,
                    net_minor=gross - vat,
                )
            )  # fmt: skip
        totals.append(replace(total, nature=reason, law=law if reason else ""))
    if sum(total.gross_minor for total in totals) != order.group.deposit_minor:
        raise Inconsistent(f"order {order.id}: its lines do not add up to its deposit")
    return sorted(lines, key=lambda line: line.position), totals


def taxed(line: OrderLine) -> int:
    """What is paid for a line, by the buyer and by the shop together."""
    return line.gross_minor + line.shop_funded_minor


def _goods(line: OrderLine, vat_minor: int, nature: str, locale: str, weights: str) -> Line:
    """weights: what the pieces weigh, of goods by weight."""
    known = line.snapshot
    name, size = (_frozen_text(known.get(part), locale) for part in ("name", "format"))
    said = [name, size, weights]
    by_weight = line.kg_price_minor is not None  # its pieces cost what each weighs: one line with their sum
    listed, off = line.unit_price_minor, line.discount_minor - line.shop_funded_minor
    is_net = bool(known.get("vat_added"))
    if is_net:  # documents say prices with their VAT; what is due is net_minor and vat_minor, exactly
        listed, off = (amount + add_vat(amount, Decimal(line.vat_rate))[1] for amount in (listed, off))
    return Line(
        kind="goods",
        description=", ".join(filter(None, said)),
        quantity=1 if by_weight else line.quantity,
        list_minor=line.gross_minor + line.discount_minor if by_weight else listed,
        discount_minor=off,
        net_minor=taxed(line) - vat_minor,
        vat_minor=vat_minor,
        rate=line.vat_rate,
        sku=line.sku,
        nature=nature,
        position=line.position,
        list_net_minor=line.unit_price_minor if is_net else None,
    )


def _weights(order: Order, line: OrderLine, locale: str) -> str:
    """What was charged for, of goods by weight; "" for others."""
    terms = reckoning.terms_of(line)
    if terms is None:
        return ""
    with speaking(locale):
        return weight_words.weighed(terms, line.charged_grams, order.group.currency)


def _frozen_text(texts: Mapping[str, str] | str | None, locale: str) -> str:
    return texts if isinstance(texts, str) else in_language(texts or {}, locale)


def _delivery(word: str, gross: int, vat: int, rate: str, nature: str) -> Line:
    return Line("delivery", word, 1, gross, 0, gross - vat, vat, rate, nature=nature)


def _exemption(seller: Party) -> tuple[str, str]:
    regime = REGIMES.get(seller.regime)
    return (regime.nature, regime.law) if regime else ("", "")


def credit(
    original: Content,
    before: Sequence[Content],
    parts: Sequence[Given],
    *,
    word: str,
    mention: Mention,
    notes: Sequence[str],
    booked: Mapping[Decimal, int] | None = None,
) -> Content:
    """A credit note over `parts` of an invoice. before: the credit notes that it has already. mention: the invoice.

    booked: rate → VAT, as the refund has it. Without it the VAT given back up to now follows the invoice's own VAT in
    proportion. Either way notes over the whole invoice add up to it; only where the SdI would refuse such a VAT is it
    the nearest that it takes. word: put in front of the description where only money goes back. Raises Inconsistent.
    """
    original = advances.whole(original)
    pieces: list[tuple[Line, int, int]] = []  # what the part is of, its gross, its pieces
    for part in parts:
        pieces += _taken(original, before, part)
    lines: list[Line] = []
    totals: list[Total] = []
    for total in original.totals:
        mine = [piece for piece in pieces if piece[0].rate == total.rate]
        gross = sum(amount for _line, amount, _count in mine)
        if not gross:
            continue
        vat = credited_vat(total, _of_rate(before, total.rate), gross, (booked or {}).get(Decimal(total.rate)))
        shares = allocate(vat, [amount for _line, amount, _count in mine])
        lines += [_credited(*piece, vat=share, word=word) for piece, share in zip(mine, shares, strict=True)]
        totals.append(replace(total, net_minor=gross - vat, vat_minor=vat))
    if not lines:
        raise Inconsistent("nothing is given back")
    lines.sort(key=lambda line: (line.kind == "delivery", line.position))
    note = replace(
        original, type=CREDIT, lines=lines, totals=totals, original=mention, paid_by="", by_shop_minor=0, notes=notes
    )
    return replace(note, stamp_minor=stamp_of(totals))


def _taken(original: Content, before: Sequence[Content], part: Given) -> list[tuple[Line, int, int]]:
    """The invoice's lines that a part touches, each with its amount. The delivery is cut over what is left of it."""
    lines = [line for line in original.lines if line.position == part.position and part.rate in {"", line.rate}]
    gone = _gone(before)
    left = [line.gross_minor - gone[line.position, line.rate] for line in lines]
    if part.gross_minor < 0 or part.gross_minor > sum(left):
        raise Inconsistent(f"more is given back than line {part.position} cost")
    shares = allocate(part.gross_minor, left) if lines else []
    return [(line, share, part.pieces) for line, share in zip(lines, shares, strict=True) if share]


def _gone(before: Sequence[Content]) -> Mapping[tuple[int, str], int]:
    gone: dict[tuple[int, str], int] = defaultdict(int)
    for line in (line for note in before for line in note.lines):
        gone[line.position, line.rate] += line.gross_minor
    return gone


def _of_rate(before: Sequence[Content], rate: str) -> tuple[int, int]:
    """(gross, VAT) given back at a rate so far."""
    found = [total for note in before for total in note.totals if total.rate == rate]
    return sum(total.gross_minor for total in found), sum(total.vat_minor for total in found)


def credited_vat(total: Total, before: tuple[int, int], gross: int, booked: int | None = None) -> int:
    """The VAT of `gross`; before: (gross, VAT) given back already. booked: what the refund says that it is."""
    gross_before, vat_before = before
    in_proportion = divided((gross_before + gross) * total.vat_minor, total.gross_minor) - vat_before
    wanted = in_proportion if booked is None else booked
    rate = Decimal(total.rate)
    own = split_vat(gross, rate)[1]
    candidates: list[int] = sorted({wanted, *range(own - 1, own + 2)}, key=lambda vat: (abs(vat - wanted), vat))
    return next(vat for vat in candidates if 0 <= vat <= gross and sdi_takes(gross - vat, vat, rate))


def sdi_takes(net_minor: int, vat_minor: int, rate: Decimal) -> bool:
    """Whether a VAT passes the SdI's control 00421: at most a cent away from net × rate, rounded."""
    exact = (net_minor * rate / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return abs(vat_minor - int(exact)) <= 1


def _credited(line: Line, gross: int, pieces: int, *, vat: int, word: str) -> Line:
    """A whole line is repeated as it was; of a part, what it comes to."""
    if gross == line.gross_minor:
        return replace(line, net_minor=gross - vat, vat_minor=vat)
    counted = pieces > 1 and gross % pieces == 0
    return replace(
        line,
        description=line.description if pieces else f"{word}: {line.description}",
        quantity=pieces if counted else 1,
        list_minor=gross // pieces if counted else gross,
        discount_minor=0,
        net_minor=gross - vat,
        vat_minor=vat,
    )


def commission(
    shop: Party, producer: Party, net_fees_minor: int, currency: str, *, description: str, notes: Sequence[str]
) -> Content:
    """The month's commission, VAT included in what was kept. Negative: more was given back than kept, a credit note."""
    gross = abs(net_fees_minor)
    net, vat = split_vat(gross, COMMISSION_RATE)
    rate = str(COMMISSION_RATE)
    return Content(
        type="TD01" if net_fees_minor > 0 else CREDIT,
        currency=currency,
        seller=shop,
        buyer=producer,
        lines=[Line("fee", description, 1, gross, 0, net, vat, rate)],
        totals=[Total(rate, net, vat)],
        notes=notes,
        paid_by="MP22" if net_fees_minor > 0 else "",  # held back from what was already collected
    )


def stamp_of(totals: Sequence[Total]) -> int:
    """The stamp duty due on a document, minor units."""
    return STAMP if sum(total.gross_minor for total in totals if total.nature) > STAMP_OVER else 0
