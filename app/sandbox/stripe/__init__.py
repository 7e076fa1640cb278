"""A stand-in for Stripe that the real SDK talks to over HTTP: see README.md."""

from app.sandbox.stripe.app import Sandbox, create_sandbox

__all__ = ["Sandbox", "create_sandbox"]
