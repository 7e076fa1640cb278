"""How much may be charged, and with which Connect parameters."""

from app.sandbox.stripe import transfers
from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.state import Body

# The table of smallest amounts on docs.stripe.com, page currencies; the row of EUR is a GUESS
MINIMUM = {"usd": 50, "eur": 50, "gbp": 30, "chf": 50, "sek": 300, "nok": 300, "dkk": 250, "pln": 200, "jpy": 50}


def check_amount(amount: int, currency: str, param: str = "amount") -> None:
    """Raises Refuse amount_too_small or amount_too_large."""
    # the description, amount: "The minimum amount is $0.50 US or equivalent in charge currency. The amount value
    # supports up to eight digits"
    if amount < MINIMUM.get(currency, 50):
        raise Refuse(
            f"Amount must be at least {MINIMUM.get(currency, 50)} {currency}.", code="amount_too_small", param=param
        )
    if amount > 99_999_999:
        raise Refuse("Amount must be no more than 999,999.99.", code="amount_too_large", param=param)


def check_fee(fee: int | None, intent: Body) -> None:
    """Raises Refuse for an application fee that is more than the payment has become."""
    # GUESS: as at its creation, see check_split
    if fee is not None and not 0 <= fee <= intent["amount"]:
        raise Refuse(
            "application_fee_amount is more than the payment.", code="amount_too_large", param="application_fee_amount"
        )


def check_split(call: Call, given: Body, amount: int, prefix: str = "") -> None:
    """The Connect parameters of a charge. prefix: "payment_intent_data" for those inside a Session."""

    def named(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    fee, data = given.get("application_fee_amount"), given.get("transfer_data")
    if fee is not None and not 0 <= fee <= amount:
        # docs.stripe.com/connect/destination-charges: the fee is "capped at the total transaction amount"
        raise Refuse(
            "application_fee_amount is more than the charge.",
            code="amount_too_large",
            param=named("application_fee_amount"),
        )
    if data:
        transfers.ready_account(
            call,
            data["destination"],
            f"{prefix}[transfer_data][destination]" if prefix else "transfer_data[destination]",
        )
        if fee is not None and "amount" in data:
            raise Refuse(
                "application_fee_amount and transfer_data[amount] exclude each other.",
                param=named("application_fee_amount"),
            )
        if data.get("amount", 0) > amount:
            raise Refuse(
                "transfer_data[amount] is more than the charge.", code="amount_too_large", param=named("transfer_data")
            )
    elif fee is not None and not call.account:
        # GUESS at the wording; a fee needs an account to take it from
        raise Refuse(
            "application_fee_amount needs transfer_data[destination] or a Stripe-Account.",
            param=named("application_fee_amount"),
        )
    if given.get("on_behalf_of"):
        call.store.get("account", given["on_behalf_of"], param=named("on_behalf_of"), status=400)
