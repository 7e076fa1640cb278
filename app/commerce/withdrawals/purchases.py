"""Withdrawing from a gift card or a top-up: what was not used goes back at once, by the way of the payment.

The period counts from the day of the contract, since nothing is delivered (Codice del consumo, art. 52, paragraph 2);
the form before the purchase and its receipt tell of the right. Value that was spent is not in it: who buys asks for it
to be usable at once. The periods are those of rules.py; the money is credit/refunding.py.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import refunding
from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.credit.refunding import Ask, Left
from app.commerce.orders.states import Actor
from app.commerce.withdrawals import claims, rules, wording
from app.commerce.withdrawals.rules import Period
from app.kernel import clock, formats
from app.kernel.errors import Conflict
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.system import audit


def path(number: str, key: str) -> str:
    """Where a purchase is withdrawn from. key: of its private link."""
    return f"/buono/acquisti/{number}/recesso?chiave={key}"


def period(purchase: CreditPurchase, shop: ShopFacts) -> Period:
    paid = claims.day(purchase.paid_at, shop.time_zone) if purchase.paid_at else None
    return rules.period([paid], paid)


def closed(left: Left, shop: ShopFacts) -> str:
    """Why it cannot be withdrawn from (any more); "" if it can."""
    if left.purchase.state != "paid":
        return _("Questo acquisto non è stato pagato: non devi nulla.")
    if not left.amount_minor:
        return _(
            "Di questo acquisto non c’è più nulla da restituire: è stato usato, è scaduto o è già tornato indietro."
        )
    found = period(left.purchase, shop)
    if found.last_day and found.is_over(clock.today(shop.time_zone)):
        day = formats.date(found.last_day, current_locale(), style="full")
        return _("Il termine per recedere è finito %(day)s. Scrivici: vediamo insieme che cosa si può fare.", day=day)
    return ""


def statement(left: Left, name: str, email: str) -> list[str]:
    """The whole statement, line by line, as its author reads it before he confirms. Source: art. 54-bis."""
    bought, locale = left.purchase, current_locale()
    paid, back = (formats.money(minor, bought.currency, locale) for minor in (bought.amount_minor, left.amount_minor))
    what = (
        _("Buono regalo da %(amount)s", amount=paid)
        if bought.kind == "gift"
        else _("Ricarica da %(amount)s", amount=paid)
    )
    lines = [_("Con la presente recedo dal contratto di acquisto di:"), f"– {what}"]
    if left.amount_minor < bought.amount_minor:
        lines.append(_("per quello che ne resta: %(amount)s", amount=back))
    day = formats.date(bought.paid_at, locale) if bought.paid_at else ""
    return [
        *lines,
        _("Acquisto %(number)s, pagato il %(day)s", number=bought.number, day=day),
        _("Nome: %(name)s", name=name),
        _("E-mail per la conferma: %(email)s", email=email),
    ]


async def withdraw(
    db: AsyncSession, shop: ShopFacts, purchase: CreditPurchase, *, name: str, email: str, key: str, seen: str
) -> CreditRefund:
    """The statement is made, at this moment, and the money decided. Within a transaction; one form's key, once.

    Raises Conflict when it can no longer be, or is not as it was `seen`.
    """
    own_key = f"withdrawal:{purchase.id}:{key}"
    if (before := await refunding.known(db, own_key)) is not None:
        return before
    left = await refunding.left_of(db, purchase)
    if trouble := closed(left, shop):
        raise Conflict(trouble)
    moment = wording.moment(clock.now(), shop.time_zone)
    text = "\n".join([*statement(left, name, email), _("Mandata il %(moment)s", moment=moment)])
    ask = Ask(purchase.id, "withdrawal", own_key, seen, statement=text, email=email)
    row, is_new = await refunding.refund(db, ask, Actor("buyer", purchase.user_id))
    if is_new:
        audit.record(
            db,
            action="credit.withdrawn",
            entity="credit_refund",
            entity_id=row.number,
            actor_id=purchase.user_id,
            actor_role="buyer",
            after={"amount_minor": row.amount_minor},
        )
    return row
