"""Giving up: a dispute that we cannot win is accepted as lost, so that nobody works on it any more."""

from app.commerce.disputes import files, following, queries
from app.commerce.disputes.models import Dispute
from app.integrations import stripe_money
from app.integrations.stripe import PaymentRefused, StripeGateway
from app.kernel import ids
from app.kernel.db import Database, transaction
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit


async def concede(
    database: Database, shop: ShopFacts, gateway: StripeGateway, person: Person, dispute_id: int
) -> str | None:
    """Tell Stripe, and let follow what must. Its state now. No transaction may be open.

    Raises NotFound; Conflict when it has been answered or decided, or is only an inquiry, PaymentUnreachable: try
    again; of two tries Stripe refuses the second. The audit trail says who, before Stripe is asked: what cannot be
    taken back has its name even where the answer is lost.
    """
    async with database.session(shop.id) as db, transaction(db):
        row = await files.open_for(db, dispute_id)
        if row.state != "needs_response":
            raise Conflict(_("È solo una richiesta della banca: se chi ha comprato ha ragione, rimborsalo."))
        audit.by(
            db,
            person,
            "dispute.conceded",
            ("dispute", row.id),
            {"state": row.state},
            {"dispute": row.stripe_id, "amount_minor": row.amount_minor},
        )
        stripe_id = row.stripe_id
    try:
        facts = await stripe_money.concede(gateway, stripe_id, key=f"concede:{stripe_id}:{ids.token()[:12]}")
    except PaymentRefused as no:
        await following.follow(database, shop, gateway, stripe_id)
        async with database.session(shop.id) as db:
            now: Dispute = await queries.one(db, dispute_id)
        if now.state not in queries.OPEN:
            return now.state
        raise files.too_late() from no
    return await following.take_in(database, shop, facts)
