"""Stripe's script in a buyer's browser, on our own payment page and nowhere else.

Sources: docs.stripe.com/js/including (always from js.stripe.com, of the API version that we speak), docs.stripe.com/
security/guide (what a content policy must allow).
"""

from app.integrations.stripe import SANDBOX_PATH
from app.settings import StripeSettings
from app.web.visit import Guest

SCRIPT = "https://js.stripe.com/endive/stripe.js"
STRIPE = Guest(
    scripts="https://js.stripe.com",
    frames="https://js.stripe.com https://hooks.stripe.com",
    connects="https://api.stripe.com",
)


def script(stripe: StripeSettings) -> str:
    """Its address; the sandbox has a stand-in for it."""
    return f"{stripe.api_base or SANDBOX_PATH}/stripe.js" if stripe.is_sandbox else SCRIPT


def guest(stripe: StripeSettings) -> Guest:
    """What the page with that script allows it."""
    if not stripe.is_sandbox:
        return STRIPE
    origin = "/".join((stripe.api_base or "").split("/")[:3])
    return Guest(scripts=origin, frames=origin, connects=origin)
