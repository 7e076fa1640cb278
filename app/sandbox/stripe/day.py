"""A day passes: pending money matures, payouts leave and arrive, banks decide disputes that have been answered.

The clock stays: what is to come is brought a day nearer. So whoever talks to the stand-in keeps the same time as it.
"""

from app.sandbox.stripe import clock, disputes, ledger, payouts
from app.sandbox.stripe.call import Call
from app.sandbox.stripe.state import Body

REVIEW_DAYS = 3  # GUESS, shortened: real banks take weeks (docs.stripe.com/disputes/responding: "two to three months")
# The page on testing, disputes: these words in the free text decide a test dispute
WINNING, LOSING = "winning_evidence", "losing_evidence"


def pass_days(call: Call, days: int = 1) -> Body:
    """Let so many days pass, one after the other. What was paid out and decided, by id."""
    done: Body = {"payouts": [], "disputes": []}
    for _ in range(days):
        _bring_nearer(call)
        clock.tick(call)
        done["disputes"] += _decide(call)
        done["payouts"] += _pay_out(call)
    return done


def _bring_nearer(call: Call) -> None:
    db = call.store.db
    db.execute("UPDATE due SET at = at - ?", (ledger.DAY,))
    db.execute(
        "UPDATE objects SET body = json_set(body, '$.available_on', json_extract(body, '$.available_on') - ?) "
        "WHERE kind = 'balance_transaction' AND json_extract(body, '$.status') = 'pending'",
        (ledger.DAY,),
    )
    for dispute in call.store.select("dispute"):
        if dispute["status"] in disputes.OPEN:
            dispute["evidence_details"]["due_by"] -= ledger.DAY
            call.store.save(dispute)
            if answered := call.store.hidden(dispute["id"]).get("answered_at"):
                call.store.hide(dispute["id"], answered_at=answered - ledger.DAY)


def _decide(call: Call) -> list[str]:
    """Answered disputes end after REVIEW_DAYS; those that nobody answered in time end at once."""
    ended = []
    for dispute in call.store.select("dispute"):
        if dispute["status"] in ("needs_response", "warning_needs_response"):
            over = call.now > dispute["evidence_details"]["due_by"]
            outcome = "warning_closed" if dispute["status"].startswith("warning") else "lost"
        else:
            answered = call.store.hidden(dispute["id"]).get("answered_at") or dispute["created"]
            over = dispute["status"] in disputes.OPEN and call.now >= answered + REVIEW_DAYS * ledger.DAY
            outcome = _verdict(dispute)
        if over:
            disputes.finish(call, dispute, outcome)
            ended.append(dispute["id"])
    return ended


def _verdict(dispute: Body) -> str:
    """GUESS beyond the two words of Stripe's test mode: a bank believes whoever names a shipment."""
    if dispute["status"].startswith("warning"):
        return "warning_closed"
    said = str(dispute["evidence"].get("uncategorized_text") or "")
    if WINNING in said or LOSING in said:
        return "won" if WINNING in said else "lost"
    return "won" if dispute["evidence"].get("shipping_tracking_number") else "lost"


def _pay_out(call: Call) -> list[str]:
    """What is available goes to the bank: of the platform, and of accounts whose payouts are enabled."""
    # docs.stripe.com/payouts: "daily" is the standard schedule; GUESS: without a minimum
    ready = ["", *(account["id"] for account in call.store.select("account") if account["payouts_enabled"])]
    made, asked_by, params = [], call.account, call.params
    for owner in ready:
        for pot in ledger.balance_of(call.store, owner or ledger.PLATFORM)["available"]:
            if pot["amount"] > 0:
                call.account, call.params = owner, {"amount": pot["amount"], "currency": pot["currency"]}
                payout = payouts.create(call)
                call.store.save(payout | {"automatic": True})
                made.append(payout["id"])
    call.account, call.params = asked_by, params
    return made
