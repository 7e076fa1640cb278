"""Double entry: every movement of money is a posting whose lines sum to zero.

Owners are "platform", the ids of connected accounts, and "outside", whose pots are the world: customers, fees, banks,
disputes, and `transit`, through which transfers pass and which is therefore always empty.
"""

from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import fresh, new_id
from app.sandbox.stripe.state import Body, Store

PLATFORM, OUTSIDE = "platform", "outside"
DAY = 86_400
PENDING_DAYS = 7  # GUESS for Italy; docs.stripe.com/payouts says 2 to 7 days by country
FEE_BASIS_POINTS, FEE_FIXED = 150, 25  # Stripe's list price for EEA cards, 1.5 % + 0.25 EUR
REPORTING = {
    "payment": "charge",
    "charge": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "transfer": "transfer",
    "transfer_refund": "transfer_reversal",
    "payout": "payout",
    "payout_failure": "payout_reversal",
    "payout_cancel": "payout_reversal",
    "application_fee": "platform_earning",
    "adjustment": "dispute",
    "application_fee_refund": "platform_earning_refund",
    "payment_failure_refund": "refund_failure",
    "refund_failure": "refund_failure",
}


def _post(store: Store, posting: str, currency: str, lines: list[tuple[str, str, int]]) -> None:
    if sum(amount for _, _, amount in lines) != 0:
        raise AssertionError(f"posting {posting} does not sum to zero: {lines}")
    store.db.executemany(
        "INSERT INTO entries (posting, owner, pot, currency, amount) VALUES (?, ?, ?, ?, ?)",
        [(posting, owner, pot, currency, amount) for owner, pot, amount in lines if amount],
    )


def processing_fee(store: Store, amount: int) -> int:
    """Stripe's own fee on a charge, in the smallest unit."""
    points, fixed = store.setting("fee_basis_points", FEE_BASIS_POINTS), store.setting("fee_fixed", FEE_FIXED)
    return (amount * int(points) + 5_000) // 10_000 + int(fixed)


def move(  # noqa: PLR0913  (a balance transaction has that many parts)
    call: Call,
    owner: str,
    amount: int,
    currency: str,
    *,
    type: str,
    source: str,
    against: str,
    fee: int = 0,
    fee_type: str = "stripe_fee",
    available_on: int | None = None,
) -> Body:
    """Book `amount` (may be negative) less `fee` to an owner as a balance transaction.

    against: the outside pot it comes from. available_on: Unix seconds; the money is pending until then.
    """
    at = call.now if available_on is None else available_on
    pending = at > call.now
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "type": fee_type,
            "description": "Stripe processing fees" if fee_type == "stripe_fee" else "Application fee",
        }
    ]
    txn = fresh(
        "balance_transaction",
        new_id("txn"),
        call.now,
        amount=amount,
        fee=fee,
        net=amount - fee,
        currency=currency,
        type=type,
        reporting_category=REPORTING[type],
        source=source,
        available_on=at,
        fee_details=details if fee else [],
        status="pending" if pending else "available",
    )
    fees = "transit" if fee_type == "application_fee" else "fees"
    pot = "pending" if pending else "available"
    _post(
        call.store, txn["id"], currency, [(owner, pot, amount - fee), (OUTSIDE, fees, fee), (OUTSIDE, against, -amount)]
    )
    call.store.add(txn, account="" if owner == PLATFORM else owner)
    if pending:
        call.store.schedule(at, "mature", txn["id"])
    return txn


def mature(call: Call, txn_id: str) -> None:
    """Pending money becomes available; the owner hears of it."""
    txn = call.store.get("balance_transaction", txn_id)
    if txn["status"] == "available":
        return
    owner = call.store.owner(txn_id)[0]
    moved = txn["net"]
    holder = owner or PLATFORM
    _post(call.store, f"{txn_id}:mature", txn["currency"], [(holder, "pending", -moved), (holder, "available", moved)])
    call.store.save(txn | {"status": "available"})
    call.emit("balance.available", balance_of(call.store, holder), account=owner)


def held(store: Store, owner: str, currency: str, pot: str = "available") -> int:
    """What an owner has in a pot, in the smallest unit; may be negative."""
    sql = "SELECT COALESCE(SUM(amount), 0) FROM entries WHERE owner = ? AND pot = ? AND currency = ?"
    return int(store.db.execute(sql, (owner, pot, currency)).fetchone()[0])


def need(store: Store, owner: str, amount: int, currency: str) -> None:
    """Raises Refuse balance_insufficient unless the owner has `amount` available."""
    # docs.stripe.com/connect/separate-charges-and-transfers: "the transfer request fails when the amount exceeds the
    # platform's available account balance"
    if held(store, owner, currency) < amount:
        raise Refuse("You have insufficient available funds in your Stripe account.", code="balance_insufficient")


def balance_of(store: Store, owner: str) -> Body:
    """The balance object of an owner, a row per currency."""
    found = store.rows("SELECT DISTINCT currency FROM entries WHERE owner = ? ORDER BY currency", owner)
    currencies = [row["currency"] for row in found] or ["eur"]

    def pot(name: str) -> list[Body]:
        amounts = {each: held(store, owner, each, name) for each in currencies}
        return [{"amount": amounts[c], "currency": c, "source_types": {"card": amounts[c]}} for c in currencies]

    return {"object": "balance", "available": pot("available"), "pending": pot("pending"), "livemode": False}


def check(store: Store) -> None:
    """After each call: the whole sums to zero per currency and nothing is left in transit."""
    wrong = store.rows("SELECT currency, SUM(amount) AS off FROM entries GROUP BY currency HAVING off != 0")
    transit = store.rows(
        "SELECT currency, SUM(amount) AS off FROM entries WHERE pot = 'transit' GROUP BY currency HAVING off != 0"
    )
    if wrong or transit:
        raise AssertionError(f"the ledger does not balance: {wrong} {transit}")


def summary(store: Store) -> list[Body]:
    """Sums by owner, pot and currency, for /_control/state."""
    return store.rows(
        "SELECT owner, pot, currency, SUM(amount) AS amount FROM entries GROUP BY owner, pot, currency ORDER BY 1, 2, 3"
    )


def strays(store: Store) -> list[str]:
    """Owners whose pots differ from the sum of their balance transactions; empty when all is well."""
    txns: dict[tuple[str, str], int] = {}
    for row in store.rows(
        "SELECT account, json_extract(body, '$.currency') AS currency, SUM(json_extract(body, '$.net')) AS net "
        "FROM objects WHERE kind = 'balance_transaction' GROUP BY 1, 2"
    ):
        txns[row["account"] or PLATFORM, row["currency"]] = row["net"]
    return [
        f"{owner} {currency}"
        for (owner, currency), net in txns.items()
        if held(store, owner, currency) + held(store, owner, currency, "pending") != net
    ]


def get_balance(call: Call) -> Body:
    return balance_of(call.store, call.account or PLATFORM)


def list_transactions(call: Call) -> Body:
    if payout := call.params.pop("payout", None):
        call.params["source"] = payout
    return call.listing("balance_transaction", "currency", "source", "type")


def get_transaction(call: Call) -> Body:
    return call.store.get("balance_transaction", call.id(), account=call.account)


OPERATIONS = {
    "GetBalance": get_balance,
    "GetBalanceTransactions": list_transactions,
    "GetBalanceTransactionsId": get_transaction,
}
