"""What staff may set going again, and put right for others. Each leaves its line in the audit trail.

A second click changes nothing.

Within a transaction.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.office import queries
from app.commerce.orders import correcting, fulfilment
from app.commerce.orders import queries as orders
from app.commerce.orders.forms import ReachForm
from app.commerce.orders.states import Actor
from app.commerce.payments import transfers
from app.kernel.db import after_commit
from app.kernel.outbox import ring
from app.kernel.tenancy import Person
from app.system import audit, mail, runner


async def replay_job(db: AsyncSession, person: Person, job_id: int) -> bool:
    """Give a dead letter another life. False if it lives already. Raises NotFound."""
    job = await queries.job(db, job_id)
    again = await runner.replay(db, job_id)
    if again:
        audit.by(db, person, "job.replayed", ("job", job_id), {}, {"job": job.name, **job.payload})
        after_commit(db, ring)
    return again


async def retry_transfer(db: AsyncSession, person: Person, transfer_id: int) -> bool:
    """Send a failed transfer after all, to the producer's present account. False if it has not failed."""
    account = await queries.transfer_account(db, transfer_id)
    again = await transfers.retry(db, transfer_id, account)
    if again:
        audit.by(db, person, "transfer.retried", ("transfer", transfer_id), {}, {"account": account})
    return again


async def resend_mail(db: AsyncSession, person: Person, mail_id: int) -> bool:
    """Try a mail that failed once more. False if it has not failed. Raises NotFound."""
    known = await mail.one(db, mail_id)
    again = await mail.again(db, mail_id)
    if again:
        audit.by(db, person, "mail.resent", ("mail", mail_id), {}, {"kind": known.kind, "reference": known.reference})
    return again


async def deliver(db: AsyncSession, person: Person, group_id: int, number: str) -> bool:
    """Say for the producer that a parcel has come, or was fetched. False if it had. Raises NotFound, Conflict."""
    order = await orders.of_group(db, group_id, number)
    return await fulfilment.arrive(db, order, Actor("staff", person.id), person.role)


async def correct_tracking(
    db: AsyncSession, person: Person, group_id: int, number: str, carrier: str, text: str
) -> bool:
    """Put another carrier or number. False if they are as said. Raises NotFound, Conflict, Refused."""
    order = await orders.of_group(db, group_id, number)
    return await correcting.tracking(db, order, Actor("staff", person.id), person.role, carrier, text)


async def correct_contact(db: AsyncSession, person: Person, group_id: int, form: ReachForm) -> bool:
    """Whom an order is written to, and where it goes. False if nothing is different. Raises Refused."""
    return await correcting.contact(db, group_id, form, Actor("staff", person.id), person.role)


def record_export(db: AsyncSession, person: Person, rows: int, search: str, state: str) -> None:
    """Who took a list of people away, and of how many."""
    audit.by(
        db, person, "orders.exported", ("group", "csv"), {}, {"rows": rows, "search": bool(search), "state": state}
    )
