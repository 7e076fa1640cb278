"""Send a mail over SMTP. Knows nothing of orders or people."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import Policy
from email.utils import make_msgid
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

TIMEOUT_SECONDS = 15


class MailRefused(Exception):
    """The server says that this recipient or message will never be accepted (5xx): trying again is no use."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message. media_type: e.g. "application/pdf"."""

    name: str
    media_type: str
    body: bytes


class _Unsubscribe(str):
    """A header on one line: the library would break a long address up into encoded words, which no program reads."""

    __slots__ = ()
    name = "List-Unsubscribe"

    def fold(self, *, policy: "Policy[Any]") -> str:
        if not self.isascii() or set(self) & set(" \r\n"):
            raise ValueError("an address that would inject a header")
        return f"{self.name}: {self}{policy.linesep}"


def compose(
    *,
    sender: str,
    sender_name: str,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    unsubscribe_url: str | None = None,
    attachment: Attachment | None = None,
) -> EmailMessage:
    """A message with both bodies. Raises ValueError for an address or subject that would inject a header.

    unsubscribe_url: a POST to it ends mails of this kind, without further questions (RFC 8058).
    """
    message = EmailMessage()
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = subject
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe_url:
        message["List-Unsubscribe"] = _Unsubscribe(f"<{unsubscribe_url}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    if attachment:
        kind, _slash, subtype = attachment.media_type.partition("/")
        message.add_attachment(attachment.body, maintype=kind, subtype=subtype, filename=attachment.name)
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
