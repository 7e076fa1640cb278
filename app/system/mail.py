"""Outgoing mail: written once as a row, sent by a job; without SMTP it stays where the mailbox page shows it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.integrations import mail as smtp
from app.integrations.mail import Attachment
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import NotFound
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system.models import OutgoingMail
from app.system.runner import Work
from app.web.pages import render

MEMORY = timedelta(days=30)  # of mails that no law wants kept

Maker = Callable[[AsyncSession, ShopFacts, int], Awaitable[Attachment]]
_makers: dict[str, Maker] = {}


def attaches(kind: str, maker: Maker) -> None:
    """At start: who makes the file of `OutgoingMail.attachment` "<kind>:<id>".

    It is made anew for each try, so it must come from what is frozen.
    """
    _makers[kind] = maker


async def write_page(  # noqa: PLR0913  (a mail has that many parts)
    db: AsyncSession,
    shop: ShopFacts,
    template: str,
    *,
    kind: str,
    reference: str,
    recipient: str,
    locale: str,
    subject: str,
    group_id: int | None = None,
    unsubscribe_url: str | None = None,
    attachment: str | None = None,
    **context: Any,
) -> OutgoingMail:
    """`write` from mail/<template>.html and .txt, for a shop. Inside `pages.writing`, in the reader's language."""
    known = {"shop": shop, "locale": locale, "subject": subject, "withdrawal_url": None, **context}
    return await write(
        db,
        kind=kind,
        reference=reference,
        recipient=recipient,
        locale=locale,
        subject=f"{subject} · {shop.name}",
        text=render(f"mail/{template}.txt", **known),
        html=render(f"mail/{template}.html", **known),
        group_id=group_id,
        unsubscribe_url=unsubscribe_url,
        attachment=attachment,
    )


async def write(  # noqa: PLR0913  (a mail has that many parts)
    db: AsyncSession,
    *,
    kind: str,
    reference: str,
    recipient: str,
    locale: str,
    subject: str,
    text: str,
    html: str,
    group_id: int | None = None,
    unsubscribe_url: str | None = None,
    attachment: str | None = None,
) -> OutgoingMail:
    """Put a mail into the outbox, in the present transaction. (kind, reference) that is there already is returned."""
    known = await db.scalar(select(OutgoingMail).where(OutgoingMail.kind == kind, OutgoingMail.reference == reference))
    if known is not None:
        return known
    mail = OutgoingMail(
        kind=kind,
        reference=reference,
        group_id=group_id,
        recipient=recipient,
        locale=locale,
        subject=" ".join(subject.split()),
        text=text,
        html=html,
        unsubscribe_url=unsubscribe_url,
        attachment=attachment,
        state="queued",
        created_at=clock.now(),
    )
    db.add(mail)
    await db.flush()  # the job needs the id
    add_job(db, "mail.send", mail_id=mail.id)
    return mail


async def send(work: Work, mail_id: int) -> None:
    """Job: hand one mail to the SMTP server. Sent twice only if the process dies between server and commit."""
    async with work.session() as db:
        mail = await db.get(OutgoingMail, mail_id)
        if mail is None or mail.state != "queued":
            return
        state, error = "kept", None
        if work.settings.mail.smtp_url:
            message = smtp.compose(
                sender=work.settings.mail.sender,
                sender_name=work.own_shop.name,
                recipient=mail.recipient,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                unsubscribe_url=mail.unsubscribe_url,
                attachment=await _attached(db, work.own_shop, mail),
            )
            await db.commit()  # no network call inside a transaction
            try:
                await smtp.send(work.settings.mail.smtp_url, message)
                state = "sent"
            except smtp.MailRefused as refused:
                state, error = "failed", str(refused)
        async with transaction(db):
            mail.state, mail.error, mail.sent_at = state, error, clock.now()


async def _attached(db: AsyncSession, shop: ShopFacts, mail: OutgoingMail) -> Attachment | None:
    if not mail.attachment:
        return None
    kind, _colon, reference = mail.attachment.partition(":")
    return await _makers[kind](db, shop, int(reference))


async def again(db: AsyncSession, mail_id: int) -> bool:
    """Try a mail that failed once more. False if it has not failed (any more). Within a transaction."""
    waiting = await db.execute(
        update(OutgoingMail)
        .where(OutgoingMail.id == mail_id, OutgoingMail.state == "failed")
        .values(state="queued", error=None)
        .returning(OutgoingMail.id)
        .execution_options(synchronize_session=False)
    )
    if waiting.first() is None:
        return False
    add_job(db, "mail.send", mail_id=mail_id)
    return True


async def forget(db: AsyncSession, kinds: Sequence[str]) -> None:
    """Delete mails of these kinds that went out (or never will) and are MEMORY old. Within a transaction."""
    await db.execute(
        delete(OutgoingMail)
        .where(OutgoingMail.kind.in_(kinds), OutgoingMail.created_at < clock.now() - MEMORY)
        .where(OutgoingMail.state != "queued")
        .execution_options(synchronize_session=False)
    )


async def one(db: AsyncSession, mail_id: int) -> OutgoingMail:
    """Raises NotFound."""
    found = await db.scalar(select(OutgoingMail).where(OutgoingMail.id == mail_id))
    if found is None:
        raise NotFound
    return found


async def of_group(db: AsyncSession, group_id: int) -> list[OutgoingMail]:
    """The mails about an order group, oldest first."""
    found = await db.scalars(select(OutgoingMail).where(OutgoingMail.group_id == group_id).order_by(OutgoingMail.id))
    return list(found)


async def latest(db: AsyncSession, most: int = 100) -> list[OutgoingMail]:
    """The shop's mails, newest first."""
    return list(await db.scalars(select(OutgoingMail).order_by(OutgoingMail.id.desc()).limit(most)))
