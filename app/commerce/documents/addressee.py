"""To whom an invoice that is not made yet is made out: as the buyer said, until staff correct it with him."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents import waiting
from app.commerce.orders.models import Order
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit

PLACES = ("country", "street", "postal_code", "city", "province")


async def correct(db: AsyncSession, person: Person, number: str, typed: Mapping[str, str]) -> Order:
    """Write name, codes and address (forms.BuyerForm) into the order, and have its invoices tried again.

    For all orders of its group that are not invoiced yet. Within a transaction. Raises Conflict when it is no longer
    waiting: then the document itself is corrected (sending.correct).
    """
    order = await waiting.one_order(db, number, lock=True)
    if order is None:
        raise Conflict(_("Questa fattura nel frattempo è stata emessa: se lo SdI la scarta, si corregge da lì."))
    group, before = order.group, dict(order.group.invoice)
    is_company = bool(typed["vat_number"])
    after = {
        **before,
        "kind": "company" if is_company else "person",
        "company": typed["name"] if is_company else "",
        "name": "" if is_company else typed["name"],
        "partita_iva": typed["vat_number"],
        "codice_fiscale": typed["tax_code"],
        "sdi": typed["code"],
        "pec": typed["pec"],
        "invoice_elsewhere": "1",
        **{f"invoice_{place}": typed[place] for place in PLACES},
    }
    if after != before:
        group.invoice = after
        audit.by(db, person, "order.invoice_address", ("group", group.number), before, after)
        add_job(db, "documents.invoice_group", group_id=group.id)
    return order
