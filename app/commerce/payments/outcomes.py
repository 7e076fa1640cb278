"""How what a buyer was to pay stands, after it was settled (settling.py)."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a Session or an intent stands, after settling it."""

    PAID = "paid"
    LATE = "late"  # paid, but not for goods: the money goes back
    PROCESSING = "processing"
    AUTHORIZED = "authorized"  # the order is taken on, and charged once it is weighed
    OPEN = "open"
    OVER = "over"  # nobody can pay it any more
    UNKNOWN = "unknown"  # not of this shop

    @property
    def is_good(self) -> bool:
        """The money is here, or as good as: nothing is left to pay."""
        return self in {Outcome.PAID, Outcome.PROCESSING, Outcome.AUTHORIZED}
