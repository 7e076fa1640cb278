"""What staff may set going again. Each leaves its line in the audit trail; a second click changes nothing.

Within a transaction.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.office import queries
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
        _record(db, person, "job.replayed", "job", job_id, {"job": job.name, **job.payload})
        after_commit(db, ring)
    return again


async def retry_transfer(db: AsyncSession, person: Person, transfer_id: int) -> bool:
    """Send a failed transfer after all, to the producer's present account. False if it has not failed."""
    account = await queries.transfer_account(db, transfer_id)
    again = await transfers.retry(db, transfer_id, account)
    if again:
        _record(db, person, "transfer.retried", "transfer", transfer_id, {"account": account})
    return again


async def resend_mail(db: AsyncSession, person: Person, mail_id: int) -> bool:
    """Try a mail that failed once more. False if it has not failed. Raises NotFound."""
    known = await mail.one(db, mail_id)
    again = await mail.again(db, mail_id)
    if again:
        _record(db, person, "mail.resent", "mail", mail_id, {"kind": known.kind, "reference": known.reference})
    return again


def record_export(db: AsyncSession, person: Person, rows: int, search: str, state: str) -> None:
    """Who took a list of people away, and of how many."""
    _record(db, person, "orders.exported", "group", "csv", {"rows": rows, "search": bool(search), "state": state})


def _record(
    db: AsyncSession, person: Person, action: str, entity: str, entity_id: object, after: dict[str, object]
) -> None:
    audit.record(
        db,
        action=action,
        entity=entity,
        entity_id=entity_id,
        actor_id=person.id,
        actor_role=person.role,
        after=after,
    )
