"""What a browser gives when notifications are turned on in it."""

import ipaddress
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from app.integrations import sealing, strangers
from app.integrations.strangers import Unreachable
from app.kernel.i18n import gettext as _
from app.web.forms import Form

LONGEST = 1000


def _service(endpoint: str) -> str:
    """https at a public place. A name is looked up each time something is sent there (strangers.py)."""
    try:
        endpoint = strangers.checked(endpoint)
    except Unreachable as no:
        raise ValueError(no_address()) from no
    host = urlsplit(endpoint).hostname or ""
    if not (strangers.is_public(host) if _is_address(host) else "." in host.strip(".")):
        raise ValueError(no_address())
    return endpoint


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def no_address() -> str:
    return _("Questo browser non ci ha dato un indirizzo a cui scrivergli. Aggiornalo, o provane un altro.")


class PushForm(Form):
    """As PushSubscription.toJSON() has it."""

    endpoint: Annotated[str, Field(max_length=LONGEST), AfterValidator(_service)]
    p256dh: Annotated[str, Field(max_length=100)]
    auth: Annotated[str, Field(max_length=30)]

    @model_validator(mode="after")
    def _can_be_sealed_for(self) -> Self:
        if not sealing.is_browsers(self.p256dh, self.auth):
            raise ValueError(no_address())
        return self


class RenewalForm(PushForm):
    """old: the address that the browser had before; it is only looked for."""

    old: Annotated[str, Field(max_length=LONGEST)]
