"""Send a mail over SMTP. Knows nothing of orders or people."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import unquote, urlsplit

import aiosmtplib

TIMEOUT_SECONDS = 15


class MailRefused(Exception):
    """The server says that this recipient or message will never be accepted (5xx): trying again is no use."""


def compose(*, sender: str, sender_name: str, recipient: str, subject: str, text: str, html: str) -> EmailMessage:
    """A message with both bodies. Raises ValueError for an address or subject that would inject a header."""
    message = EmailMessage()
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = subject
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


async def send(smtp_url: str, message: EmailMessage) -> None:
    """Hand the message over. smtp://user:password@host:587 (STARTTLS when offered) or smtps://…:465.

    Raises MailRefused for a final no; aiosmtplib.SMTPException or OSError when it may go through later.
    """
    parts = urlsplit(smtp_url)
    tls = parts.scheme == "smtps"
    try:
        await aiosmtplib.send(
            message,
            hostname=parts.hostname or "localhost",
            port=parts.port or (465 if tls else 25),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=tls,
            timeout=TIMEOUT_SECONDS,
        )
    except aiosmtplib.SMTPRecipientsRefused as refused:
        if all(500 <= one.code < 600 for one in refused.recipients):
            raise MailRefused(str(refused.recipients[0].code)) from refused
        raise
    except aiosmtplib.SMTPResponseException as refused:
        if 550 <= refused.code < 560:
            raise MailRefused(str(refused.code)) from refused
        raise
