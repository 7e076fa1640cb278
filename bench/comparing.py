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
class Fault:
    """kind: missing | doubled | differing | unfinished."""

    kind: str
    words: str


@dataclass(frozen=True)
class Books:
    """Rows of ours by table, and Stripe's objects by kind."""

    ours: dict[str, list[Row]]
    stripes: dict[str, list[Row]]


async def compare(database: str, stripe: str, errands: Sequence[Errand], given: Sequence[Given]) -> list[Fault]:
    """Every difference. Prints how much was compared. database: address; stripe: of the stand-in."""
    kinds = ("checkout/sessions", "payment_intents", "refunds", "transfers")
    books = Books(await _ours(database), {kind: _listed(stripe, kind) for kind in kinds})
    faults = [
        *_payments(books, errands),
        *_refunds(books, given),
        *_transfers(books),
        *_told(books),
        *(
            Fault("differing", f"{row['n']} holds are of no order that waits")
            for row in books.ours["holds"]
            if row["n"]
        ),
        *(Fault("unfinished", f"job {row['name']}: {row['last_error']}") for row in books.ours["dead"]),
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
    "untold": "select g.number, g.state from order_groups g "
    "where g.state in ('paid', 'authorized', 'deposited', 'refunded') and not exists "
    "(select from outgoing_mails m where m.kind = 'order.confirmation' and m.group_id = g.id)",
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


def _payments(books: Books, errands: Sequence[Errand]) -> Iterator[Fault]:
    """What was taken there is paid here, for as much, once; what is held there is authorised here, to be charged by
    weight; late and doubled payments have gone back.
    """
    late = {row["metadata"].get("payment") for row in books.stripes["refunds"]}
    ours = {row["session_id"]: row for row in books.ours["payments"]}
    taken, held = _taken(books), _held(books)
    for id_, amount in taken.items():
        row = ours.get(id_)
        if row is None:
            yield Fault("missing", f"Stripe took money for {id_}, of which we know nothing")
        elif (row["state"], str(row["id"]) in late) not in {("paid", False), ("refunded", True)}:
            was_given = str(row["id"]) in late
            yield Fault("missing", f"{row['number']}: paid at Stripe (given back: {was_given}), {row['state']} here")
        elif row["amount_minor"] != amount:
            yield Fault("differing", f"{row['number']}: {row['amount_minor']} here, {amount} at Stripe")
    for id_, row in ours.items():
        if row["state"] == "paid" and id_ not in taken:
            yield Fault("differing", f"{row['number']} is paid here, not at Stripe")
        if (row["amount_minor"] if row["state"] == "authorized" else None) != held.get(id_):
            yield Fault("differing", f"{row['number']} is {row['state']} here, Stripe holds {held.get(id_)}")
    for number, times in Counter(row["number"] for row in ours.values() if row["state"] == "paid").items():
        if times > 1:
            yield Fault("doubled", f"{number} was paid {times} times")
    for errand in errands:
        if errand.pressed_pay and errand.session not in taken.keys() | held.keys():
            yield Fault("missing", f"a guest paid {errand.session}, and Stripe took nothing: {errand.told}")


def _taken(books: Books) -> dict[str, int]:
    """By session, the money that Stripe has taken."""
    return _of_sessions(books, "amount_received")


def _held(books: Books) -> dict[str, int]:
    """By session, what Stripe holds until it is known what the goods weigh."""
    return _of_sessions(books, "amount_capturable")


def _of_sessions(books: Books, what: str) -> dict[str, int]:
    amounts = {row["id"]: row[what] for row in books.stripes["payment_intents"]}
    found = {row["id"]: amounts.get(row["payment_intent"], 0) for row in books.stripes["checkout/sessions"]}
    return {id_: amount for id_, amount in found.items() if amount}


def _refunds(books: Books, given: Sequence[Given]) -> Iterator[Fault]:
    """Each refund that somebody confirmed is there once, and went to the card once, for as much."""
    ours = {str(row["id"]): row for row in books.ours["refunds"]}
    marked = [row for row in books.stripes["refunds"] if "refund" in row["metadata"]]
    for mark, times in Counter(row["metadata"]["refund"] for row in marked).items():
        if times > 1:
            yield Fault("doubled", f"refund {mark} was given {times} times at Stripe")
        if mark not in ours:
            yield Fault("differing", f"refund {mark} was given at Stripe, and is not here")
    there = {row["metadata"]["refund"]: row["amount"] for row in marked}
    for mark, row in ours.items():
        if row["state"] != "sent":
            yield Fault("unfinished", f"{row['number']} is {row['state']}")
        elif there.get(mark, 0) != row["card_minor"]:
            yield Fault("differing", f"{row['number']}: {row['card_minor']} for the card, Stripe has {there.get(mark)}")
    keys = {row["request_key"].rpartition(":")[2] for row in ours.values()}
    for each in given:
        if 303 in each.answers and each.key not in keys:
            yield Fault("missing", f"somebody was told that refund {each.key} is done, and there is none")


def _transfers(books: Books) -> Iterator[Fault]:
    """Each producer's part was sent once, less what was kept back, and as much of it taken back as we say."""
    sent = books.stripes["transfers"]
    for mark, times in Counter(row["metadata"].get("transfer") for row in sent).items():
        if times > 1:
            yield Fault("doubled", f"transfer {mark} was sent {times} times")
    there = {row["metadata"].get("transfer"): (row["amount"], row["amount_reversed"]) for row in sent}
    for row in books.ours["transfers"]:
        here, is_sent = (row["amount_minor"] - row["withheld_minor"], row["reversed_minor"]), row["state"] == "sent"
        found = there.get(str(row["id"]))
        if row["state"] not in {"sent", "cancelled"}:
            yield Fault("unfinished", f"transfer {row['id']} is {row['state']}")
        elif found != (here if is_sent else None):
            yield Fault("differing", f"transfer {row['id']} is {row['state']} with {here}, Stripe has {found}")
    for row in books.ours["recoveries"]:
        if row["state"] not in {"settled", "owed"}:
            yield Fault("unfinished", f"recovery {row['id']} is {row['state']}")


def _told(books: Books) -> Iterator[Fault]:
    """Everybody who has paid has a confirmation."""
    for row in books.ours["untold"]:
        yield Fault("missing", f"{row['number']} is {row['state']}, and its buyer was sent no confirmation")


def _count(books: Books) -> None:
    taken, held, ours = _taken(books), _held(books), books.ours["payments"]
    print(
        f"at Stripe: {len(taken)} paid for {sum(taken.values())}, {len(held)} held for {sum(held.values())}, "
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
