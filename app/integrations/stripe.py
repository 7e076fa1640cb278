"""Stripe through its official SDK: the calls we make, with time-outs and our own idempotency keys."""

from app.settings import Settings


class StripeGateway:
    """Our calls to Stripe (or to the sandbox, which speaks the same over HTTP)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
