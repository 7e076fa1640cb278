"""The forms of an answer to a dispute: of staff, and of a producer who gives what proves it."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from app.commerce.disputes.evidence import FIELDS, LONGEST
from app.web.forms import Form, MultiLine

Long = Annotated[str, StringConstraints(max_length=LONGEST), MultiLine()]
FileField = Literal[
    "receipt",
    "shipping_documentation",
    "customer_communication",
    "customer_signature",
    "cancellation_policy",
    "refund_policy",
    "duplicate_charge_documentation",
    "uncategorized_file",
]


class AnswerForm(Form):
    """Stripe's field names. step: keep a draft, add a file to it, or send it for good.

    field: what the file that comes along proves; the file itself is read apart. remove: a file to take away.
    """

    step: Literal["keep", "attach", "send"] = "keep"
    sure: bool = False
    field: FileField | None = None
    remove: int | None = None
    customer_name: str = ""
    customer_email_address: str = ""
    billing_address: str = ""
    shipping_address: str = ""
    product_description: Long = ""
    shipping_carrier: str = ""
    shipping_tracking_number: str = ""
    shipping_date: str = ""
    cancellation_policy_disclosure: Long = ""
    refund_policy_disclosure: Long = ""
    uncategorized_text: Long = ""

    def evidence(self) -> dict[str, str]:
        return {name: str(getattr(self, name)) for name in FIELDS}


class ConcedeForm(Form):
    """sure: who gives up knows that nothing can be said afterwards."""

    sure: bool = False


class ProofForm(Form):
    """field: what the file that comes along proves."""

    field: Literal[
        "receipt", "shipping_documentation", "customer_communication", "customer_signature", "uncategorized_file"
    ]
