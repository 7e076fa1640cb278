"""Connected accounts: opening one for a producer, and the way to Stripe's own pages that fill it in.

Accounts v2, with Express's dashboard; the platform collects the fees and bears the losses (payments.md 1.4, 1.5, 5.6).
Every function may raise PaymentUnreachable and PaymentRefused, as the gateway does.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.integrations.stripe import StripeGateway
from app.settings import Settings

if TYPE_CHECKING:
    from stripe.params.v2.core import AccountCreateParams, AccountLinkCreateParams

PAGE = 100
MOST_PAGES = 20
# Where its links lead: of v1 and of v2 (docs.stripe.com/api/account_links, docs.stripe.com/api/v2/core/account-links)
ORIGINS = "https://connect.stripe.com https://accounts.stripe.com"


@dataclass(frozen=True)
class NewAccount:
    """What is asked of Stripe for a producer. shop: its slug; country: ISO, two letters."""

    shop: str
    producer_id: int
    name: str
    email: str
    country: str
    currency: str


def origins(settings: Settings) -> str:
    """Where a form that asks for a link may lead the browser, for the content policy of its page."""
    if not settings.stripe.is_sandbox:
        return ORIGINS
    return "" if settings.stripe.api_base else f"http://localhost:{settings.port}"


async def create(gateway: StripeGateway, new: NewAccount, *, key: str) -> str:
    """Open an account that may receive transfers once its owner has filled it in; its id. key: as for all calls."""
    asked: AccountCreateParams = {
        "contact_email": new.email,
        "display_name": new.name,
        "dashboard": "express",
        "identity": {"country": new.country.lower()},
        "defaults": {
            "currency": new.currency.lower(),
            "responsibilities": {"fees_collector": "application", "losses_collector": "application"},
        },
        "configuration": {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}},
        "metadata": {"shop": new.shop, "producer": str(new.producer_id)},
    }
    made = await gateway.ask(gateway.client.v2.core.accounts.create_async(asked, {"idempotency_key": key}))
    return made.id


async def find(gateway: StripeGateway, new: NewAccount, since: datetime) -> str | None:
    """The account that was opened for a producer since then, where the answer was lost; by our marks on it."""
    page = await gateway.ask(
        gateway.client.v1.accounts.list_async({"created": {"gte": int(since.timestamp())}, "limit": PAGE})
    )
    for _ in range(MOST_PAGES):
        for account in page.data:
            marks = account.to_dict().get("metadata") or {}
            if marks.get("shop") == new.shop and marks.get("producer") == str(new.producer_id):
                return account.id
        if not page.has_more:
            break
        page = await gateway.ask(page.next_page_async())
    return None


async def onboarding(gateway: StripeGateway, account_id: str, *, refresh_url: str, return_url: str) -> str:
    """The address of the pages on which an account's owner tells Stripe what it must know. Works once, for minutes.

    It is as good as a key: for the owner's browser only, never logged or kept.
    """
    asked: AccountLinkCreateParams = {
        "account": account_id,
        "use_case": {
            "type": "account_onboarding",
            "account_onboarding": {"refresh_url": refresh_url, "return_url": return_url},
        },
    }
    made = await gateway.ask(gateway.client.v2.core.account_links.create_async(asked))
    return made.url
