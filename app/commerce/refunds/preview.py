"""What a refund will do, before anybody confirms it: to buyer and producers, in the ledger, and at Stripe. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.commerce.orders.models import Order
from app.commerce.orders.words import text
from app.commerce.payments import ledger
from app.commerce.payments.models import Transfer
from app.commerce.refunds.plan import PlannedPart
from app.commerce.refunds.requesting import Planned
from app.commerce.refunds.views import Entry, LineView, PartView, entries
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _


@dataclass(frozen=True)
class Preview:
    """where: what goes where. effects: of each part, what happens to its producer's money. calls: what Stripe is asked.

    journals: (name, entries) in the order in which they will be written.
    """

    amount_minor: int
    currency: str
    where: Sequence[str]
    parts: Sequence[PartView]
    effects: Mapping[str, str]  # number of the order → a sentence
    calls: Sequence[str]
    journals: Sequence[tuple[str, Sequence[Entry]]]


def preview(
    planned: Planned, transfers: Mapping[int, Transfer], accounts: Mapping[str, object], reversed_minor: int = 0
) -> Preview:
    """transfers: by order id. accounts: names of the ledger's accounts. reversed_minor: what Stripe has taken back from
    the only producer already, with a refund that was made there.
    """
    group = planned.group
    orders = {order.id: order for order in group.orders}
    sellers = {order.id: str(order.producer.get("name", "")) for order in group.orders}
    effects: dict[str, str] = {}
    calls, written = [], [(_("Rimborso deciso"), planned.journal())]
    for minor in filter(None, (planned.card_minor, planned.beside_minor)):
        calls.append(_("Rimborso di %(amount)s sulla carta: POST /v1/refunds", amount=_money(planned, minor)))
        written.append((_("Quando Stripe lo invia"), ledger.given_back(minor, group.currency)))
    if stored := planned.split.credit_minor + planned.split.wallet_minor:
        lines = [
            ledger.Line(ledger.REFUND_DUE, stored, group.currency),
            ledger.Line(ledger.CREDIT_OWED, -stored, group.currency),
        ]
        written.append((_("Credito a chi ha comprato, subito"), lines))
    for part, cost in zip(planned.parts, planned.costs_minor, strict=True):
        due, transfer, number = part.producer_minor + cost, transfers.get(part.order_id), orders[part.order_id].number
        effects[number], taken = _effect(planned, max(0, due - reversed_minor), transfer)
        if reversed_minor:
            effects[number] = _already(planned, due, reversed_minor, effects[number])
            of = (group.currency, part.producer_id, part.order_id)
            lines = ledger.reversal_elsewhere(min(due, reversed_minor), max(0, reversed_minor - due), *of)
            written.append((_("Già stornato da Stripe a %(name)s", name=sellers[part.order_id]), lines))
        if taken and transfer is not None:
            calls.append(
                _(
                    "Storno di %(amount)s dal conto di %(name)s: POST /v1/transfers/%(transfer)s/reversals",
                    amount=_money(planned, taken),
                    name=sellers[part.order_id],
                    transfer=transfer.stripe_id or "…",
                )
            )
            lines = ledger.reversal(taken, group.currency, part.producer_id, part.order_id)
            written.append((_("Quando Stripe storna a %(name)s", name=sellers[part.order_id]), lines))
    return Preview(
        planned.amount_minor,
        group.currency,
        _where(planned),
        [
            _part(part, cost, orders[part.order_id])
            for part, cost in zip(planned.parts, planned.costs_minor, strict=True)
        ],
        effects,
        calls,
        [(name, entries(lines, accounts, sellers)) for name, lines in written],
    )


def _money(planned: Planned, minor: int) -> str:
    return formats.money(minor, planned.group.currency, current_locale())


def _already(planned: Planned, due: int, reversed_minor: int, rest: str) -> str:
    """What has happened to a producer's money at Stripe, where a refund was made there. rest: what happens still."""
    said = _("Stripe gli ha già stornato %(amount)s insieme al rimborso.", amount=_money(planned, reversed_minor))
    if reversed_minor < due:
        return f"{said} {rest}"
    if more := reversed_minor - due:
        kept = _(
            "%(amount)s non li doveva: restano tra le rettifiche finché non li riceve.", amount=_money(planned, more)
        )
        said = f"{said} {kept}"
    return said


def _effect(planned: Planned, due: int, transfer: Transfer | None) -> tuple[str, int]:
    """What happens to a producer's money, and how much of it Stripe is asked to take back."""
    amount = _money(planned, due)
    if due <= 0:
        return _("Il suo incasso non cambia."), 0
    if transfer is None or transfer.state == "cancelled":
        return _("%(amount)s si trattengono dai suoi prossimi trasferimenti.", amount=amount), 0
    if transfer.state in {"due", "failed"}:
        return _("Il suo trasferimento non è ancora partito: si riduce di %(amount)s.", amount=amount), 0
    back = min(due, transfer.to_send_minor - transfer.reversed_minor)
    rest = due - back
    said = _("Il suo trasferimento è già partito: se ne storna %(amount)s.", amount=_money(planned, back))
    if rest:
        said += " " + _("%(amount)s si trattengono dai suoi prossimi trasferimenti.", amount=_money(planned, rest))
    return said + " " + _("Se sul suo conto non ci sono più, si trattengono dai prossimi."), back


def _where(planned: Planned) -> list[str]:
    split, found = planned.split, []
    if planned.card_minor:
        found.append(_("%(amount)s sulla carta", amount=_money(planned, planned.card_minor)))
    if planned.beside_minor:
        found.append(_("%(amount)s sulla carta dell’acconto", amount=_money(planned, planned.beside_minor)))
    if split.credit_minor:
        found.append(_("%(amount)s sul credito da cui erano venuti", amount=_money(planned, split.credit_minor)))
    if split.wallet_minor:
        found.append(_("%(amount)s come credito nuovo nel portafoglio", amount=_money(planned, split.wallet_minor)))
    return found


def _part(part: PlannedPart, cost_minor: int, order: Order) -> PartView:
    known = {line.id: line for line in order.lines}
    vat: list[tuple[Decimal, int, int]] = [(rate, gross, vat) for rate, (gross, vat) in sorted(part.vat.items())]
    return PartView(
        order=order.number,
        seller=str(order.producer.get("name", "")),
        lines=[
            LineView(text(known[step.line_id].snapshot.get("name")), step.pieces, step.amount_minor, step.restock)
            for step in part.lines
        ],
        delivery_minor=part.delivery_minor,
        amount_minor=part.amount_minor,
        fee_minor=part.fee_minor,
        shop_funded_minor=part.shop_funded_minor,
        card_cost_minor=cost_minor,
        producer_minor=part.producer_minor + cost_minor,
        vat=vat,
    )
