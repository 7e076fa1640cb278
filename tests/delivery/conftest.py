"""Orders of deliveries are paid at the stand-in of Stripe, as those of commerce are."""

from tests.commerce.conftest import stripe, stripe_sandbox

__all__ = ["stripe", "stripe_sandbox"]
