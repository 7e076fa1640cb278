"""Files that Stripe keeps for us: what proves our side of a dispute.

Source: docs.stripe.com/file-upload (dispute_evidence: PDF, JPEG or PNG, 5 MB each); Stripe refuses evidence whose files
come to more than 4.5 MB together, or one with 50 pages.
"""

import io

from app.integrations.stripe import StripeGateway

MOST_BYTES = 5_000_000
MOST_TOGETHER = 4_500_000
FIELDS = (
    "receipt",
    "shipping_documentation",
    "customer_communication",
    "customer_signature",
    "cancellation_policy",
    "refund_policy",
    "duplicate_charge_documentation",
    "uncategorized_file",
)


class _Named(io.BytesIO):
    """The SDK asks a file for its name."""

    def __init__(self, body: bytes, name: str) -> None:
        super().__init__(body)
        self.name = name


async def upload_evidence(gateway: StripeGateway, name: str, body: bytes, *, key: str) -> str:
    """Give Stripe a file to go with evidence; its id. name: ends in .pdf, .jpg or .png. key: in the database already.

    Raises PaymentUnreachable, PaymentRefused.
    """
    made = await gateway.ask(
        gateway.client.v1.files.create_async(
            {"purpose": "dispute_evidence", "file": _Named(body, name)}, {"idempotency_key": key}
        )
    )
    return made.id
