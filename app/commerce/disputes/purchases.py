"""A contested purchase of credit, as staff see it and as our answer tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import queries as credit
from app.commerce.credit.models import CreditPurchase, ValueEntry, ValueLot
from app.commerce.disputes import of_credit, words
from app.commerce.disputes.models import Dispute
from app.commerce.disputes.views import DisputeView, FileView, is_open
from app.commerce.payments.ledger import CREDIT_OWED, REFUND_DUE
from app.commerce.payments.models import LedgerEntry, LedgerJournal
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Bought:
    """What became of a purchase's value, wherever it is. Minor units.

    left_minor: there still, blocked_minor of it cannot be spent; voided_minor: made void by the dispute, with refunds
    that the bank has given instead. used: (number of an order, when) of what it has paid.
    """

    purchase: CreditPurchase
    left_minor: int
    blocked_minor: int
    refunded_minor: int
    voided_minor: int
    used: Sequence[tuple[str, datetime]]


async def bought(db: AsyncSession, dispute: Dispute) -> Bought:
    """Raises NotFound's kin only if the purchase is gone, which its dispute forbids."""
    purchase = await db.get_one(CreditPurchase, dispute.purchase_id, populate_existing=True)
    root = await credit.root_of(db, purchase)
    mine = or_(ValueLot.id == root, ValueLot.root_id == root)
    lots = list(await db.scalars(select(ValueLot).where(mine).execution_options(populate_existing=True)))
    held = select(ValueEntry.reference, func.min(ValueEntry.at)).join(ValueLot, ValueLot.id == ValueEntry.lot_id)
    used = await db.execute(held.where(mine, ValueEntry.kind == "held").group_by(ValueEntry.reference))
    voided = (
        select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0))
        .join(LedgerJournal, LedgerJournal.id == LedgerEntry.journal_id)
        .where(of_credit.journals_of(Dispute.stripe_id), Dispute.id == dispute.id)
        .where(LedgerEntry.account.in_((CREDIT_OWED, REFUND_DUE)))
    )
    return Bought(
        purchase,
        sum(lot.left_minor for lot in lots),
        sum(lot.left_minor for lot in lots if lot.blocked_at is not None),
        sum(refund.amount_minor for refund in await credit.refunds_of(db, [purchase.id])),
        int(await db.scalar(voided) or 0),
        sorted(((number.removesuffix("/late"), at) for number, at in used), key=lambda step: step[1]),
    )


def view(shop: ShopFacts, row: Dispute, it: Bought, files: Sequence[FileView] = ()) -> DisputeView:
    can_answer = is_open(row)
    return DisputeView(
        row=row,
        number=it.purchase.number,
        buyer=it.purchase.name or it.purchase.email,
        state=words.state(row.state),
        reason=words.reason(row.reason),
        parts=[],
        can_answer=can_answer,
        borne_by=str(words.BORNE["shop"]),
        draft=dict(row.evidence) if row.evidence or not can_answer else draft(shop, it),
        files=files,
        credit=it,
    )


def draft(shop: ShopFacts, it: Bought) -> dict[str, str]:
    """What we can say for ourselves, by Stripe's field names. Nothing is sent by parcel, and no code is told."""
    bought_ = it.purchase
    amount = formats.money(bought_.amount_minor, bought_.currency, current_locale())
    what = _("Buono regalo di %(amount)s") if bought_.kind == "gift" else _("Ricarica del credito di %(amount)s")
    return {
        "customer_name": bought_.name,
        "customer_email_address": bought_.email,
        "product_description": f"{shop.name}: {what % {'amount': amount}}",
        "cancellation_policy_disclosure": _(
            "Il diritto di recesso entro quattordici giorni, per la parte non usata, è mostrato prima del pulsante che "
            "obbliga a pagare e ripetuto nella mail di conferma."
        ),
        "refund_policy_disclosure": _(
            "Le condizioni di rimborso sono accettate prima di pagare e ripetute nella mail di conferma; si trovano in "
            "ogni momento sul sito del negozio."
        ),
        "uncategorized_text": "\n".join(_story(shop, it)),
    }


def _story(shop: ShopFacts, it: Bought) -> list[str]:
    bought_, told = it.purchase, []
    if bought_.paid_at:
        told.append(
            _(
                "L’acquisto %(number)s è stato pagato il %(when)s.",
                number=bought_.number,
                when=_moment(shop, bought_.paid_at),
            )
        )
    if bought_.kind == "topup":
        told.append(_("Il credito è stato a disposizione di chi ha pagato da quel momento."))
    elif bought_.sent_at:
        to = bought_.recipient_email or bought_.email
        told.append(_("Il codice è stato mandato a %(to)s il %(when)s.", to=to, when=_moment(shop, bought_.sent_at)))
    told += [_("Usato per l’ordine %(number)s il %(when)s.", number=n, when=_moment(shop, at)) for n, at in it.used]
    return told


def _moment(shop: ShopFacts, at: datetime) -> str:
    return formats.datetime(at, current_locale(), ZoneInfo(shop.time_zone))
