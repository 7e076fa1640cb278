"""What must be true of all money of a shop: at any moment, and once nothing is under way any more."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.catalog.models import Hold, StockItem
from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.disputes.models import Dispute
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.payments import verify
from app.commerce.payments.models import LedgerEntry, Payment, Recovery, Transfer
from app.commerce.reconciliation import adopting
from app.commerce.reconciliation.models import Reconciliation
from app.commerce.refunds.models import Refund
from app.kernel.outbox import Job
from tests.cast import TestShop
from tests.stripe import Stripe

MARKS = ("refund", "payment", "credit_refund")  # of refunds at Stripe: whose they are
UNDER_WAY = frozenset({"new", "open", "processing", "authorized", "capturing", "releasing"})
SILENT = "PaymentUnreachable"  # the one way in which a job may fail


async def troubles(shop: TestShop, stripe: Stripe) -> list[str]:
    """What is not so although it must be so at any moment."""
    proven = (await verify.check(shop.database, shop.id)).findings
    return [*proven, *[said async for said in _wrong(shop)], *[said async for said in _wrong_at_stripe(stripe)]]


async def unfinished(shop: TestShop, stripe: Stripe) -> list[str]:
    """What is still under way, or not the same here and at Stripe, when all work has been done."""
    async with shop.database.session(shop.id) as db:
        tables = (Payment, CreditPurchase, CreditRefund, Refund, Recovery, Transfer, Dispute)
        rows = Rows(**{table.__name__: list(await db.scalars(select(table))) for table in tables})
        report = await db.scalar(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1))
    assert report is not None
    state = await stripe.look("state")
    balance = sum(row["amount"] for row in state["ledger"] if row["owner"] == "platform")
    return [
        *[said async for said in _under_way(shop)],
        *[said async for said in _different(rows, stripe) if said],
        *(f"compared: {finding}" for finding in report.findings),
        *([f"we have {report.ledger_minor} at Stripe, Stripe {balance}"] if report.ledger_minor != balance else []),
    ]


@dataclass
class Rows:
    """All of a shop's rows, by the names of their tables."""

    Payment: list[Payment]
    CreditPurchase: list[CreditPurchase]
    CreditRefund: list[CreditRefund]
    Refund: list[Refund]
    Recovery: list[Recovery]
    Transfer: list[Transfer]
    Dispute: list[Dispute]


async def _wrong(shop: TestShop) -> AsyncIterator[str]:
    async with shop.database.session(shop.id) as db:
        if total := await db.scalar(select(func.sum(LedgerEntry.amount_minor))):
            yield f"all accounts together come to {total}"
        for item in await db.scalars(select(StockItem)):
            if not 0 <= item.reserved <= item.on_hand:
                yield f"stock {item.id} has {item.on_hand} and holds {item.reserved}"
        for group in await db.scalars(select(OrderGroup)):
            if not 0 <= group.refunded_minor <= group.total_minor:
                yield f"{group.number}: {group.refunded_minor} of {group.total_minor} went back"
        lines = select(OrderLine.order_id, func.sum(OrderLine.gross_minor), func.sum(OrderLine.fee_minor))
        sums = {row[0]: (int(row[1]), int(row[2])) for row in await db.execute(lines.group_by(OrderLine.order_id))}
        for order in await db.scalars(select(Order)):
            if sums[order.id] != (order.goods_minor, order.fee_minor):
                yield f"{order.number} is not its lines: {sums[order.id]}"
    async with shop.database.session(None) as db:
        failed = select(Job.name, Job.last_error).where(Job.shop_id == shop.id, Job.last_error.is_not(None))
        for name, error in await db.execute(failed):
            if not str(error).startswith(SILENT):
                yield f"job {name}: {error}"


async def _wrong_at_stripe(stripe: Stripe) -> AsyncIterator[str]:
    """No charge gives back more than it took, nothing is sent twice, and no more than came in."""
    for stray in (await stripe.look("state"))["strays"]:
        yield f"Stripe's own books: {stray}"
    charges, transfers = await _listed(stripe, "charges"), await _listed(stripe, "transfers")
    for charge in charges:
        if charge["amount_refunded"] > charge["amount"]:
            yield f"{charge['id']}: too much went back"
    for mark, times in Counter(_mark(t) for t in transfers).items():
        if times > 1:
            yield f"transfer {mark} was sent {times} times"
    took, sent = {c["id"]: c["amount"] for c in charges}, Counter[str]()
    for transfer in transfers:
        if transfer["source_transaction"]:
            sent[transfer["source_transaction"]] += transfer["amount"]
    for id_, amount in sent.items():
        if amount > took[id_]:
            yield f"of {id_} {amount} was sent, it took {took[id_]}"


async def _different(rows: Rows, stripe: Stripe) -> AsyncIterator[str]:
    took = {"paid", "late", "refunded"}
    paid = {p.session_id: p.state in took and p.amount_minor > 0 for p in rows.Payment if p.session_id}
    paid |= {p.session_id: p.state == "paid" for p in rows.CreditPurchase if p.session_id}
    for session in await _listed(stripe, "checkout/sessions"):
        if (session["payment_status"] == "paid") != paid.get(session["id"], False):
            yield f"{session['id']} is {session['payment_status']}, we say paid: {paid.get(session['id'])}"
    made = [r for r in rows.Refund if r.state == "sent" and r.card_minor]
    adopted = {r.stripe_id for r in made if r.reason == adopting.REASON}
    given = Counter((str(r.stripe_id) if r.stripe_id in adopted else f"refund {r.id}", r.card_minor) for r in made)
    given.update((f"payment {p.id}", p.amount_minor) for p in rows.Payment if p.state == "refunded" and p.refund_id)
    of_credit = [r for r in rows.CreditRefund if r.state == "sent" and not r.is_by_hand]
    given.update((f"credit_refund {r.id}", r.amount_minor) for r in of_credit)
    alive = [r for r in await _listed(stripe, "refunds") if r["status"] == "succeeded"]
    marks = ((f"{k} {v}", r["amount"]) for r in alive for k, v in r["metadata"].items() if k in MARKS)
    given_there = Counter(marks) + Counter((r["id"], r["amount"]) for r in alive if r["id"] in adopted)
    yield _compared("refunds", given, given_there)
    transfers, charges = await _listed(stripe, "transfers"), await _listed(stripe, "charges")
    fees = {charge.get("transfer"): charge["application_fee_amount"] or 0 for charge in charges}
    there = Counter((_mark(t), t["amount"] - fees.get(t["id"], 0), t["amount_reversed"]) for t in transfers)
    yield _compared("transfers", Counter(_sent(rows)), there)
    disputes = Counter((d["id"], d["status"]) for d in await _listed(stripe, "disputes"))
    yield _compared("disputes", Counter((d.stripe_id, d.state) for d in rows.Dispute), disputes)
    for recovery in rows.Recovery:
        if recovery.state not in {"settled", "owed"}:
            yield f"recovery {recovery.id} is {recovery.state}"


def _mark(transfer: Any) -> str:
    """What a transfer at Stripe is known by: our mark on it, or the charge that it was made with."""
    return str(transfer["metadata"].get("transfer") or transfer["source_transaction"])


def _sent(rows: Rows) -> Iterator[tuple[str, int, int]]:
    """What has gone to producers and come back from them, by our own rows."""
    paid = {payment.id: payment for payment in rows.Payment}
    for transfer in rows.Transfer:
        if transfer.state == "sent":
            with_charge = paid[transfer.payment_id].destination
            mark = paid[transfer.payment_id].charge_id if with_charge else transfer.id
            yield str(mark), transfer.to_send_minor, transfer.reversed_minor
    back = {recovery.reference: recovery.reversed_minor for recovery in rows.Recovery if recovery.kind == "late"}
    for payment in rows.Payment:
        if payment.destination and payment.state in {"late", "refunded"}:
            yield str(payment.charge_id), payment.goes_on_minor, back[str(payment.id)]


def _compared(what: str, ours: Counter[Any], theirs: Counter[Any]) -> str:
    return "" if ours == theirs else f"{what}: only here {ours - theirs}, only at Stripe {theirs - ours}"


async def _under_way(shop: TestShop) -> AsyncIterator[str]:
    async with shop.database.session(shop.id) as db:
        refused = select(Payment.group_id).where(Payment.state == "late", Payment.failure.is_not(None))
        for_staff = set(await db.scalars(refused))
        for group in await db.scalars(
            select(OrderGroup).where(OrderGroup.state.in_(("awaiting_payment", "authorized", "refunding")))
        ):
            if group.id not in for_staff:
                yield f"{group.number} is still {group.state}"
        contested = select(Payment.group_id).where(Payment.dispute_id.is_not(None))
        for group in await db.scalars(select(OrderGroup).where(OrderGroup.state == "deposited")):
            if group.id not in set(await db.scalars(contested)):
                yield f"{group.number} has neither been sold nor given back"
        for hold in await db.scalars(select(Hold).where(Hold.state == "held")):
            yield f"{hold.reference} still holds {hold.quantity}"
        for payment in await db.scalars(select(Payment)):
            if payment.state in UNDER_WAY or (payment.state == "late" and not payment.failure):
                yield f"payment {payment.id} is still {payment.state}"
        for refund in await db.scalars(select(Refund).where(Refund.state.in_(("planned", "sending")))):
            yield f"{refund.number} is still {refund.state}"
        unsent = CreditRefund.state.in_(("planned", "sending"))
        for back in await db.scalars(select(CreditRefund).where(unsent)):
            yield f"{back.number} is still {back.state}"
        for transfer in await db.scalars(select(Transfer).where(Transfer.state.in_(("due", "sending", "failed")))):
            if transfer.error != "balance_insufficient":
                yield f"transfer {transfer.id} is still {transfer.state}: {transfer.error}"
    async with shop.database.session(None) as db:
        dead = select(Job.name, Job.last_error).where(Job.shop_id == shop.id, Job.state.in_(("dead", "running")))
        for name, error in await db.execute(dead):
            yield f"job {name} was given up: {error}"


async def _listed(stripe: Stripe, what: str) -> list[Any]:
    """Everything of a kind; a day has less than a hundred of each."""
    found = await stripe.get(f"/v1/{what}", limit="100")
    assert not found["has_more"]
    return list(found["data"])
