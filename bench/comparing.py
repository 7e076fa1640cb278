"""What Stripe has taken, given back and sent, against what our database says and what people were told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from bench.buying import Errand, Given

Row = dict[str, Any]


@dataclass(frozen=True)
class Books:
    """Rows of ours by table, and Stripe's objects by kind."""

    ours: dict[str, list[Row]]
    stripes: dict[str, list[Row]]


async def compare(database: str, stripe: str, errands: Sequence[Errand], given: Sequence[Given]) -> list[str]:
    """Every difference, in words. Prints how much was compared. database: address; stripe: of the stand-in."""
    kinds = ("checkout/sessions", "refunds", "transfers")
    books = Books(await _ours(database), {kind: _listed(stripe, kind) for kind in kinds})
    faults = [
        *_payments(books, errands),
        *_refunds(books, given),
        *_transfers(books),
        *(f"{row['n']} holds belong to no order that waits for its payment" for row in books.ours["holds"] if row["n"]),
        *(f"job {row['name']} was given up: {row['last_error']}" for row in books.ours["dead"]),
    ]
    _count(books)
    return faults


QUERIES = {
    "payments": "select p.id, p.session_id, p.state, p.amount_minor, g.number from payments p "
    "join order_groups g on g.id = p.group_id where p.session_id is not null",
    "transfers": "select id, state, stripe_id, amount_minor, withheld_minor, reversed_minor from transfers",
    "refunds": "select id, number, request_key, state, stripe_id, amount_minor, card_minor from refunds",
    "recoveries": "select id, state, amount_minor from recoveries",
    "dead": "select name, last_error from background_jobs where state = 'dead'",
    "mails": "select kind, count(*) as n from outgoing_mails group by 1 order by 2 desc",
    "holds": "select count(*) as n from holds h where h.state = 'held' and not exists "
    "(select 1 from order_groups g where g.number = h.reference and g.state = 'awaiting_payment')",
    "ledger": "select account, sum(amount_minor) as amount from ledger_entries group by 1 order by 1",
}


async def _ours(database: str) -> dict[str, list[Row]]:
    connection = await asyncpg.connect(database)
    try:
        return {name: [dict(row) for row in await connection.fetch(query)] for name, query in QUERIES.items()}
    finally:
        await connection.close()


def _payments(books: Books, errands: Sequence[Errand]) -> Iterator[str]:
    """What was paid there is paid here, for as much, once; late and doubled payments have gone back."""
    sessions = {row["id"]: row for row in books.stripes["checkout/sessions"]}
    late = {row["metadata"].get("payment") for row in books.stripes["refunds"]}
    ours = {row["session_id"]: row for row in books.ours["payments"]}
    paid = {id_ for id_, row in sessions.items() if row["payment_status"] == "paid"}
    for id_ in paid:
        row = ours.get(id_)
        if row is None:
            yield f"Stripe took money for {id_}, of which we know nothing"
        elif (row["state"], str(row["id"]) in late) not in {("paid", False), ("refunded", True)}:
            yield f"{row['number']}: Stripe says paid (given back: {str(row['id']) in late}), we say {row['state']}"
        elif row["amount_minor"] != sessions[id_]["amount_total"]:
            yield f"{row['number']}: {row['amount_minor']} here, {sessions[id_]['amount_total']} at Stripe"
    for id_, row in ours.items():
        if row["state"] == "paid" and id_ not in paid:
            yield f"{row['number']} is paid here, not at Stripe"
    for number, times in Counter(row["number"] for row in ours.values() if row["state"] == "paid").items():
        if times > 1:
            yield f"{number} was paid {times} times"
    for errand in errands:
        if errand.pressed_pay and errand.way != "vanish" and errand.session not in paid:
            yield f"a guest pressed pay for {errand.session}, and Stripe took nothing: {errand.told}"


def _refunds(books: Books, given: Sequence[Given]) -> Iterator[str]:
    """Each refund that somebody confirmed is there once, and went to the card once, for as much."""
    ours = {str(row["id"]): row for row in books.ours["refunds"]}
    marked = [row for row in books.stripes["refunds"] if "refund" in row["metadata"]]
    for mark, times in Counter(row["metadata"]["refund"] for row in marked).items():
        if times > 1 or mark not in ours:
            yield f"refund {mark} was given {times} times at Stripe, and is {mark in ours} here"
    there = {row["metadata"]["refund"]: row["amount"] for row in marked}
    for mark, row in ours.items():
        if row["state"] != "sent" or there.get(mark, 0) != row["card_minor"]:
            yield f"{row['number']} is {row['state']}, {row['card_minor']} for the card, Stripe has {there.get(mark)}"
    keys = {row["request_key"].rpartition(":")[2]: row for row in ours.values()}
    for each in given:
        if 303 in each.answers and each.key not in keys:
            yield f"somebody was told that refund {each.key} is done, and there is none"


def _transfers(books: Books) -> Iterator[str]:
    """Each producer's part was sent once, less what was kept back, and as much of it taken back as we say."""
    sent = books.stripes["transfers"]
    for mark, times in Counter(row["metadata"].get("transfer") for row in sent).items():
        if times > 1:
            yield f"transfer {mark} was sent {times} times"
    there = {row["metadata"].get("transfer"): (row["amount"], row["amount_reversed"]) for row in sent}
    for row in books.ours["transfers"]:
        here, is_sent = (row["amount_minor"] - row["withheld_minor"], row["reversed_minor"]), row["state"] == "sent"
        if row["state"] not in {"sent", "cancelled"}:
            yield f"transfer {row['id']} is {row['state']}"
        elif there.get(str(row["id"])) != (here if is_sent else None):
            yield f"transfer {row['id']} is {row['state']} with {here}, Stripe has {there.get(str(row['id']))}"
    for row in books.ours["recoveries"]:
        if row["state"] not in {"settled", "owed"}:
            yield f"recovery {row['id']} is {row['state']}"


def _count(books: Books) -> None:
    paid = [row for row in books.stripes["checkout/sessions"] if row["payment_status"] == "paid"]
    ours = books.ours["payments"]
    print(
        f"at Stripe: {len(paid)} paid for {sum(row['amount_total'] for row in paid)}, "
        f"{len(books.stripes['refunds'])} refunds of {sum(row['amount'] for row in books.stripes['refunds'])}, "
        f"{len(books.stripes['transfers'])} transfers of {sum(row['amount'] for row in books.stripes['transfers'])}, "
        f"of it taken back {sum(row['amount_reversed'] for row in books.stripes['transfers'])}"
    )
    print(
        f"here: {dict(Counter(row['state'] for row in ours))} payments, "
        f"{len(books.ours['refunds'])} refunds of {sum(row['amount_minor'] for row in books.ours['refunds'])}, "
        f"{dict(Counter(row['state'] for row in books.ours['transfers']))} transfers, "
        f"{dict(Counter(row['state'] for row in books.ours['recoveries']))} recoveries, "
        f"{len(books.ours['dead'])} dead jobs"
    )
    print("ledger:", ", ".join(f"{row['account']} {row['amount']}" for row in books.ours["ledger"]))
    print("mails:", ", ".join(f"{row['n']} {row['kind']}" for row in books.ours["mails"]))


def _listed(stripe: str, what: str) -> list[Row]:
    found: list[Row] = []
    after: dict[str, str] = {}
    while True:
        answer = httpx.get(
            f"{stripe}/v1/{what}",
            params={"limit": "100", **after},
            headers={"Authorization": "Bearer sk_test_chaos"},
            trust_env=False,
            timeout=30,
        ).json()
        found += answer["data"]
        if not answer["has_more"]:
            return found
        after = {"starting_after": found[-1]["id"]}
